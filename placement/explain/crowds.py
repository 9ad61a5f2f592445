"""Several instances and the few PoPs that are left to them: whether these are too full for all."""

from collections import defaultdict
from collections.abc import Iterator

import networkx as nx

from domain.infrastructure import Resources
from domain.plans import GraphInstance, ServiceGraph
from placement.candidates import Candidates
from placement.explain.causes import Cause, arriving, total
from placement.explain.words import amounts, asked, figure, some
from placement.needs import Needs


def crowded(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    """One PoP first, then equal instances counted, then sets of PoPs by what they have in sum."""
    yield from _one_pop(graph, free, candidates, needs)
    yield from _counted(graph, free, candidates, needs)
    yield from _several_pops(graph, free, candidates, needs)


def _one_pop(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    for pop, left in free.nodes(data="free"):
        bound = [part for part in graph.instances if candidates[part.name] == (pop,)]
        coming = [part for part in bound if not needs.holds(part.name, pop)]
        wanted = total([part.resources for part in coming])
        if not wanted.fits_in(left):
            who = some([part.name for part in coming])
            text = f"{who} can only be on {pop}: they need {amounts(wanted)}, and it has {amounts(left)} free"
            yield _cause(text, coming)


def _counted(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    """Instances of one size and one choice of PoPs: each PoP has room for so many of them."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[GraphInstance]] = defaultdict(list)
    for part in graph.instances:
        if arriving(part, candidates, needs):
            alike[part.component, amounts(part.resources), candidates[part.name]].append(part)
    for (_, _, pops), parts in alike.items():
        size = parts[0].resources
        room = {pop: rooms(size, free.nodes[pop]["free"]) for pop in pops}
        if sum(room.values()) < len(parts):
            there = some([f"{count} on {pop}" for pop, count in room.items() if count])
            text = (
                f"{some([part.name for part in parts])} need {asked(size)} each,"
                f" and there is room for {sum(room.values())} of {len(parts)}: {there}"
            )
            yield _cause(text, parts)


def rooms(one: Resources, left: Resources) -> int:
    """How many of `one` fit in what is left; one that asks for nothing counts as very many."""
    pairs = [(one.vcpus, left.vcpus), (one.memory, left.memory), (one.disk, left.disk)]
    return min((has // need for need, has in pairs if need), default=10**9)


def _several_pops(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    coming = [part for part in graph.instances if arriving(part, candidates, needs)]
    among = {pops: frozenset(pops) for pops in {candidates[part.name]: None for part in coming}}
    for pops, all_of_them in among.items():
        inside = [part for part in coming if among[candidates[part.name]] <= all_of_them]
        wanted, left = (
            total([part.resources for part in inside]),
            total([free.nodes[p]["free"] for p in pops]),
        )
        if wanted.fits_in(left):
            continue
        if len(inside) == len(coming):
            yield _cause(not_together(graph, free, candidates, needs), inside)
        else:
            text = (
                f"{some([part.name for part in inside])} can only be on {some(pops)}: they need"
                f" {amounts(wanted)}, and these have {amounts(left)} free together"
            )
            yield _cause(text, inside)


def not_together(graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> str:
    """What all need, and what all PoPs have."""
    coming = [part for part in graph.instances if arriving(part, candidates, needs)]
    wanted = total([part.resources for part in coming])
    beside = "" if len(coming) == len(graph.instances) else " beside what stands already"
    left = total([resources for _, resources in free.nodes(data="free")])
    return (
        f"each part fits alone, but not together: {len(coming)} instances need {amounts(wanted)}{beside},"
        f" {len(graph.links)} links need {figure(sum(link.bandwidth_mbps for link in graph.links))} Mbit/s;"
        f" all PoPs together have {amounts(left)} free"
    )


def _cause(text: str, parts: list[GraphInstance]) -> Cause:
    return Cause(text, ends=frozenset(part.name for part in parts))
