"""From a solved model to placements and routes, without the detours that cost nothing in the model."""

import heapq
from collections import defaultdict
from collections.abc import Iterable

import networkx as nx
import pulp

from domain.plans import GraphLink, Route, ServiceGraph
from placement.model import Arc, PlacementModel

_PRECISION = 9
"""Decimals in which two costs or latencies must differ to count as different."""


def _chosen(variable: pulp.LpVariable) -> bool:
    value = variable.value()
    return value is not None and value > 0.5


def placements(model: PlacementModel) -> dict[str, str]:
    """Each instance's and endpoint's PoP in the solution."""
    return {end: pop for (end, pop), variable in model.x.items() if _chosen(variable)}


def routes(
    model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph, where: dict[str, str]
) -> tuple[Route, ...] | None:
    """The route of each graph link, in the graph's order; None where the values are no solution."""
    found = []
    for link in graph.links:
        arcs = [arc for arc, variable in model.y[link.name].items() if _chosen(variable)]
        route = _cheapest(link, where, arcs, topology)
        if route is None:
            return None
        found.append(route)
    return _straightened(found, graph, topology, where)


def _straightened(
    found: list[Route], graph: ServiceGraph, topology: nx.MultiGraph, where: dict[str, str]
) -> tuple[Route, ...]:
    """Each route replaced by one no dearer and no slower, where the others leave the bandwidth for it."""
    free = {name: mbps for _, _, name, mbps in topology.edges(keys=True, data="free_mbps")}
    _take(free, found, 1)
    for index, link in enumerate(graph.links):
        old = found[index]
        _take(free, [old], -1)
        arcs = _arcs_with(link.bandwidth_mbps, free, topology) + _arcs_of(old)
        new = _cheapest(link, where, arcs, topology)
        if new is not None and new.latency_ms <= old.latency_ms:
            found[index] = new
        _take(free, [found[index]], 1)
    return tuple(found)


def _take(free: dict[str, float], taken: Iterable[Route], sign: int) -> None:
    for route in taken:
        for name in route.physical_links:
            free[name] -= sign * route.bandwidth_mbps


def _arcs_with(mbps: float, free: dict[str, float], topology: nx.MultiGraph) -> list[Arc]:
    edges = [(name, one, other) for one, other, name in topology.edges(keys=True) if free[name] >= mbps]
    return edges + [(name, other, one) for name, one, other in edges]


def _arcs_of(route: Route) -> list[Arc]:
    return list(zip(route.physical_links, route.pops, route.pops[1:], strict=False))


def _cheapest(
    link: GraphLink, where: dict[str, str], arcs: list[Arc], topology: nx.MultiGraph
) -> Route | None:
    """The cheapest way over `arcs`, of several the quickest, then the one with the fewest hops (Dijkstra)."""
    first, second = (where.get(end) for end in link.ends)
    if first is None or second is None:
        return None
    leaving: dict[str, list[tuple[str, str, float, float]]] = defaultdict(list)
    for name, source, target in arcs:
        data = topology.edges[source, target, name]
        leaving[source].append((name, target, data["price"], data["latency_ms"]))
    heap: list[tuple[float, float, int, tuple[str, ...], tuple[str, ...]]] = [(0.0, 0.0, 0, (first,), ())]
    done: set[str] = set()
    while heap:
        price, latency, hops, pops, names = heapq.heappop(heap)
        if pops[-1] == second:
            return _route(link, pops, names, topology)
        if pops[-1] in done:
            continue
        done.add(pops[-1])
        for name, target, more_price, more_latency in leaving[pops[-1]]:
            costs = round(price + more_price, _PRECISION), round(latency + more_latency, _PRECISION)
            heapq.heappush(heap, (*costs, hops + 1, (*pops, target), (*names, name)))
    return None


def _route(link: GraphLink, pops: tuple[str, ...], names: tuple[str, ...], topology: nx.MultiGraph) -> Route:
    hops = zip(pops, pops[1:], names, strict=False)
    return Route(
        link=link.name,
        virtual_link=link.virtual_link,
        pops=pops,
        physical_links=names,
        bandwidth_mbps=link.bandwidth_mbps,
        latency_ms=sum(topology.edges[hop]["latency_ms"] for hop in hops),
    )
