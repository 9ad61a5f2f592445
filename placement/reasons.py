"""Why there is no placement: the first reason that holds for a part of the service alone."""

from collections.abc import Iterator

import networkx as nx

from domain.infrastructure import Infrastructure
from domain.plans import GraphInstance, ServiceGraph
from placement.candidates import Candidates
from placement.explain.causes import Cause, between_parts
from placement.explain.crowds import crowded, not_together
from placement.explain.stages import stages, suitable
from placement.explain.words import SHOWN, shortage
from placement.needs import Needs


def homeless(
    graph: ServiceGraph, infrastructure: Infrastructure, free: nx.MultiGraph, candidates: Candidates
) -> str | None:
    """The first instance that fits on no PoP even alone, and why; None where each fits somewhere."""
    cause = next(_homeless(graph, infrastructure, free, candidates), None)
    return cause.text if cause else None


def first_reason(graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> str:
    """Why a graph whose instances each fit somewhere has no placement."""
    cause = next(_joint(graph, free, candidates, needs), None)
    return cause.text if cause else not_together(graph, free, candidates, needs)


def causes(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    free: nx.MultiGraph,
    candidates: Candidates,
    needs: Needs,
) -> Iterator[Cause]:
    """Every reason found without a solver; none does not mean that there is a placement."""
    yield from _homeless(graph, infrastructure, free, candidates)
    if all(candidates[part.name] for part in graph.instances):
        yield from _joint(graph, free, candidates, needs)


def _joint(graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> Iterator[Cause]:
    yield from between_parts(graph, free, candidates, needs)
    yield from crowded(graph, free, candidates, needs)


def _homeless(
    graph: ServiceGraph, infrastructure: Infrastructure, free: nx.MultiGraph, candidates: Candidates
) -> Iterator[Cause]:
    for part in graph.instances:
        if not candidates[part.name]:
            told = [stage.text for stage in stages(part, infrastructure)]
            told += _shortages(part, infrastructure, free)
            text = f"{part.name} fits on no PoP: {'; '.join(told) or 'there is no PoP'}"
            yield Cause(text, ends=frozenset({part.name}))


def _shortages(part: GraphInstance, infrastructure: Infrastructure, free: nx.MultiGraph) -> Iterator[str]:
    """What each PoP lacks that the rules, capabilities and licences leave."""
    left = suitable(part, infrastructure)
    for name in left[:SHOWN]:
        capacity = infrastructure.pops[name].capacity
        yield f"{name} has {shortage(part.resources, free.nodes[name]['free'], capacity)}"
    if len(left) > SHOWN:
        yield f"{len(left) - SHOWN} more PoPs have too little"
