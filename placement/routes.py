"""From a solved model to placements and routes, without the detours that cost nothing in the model."""

import heapq
import time
from collections.abc import Collection, Iterable, Mapping
from math import inf

import networkx as nx
import pulp

from domain.plans import GraphLink, Route, ServiceGraph
from placement.model import Arc, PlacementModel, arcs_of
from placement.needs import Needs

_PRECISION = 9
"""Decimals in which two costs or latencies must differ to count as different."""


Values = Mapping[str, float]
"""Variable by its name -> its value in a solution."""
Leaving = dict[str, list[tuple[Arc, str, float, float]]]
"""PoP -> (arc, the PoP at its end, price, latency) of those that leave it."""


def placements(model: PlacementModel, values: Values) -> dict[str, str]:
    """Each instance's and endpoint's PoP in the solution."""
    return {end: pop for (end, pop), variable in model.x.items() if _is_chosen(variable, values)}


def _is_chosen(variable: pulp.LpVariable, values: Values) -> bool:
    return values.get(variable.name, 0.0) > 0.5


def routes(
    model: PlacementModel,
    values: Values,
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    where: dict[str, str],
    needs: Needs,
    fixed: Collection[str],
) -> tuple[Route, ...] | None:
    """The route of each graph link, in the graph's order; None where the values are no solution."""
    found = []
    for link in graph.links:
        arcs = [arc for arc, variable in model.y[link.name].items() if _is_chosen(variable, values)]
        route = _cheapest(link, where, _leaving(arcs, topology), topology)
        if route is None:
            return None
        found.append(route)
    return straightened(found, graph, topology, where, needs, fixed)


def straightened(
    found: list[Route],
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    where: dict[str, str],
    needs: Needs,
    fixed: Collection[str],
    deadline: float = inf,
) -> tuple[Route, ...]:
    """Each route replaced by one no dearer and no slower, where the others leave the bandwidth for it.

    :param deadline: by time.monotonic(); later ones stay
    """
    free = {name: mbps for _, _, name, mbps in topology.edges(keys=True, data="free_mbps")}
    for link, route in zip(graph.links, found, strict=True):
        _take(free, link, route, needs, 1)
    edges = [(name, one, other) for one, other, name in topology.edges(keys=True)]
    leaving = _leaving([arc for edge in edges for arc in _both(edge)], topology)
    for index, link in enumerate(graph.links):
        old = found[index]
        if link.name in fixed or not old.physical_links or time.monotonic() > deadline:
            continue
        _take(free, link, old, needs, -1)
        full = {name for name, mbps in free.items() if mbps < needs.mbps(link, name)}
        barred = {arc for edge in edges if edge[0] in full for arc in _both(edge)} - {*arcs_of(old)}
        new = _cheapest(link, where, leaving, topology, barred)
        if new is not None and new.latency_ms <= old.latency_ms:
            found[index] = _unchanged(link, new, old.latency_ms, barred, topology, needs) or new
        _take(free, link, found[index], needs, 1)
    return tuple(found)


def _unchanged(
    link: GraphLink, new: Route, limit_ms: float, barred: set[Arc], topology: nx.MultiGraph, needs: Needs
) -> Route | None:
    """The present way of a link, where it is as good as the new one: what need not change does not."""
    way = needs.way(link.name)
    if way is None or (way.pops[0], way.pops[-1]) != (new.pops[0], new.pops[-1]):
        return None
    if any(arc in barred or not topology.has_edge(arc[1], arc[2], arc[0]) for arc in arcs_of(way)):
        return None
    kept = _route(link, way.pops, way.physical_links, topology)
    dearer = _price(kept, topology) > _price(new, topology)
    return None if dearer or kept.latency_ms > limit_ms else kept


def _price(route: Route, topology: nx.MultiGraph) -> float:
    hops = zip(route.pops, route.pops[1:], route.physical_links, strict=False)
    price: float = sum(topology.edges[hop]["price"] for hop in hops)
    return round(price, _PRECISION)


def _take(free: dict[str, float], link: GraphLink, route: Route, needs: Needs, sign: int) -> None:
    for name in route.physical_links:
        free[name] -= sign * needs.mbps(link, name)


def _both(arc: Arc) -> tuple[Arc, Arc]:
    name, one, other = arc
    return arc, (name, other, one)


def _leaving(arcs: Iterable[Arc], topology: nx.MultiGraph) -> Leaving:
    found: Leaving = {}
    for arc in arcs:
        name, source, target = arc
        data = topology.edges[source, target, name]
        found.setdefault(source, []).append((arc, target, data["price"], data["latency_ms"]))
    return found


def _cheapest(
    link: GraphLink,
    where: dict[str, str],
    leaving: Leaving,
    topology: nx.MultiGraph,
    barred: Collection[Arc] = (),
) -> Route | None:
    """The cheapest way, of several the quickest, then the one with the fewest hops (Dijkstra)."""
    first, second = (where.get(end) for end in link.ends)
    if first is None or second is None:
        return None
    heap: list[tuple[float, float, int, tuple[str, ...], tuple[str, ...]]] = [(0.0, 0.0, 0, (first,), ())]
    done: set[str] = set()
    while heap:
        price, latency, hops, pops, names = heapq.heappop(heap)
        if pops[-1] == second:
            return _route(link, pops, names, topology)
        if pops[-1] in done:
            continue
        done.add(pops[-1])
        for arc, target, more_price, more_latency in leaving.get(pops[-1], ()):
            if target not in done and arc not in barred:
                costs = round(price + more_price, _PRECISION), round(latency + more_latency, _PRECISION)
                heapq.heappush(heap, (*costs, hops + 1, (*pops, target), (*names, arc[0])))
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
