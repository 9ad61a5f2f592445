"""Instances that no longer keep, where they are, what a graph asks of several of them together."""

from collections import Counter
from collections.abc import Iterator

from domain.plans import Plan, ServiceGraph

_SLACK_MS = 1e-9


def uneasy(graph: ServiceGraph, plan: Plan) -> frozenset[str]:
    """Instances placed by `plan` that not all can stay there, if `graph` is to be satisfied."""
    found = {*_by_affinity(graph, plan), *_by_anti_affinity(graph, plan), *_by_latency(graph, plan)}
    return frozenset(found & plan.placements.keys())


def _by_affinity(graph: ServiceGraph, plan: Plan) -> Iterator[str]:
    for group in graph.affinity:
        if len({plan.placements[name] for name in group if name in plan.placements}) > 1:
            yield from group


def _by_anti_affinity(graph: ServiceGraph, plan: Plan) -> Iterator[str]:
    for group in graph.anti_affinity:
        standing = [name for name in dict.fromkeys(group) if name in plan.placements]
        members = Counter(plan.placements[name] for name in standing)
        yield from (name for name in standing if members[plan.placements[name]] > 1)


def _by_latency(graph: ServiceGraph, plan: Plan) -> Iterator[str]:
    """The ends of links and chains whose present routes are slower than is allowed now."""
    latency = {route.link: route.latency_ms for route in plan.routes}
    ends = {link.name: link.ends for link in graph.links}
    bounds: list[tuple[tuple[str, ...], float | None]] = [
        ((link.name,), link.latency_ms) for link in graph.links
    ]
    bounds += [(chain.links, chain.latency_ms) for chain in graph.chains]
    for links, limit in bounds:
        if limit is not None and sum(latency.get(name, 0.0) for name in links) > limit + _SLACK_MS:
            yield from (end for name in links for end in ends[name])
