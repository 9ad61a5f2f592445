"""How quickly PoPs can be reached over links that are wide enough."""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterator

import networkx as nx

from domain.plans import GraphLink
from placement.needs import Needs

_NEIGHBOURS = "neighbours"
_Hop = tuple[str, str, float, float]
"""(PoP, physical link, Mbit/s free, ms)."""


def reached(
    costs: dict[str, float], link: GraphLink, free: nx.MultiGraph, needs: Needs
) -> Iterator[tuple[str, float]]:
    """PoPs and the least latency to each, the nearest first (Dijkstra).

    :param costs: PoPs to start from, with the latency that each begins with
    """
    neighbours = _neighbours(free)
    heap = [(ms, pop) for pop, ms in costs.items()]
    heapq.heapify(heap)
    done: set[str] = set()
    while heap:
        ms, pop = heapq.heappop(heap)
        if pop in done:
            continue
        done.add(pop)
        yield pop, ms
        for other, name, mbps, more in neighbours[pop]:
            if other not in done and mbps >= needs.mbps(link, name):
                heapq.heappush(heap, (ms + more, other))


def onward(
    costs: dict[str, float], link: GraphLink, to: Collection[str], free: nx.MultiGraph, needs: Needs
) -> dict[str, float]:
    """The least latency to each of some PoPs that can be reached."""
    wanted, found = set(to), {}
    for pop, ms in reached(costs, link, free, needs):
        if pop in wanted:
            found[pop] = ms
            if len(found) == len(wanted):
                break
    return found


def nearest(
    costs: dict[str, float], link: GraphLink, to: Collection[str], free: nx.MultiGraph, needs: Needs
) -> float | None:
    """The least latency to any of some PoPs; None where none can be reached."""
    wanted = set(to)
    return next((ms for pop, ms in reached(costs, link, free, needs) if pop in wanted), None)


def _neighbours(free: nx.MultiGraph) -> dict[str, list[_Hop]]:
    """Worked out once for a topology, which keeps it."""
    if _NEIGHBOURS not in free.graph:
        found: dict[str, list[_Hop]] = defaultdict(list)
        for one, other, name, data in free.edges(keys=True, data=True):
            found[one].append((other, name, data["free_mbps"], data["latency_ms"]))
            found[other].append((one, name, data["free_mbps"], data["latency_ms"]))
        free.graph[_NEIGHBOURS] = found
    known: dict[str, list[_Hop]] = free.graph[_NEIGHBOURS]
    return known
