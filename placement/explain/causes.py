"""Reasons that hold for a part of a service alone: each proves by itself that nothing is possible."""

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx

from domain.infrastructure import Resources
from domain.plans import GraphChain, GraphInstance, GraphLink, ServiceGraph
from placement.candidates import Candidates
from placement.explain.reach import nearest, onward
from placement.explain.words import amounts, figure, some
from placement.needs import Needs

_SLACK_MS = 1e-9


@dataclass(frozen=True)
class Cause:
    """A reason, and the parts of the graph whose requirements it needs."""

    text: str
    ends: frozenset[str] = frozenset()
    """Instances and endpoints."""
    links: frozenset[str] = frozenset()
    chains: frozenset[str] = frozenset()
    affinity: frozenset[int] = frozenset()
    """Numbers of groups."""
    anti_affinity: frozenset[int] = frozenset()
    budget: bool = False


def between_parts(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    """Of links, chains and groups; each end has a candidate."""
    for link in graph.links:
        yield from _link_cause(link, free, candidates, needs)
    for chain in graph.chains:
        yield from _chain_cause(chain, graph, free, candidates, needs)
    yield from _group_causes(graph, free, candidates, needs)


def _group_causes(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    for number, group in enumerate(graph.affinity):
        for text in _affinity_reason(group, graph, free, candidates, needs):
            yield Cause(text, ends=frozenset(group), affinity=frozenset({number}))
    for number, group in enumerate(graph.anti_affinity):
        for text in _anti_affinity_reason(group, candidates):
            yield Cause(text, ends=frozenset(group), anti_affinity=frozenset({number}))
        for link in graph.links:
            if set(group).issuperset(link.ends) and link.ends[0] != link.ends[1]:
                yield from _apart_cause(link, number, free, candidates, needs)


def _link_cause(
    link: GraphLink, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    first, second = link.ends
    quickest = nearest(dict.fromkeys(candidates[first], 0.0), link, candidates[second], free, needs)
    what = f"link {link.name} ({_where(first, candidates)} to {_where(second, candidates)})"
    wide = f"{figure(link.bandwidth_mbps)} Mbit/s free"
    if quickest is None:
        texts = [f"{what}: no path has {wide}"]
    else:
        texts = [*_too_slow(what, f"path with {wide}", quickest, link.latency_ms)]
    for text in texts:
        yield Cause(text, ends=frozenset(link.ends), links=frozenset({link.name}))


def _apart_cause(
    link: GraphLink, group: int, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    """Of a link whose ends must not share a PoP: some way between two PoPs must do."""
    first, second = (set(candidates[end]) for end in link.ends)
    limit = float("inf") if link.latency_ms is None else link.latency_ms + _SLACK_MS
    for pop in first:
        ms = nearest({pop: 0.0}, link, second - {pop}, free, needs)
        if ms is not None and ms <= limit:
            return
    within = "" if link.latency_ms is None else f" within {figure(link.latency_ms)} ms"
    text = (
        f"link {link.name}: {' and '.join(link.ends)} must not share a PoP,"
        f" but no path between two of theirs has {figure(link.bandwidth_mbps)} Mbit/s free{within}"
    )
    yield Cause(text, frozenset(link.ends), frozenset({link.name}), anti_affinity=frozenset({group}))


def _chain_cause(
    chain: GraphChain, graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[Cause]:
    links = {link.name: link for link in graph.links}
    steps = [links[name] for name in chain.links]
    if not steps:
        return
    ends = frozenset(end for step in steps for end in step.ends)
    for text in _chain_reason(chain, steps, free, candidates, needs):
        yield Cause(text, ends, frozenset(chain.links), frozenset({chain.name}))


def _chain_reason(
    chain: GraphChain, steps: list[GraphLink], free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[str]:
    here = first_end(steps)
    costs = dict.fromkeys(candidates[here], 0.0)
    for step in steps:
        here = step.ends[1] if step.ends[0] == here else step.ends[0]
        costs = onward(costs, step, candidates[here], free, needs)
        if not costs:
            wide = f"{figure(step.bandwidth_mbps)} Mbit/s free"
            yield f"chain {chain.name}: no path on from its start has {wide}"
            return
    yield from _too_slow(f"chain {chain.name}", "way through it", min(costs.values()), chain.latency_ms)


def first_end(steps: list[GraphLink]) -> str:
    """Where a chain over these links begins."""
    if len(steps) > 1 and steps[0].ends[0] in steps[1].ends:
        return steps[0].ends[1]
    return steps[0].ends[0]


def _too_slow(what: str, way: str, least: float, limit: float | None) -> Iterator[str]:
    if limit is not None and least > limit + _SLACK_MS:
        yield f"{what}: the quickest {way} takes {figure(least)} ms, allowed are {figure(limit)} ms"


def _where(end: str, candidates: Candidates) -> str:
    return f"{end} on {some(candidates[end])}"


def _affinity_reason(
    group: tuple[str, ...],
    graph: ServiceGraph,
    free: nx.MultiGraph,
    candidates: Candidates,
    needs: Needs,
) -> Iterator[str]:
    members = [part for part in graph.instances if part.name in group]
    shared = [pop for pop in free if all(pop in candidates[member] for member in group)]
    who = f"{some(group)} must share a PoP"
    if not shared:
        yield f"{who}, but no PoP suits them all"
        return
    room = {pop: total([needs.resources(part, pop) for part in members]) for pop in shared}
    if not any(asked.fits_in(free.nodes[pop]["free"]) for pop, asked in room.items()):
        whole = total([part.resources for part in members])
        yield f"{who}, but none of {some(shared)} has {amounts(whole)} free"


def _anti_affinity_reason(group: tuple[str, ...], candidates: Candidates) -> Iterator[str]:
    """By a matching of the members to PoPs: smaller than the group means too few PoPs."""
    members = list(dict.fromkeys(group))
    choice = nx.Graph(((0, member), (1, pop)) for member in members for pop in candidates[member])
    matched = nx.bipartite.maximum_matching(choice, top_nodes=[(0, member) for member in members])
    if len(matched) // 2 < len(members):
        pops = sorted({pop for member in members for pop in candidates[member]})
        yield f"{some(members)} must not share a PoP, but {some(pops)} are too few for all {len(members)}"


def total(parts: list[Resources]) -> Resources:
    """All of them together."""
    return sum(parts, start=Resources.of(0, 0, 0))


def arriving(part: GraphInstance, candidates: Candidates, needs: Needs) -> bool:
    """Whether an instance takes something wherever it goes."""
    return not any(needs.holds(part.name, pop) for pop in candidates[part.name])
