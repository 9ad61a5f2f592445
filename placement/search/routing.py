"""Ways for given places: each link's best way, then as quick and as thin as the limits ask."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from placement.search.clock import Stop
from placement.search.puzzle import SLACK_MS, Puzzle
from placement.search.terrain import Floats

_HASTE = (0.25, 1.0, 4.0, 16.0, 1e6)
"""What a millisecond counts beside a link's own weights, relative to what they count per millisecond."""
_ORDERS = 4


@dataclass(frozen=True)
class Way:
    """A way of one link: physical links in order, by number."""

    edges: tuple[int, ...]
    pops: tuple[int, ...]
    cost: float
    latency_ms: float


class Router:
    """Finds ways for all links between given PoPs."""

    def __init__(self, puzzle: Puzzle, stop: Stop) -> None:
        self._puzzle = puzzle
        self._stop = stop
        terrain = puzzle.terrain
        self._around: list[list[tuple[int, int]]] = [[] for _ in terrain.pops]
        for edge, (one, other) in enumerate(zip(terrain.tails.tolist(), terrain.heads.tolist(), strict=True)):
            self._around[one].append((edge, other))
            self._around[other].append((edge, one))
        self._latency: list[float] = terrain.latencies.tolist()
        self._known: dict[tuple[float, ...], Way | None] = {}
        self._pace = _pace(terrain.prices, terrain.latencies)

    def alone(self, at: Sequence[int]) -> list[Way] | None:
        """Each link's best way as if there were no other link, and no bound of a chain.

        :param at: block -> PoP
        """
        return self._alone(at, [0.0] * len(self._puzzle.links))

    def routed(self, at: Sequence[int]) -> list[Way] | None:
        """A way for each link that keeps all limits, or None where none was found."""
        hastes = [0.0] * len(self._puzzle.links)
        best = self._alone(at, hastes)
        if best is None or not self.late(best):
            return self.thin(at, best, hastes)
        for haste in _HASTE:
            late = self.late(best)
            if not late or self._stop():
                break
            for link in late:
                hastes[link] = haste
            best = self._alone(at, hastes)
            if best is None:
                return None
        if self.late(best):
            return None
        best, hastes = self._calmed(at, best, hastes)
        return self.thin(at, best, hastes)

    def _calmed(
        self, at: Sequence[int], ways: list[Way], hastes: list[float]
    ) -> tuple[list[Way], list[float]]:
        """Take haste back, link by link, where the limits allow it; what saves most goes first."""
        calm = self._alone(at, [0.0] * len(hastes)) or ways
        order = sorted(range(len(ways)), key=lambda link: calm[link].cost - ways[link].cost)
        for link in order:
            if hastes[link] and not self._stop():
                tried = [*ways[:link], calm[link], *ways[link + 1 :]]
                if not self.late(tried):
                    ways, hastes = tried, [*hastes[:link], 0.0, *hastes[link + 1 :]]
        return ways, hastes

    def _alone(self, at: Sequence[int], hastes: Sequence[float]) -> list[Way] | None:
        """Each link's best way as if it were alone."""
        found = []
        for number, link in enumerate(self._puzzle.links):
            key = link.kind, hastes[number], *(at[end] for end in link.ends)
            if key not in self._known:
                self._known[key] = self._way(number, at, hastes[number], None)
            way = self._known[key]
            if way is None:
                return None
            found.append(way)
        return found

    def late(self, ways: Sequence[Way]) -> set[int]:
        """The links on chains that are too slow, and those too slow themselves."""
        found = {
            number
            for number, (link, way) in enumerate(zip(self._puzzle.links, ways, strict=True))
            if link.limit_ms is not None and way.latency_ms > link.limit_ms + SLACK_MS
        }
        for chain in self._puzzle.chains:
            if sum(ways[link].latency_ms for link in chain.links) > chain.limit_ms + SLACK_MS:
                found |= set(chain.links)
        return found

    def thin(self, at: Sequence[int], ways: list[Way] | None, hastes: Sequence[float]) -> list[Way] | None:
        """`ways`, or others over what is left one after the other, where together they take too much."""
        if ways is None or not self.is_crowded(ways):
            return ways
        order = sorted(range(len(ways)), key=lambda link: -float(self._puzzle.links[link].mbps.max()))
        for _ in range(_ORDERS):
            if self._stop():
                break
            found, stuck = self._one_by_one(at, order, hastes)
            if stuck is None:
                complete = [found[link] for link in range(len(ways))]
                return None if self.late(complete) else complete
            order.remove(stuck)
            order.insert(0, stuck)
        return None

    def is_crowded(self, ways: Iterable[Way]) -> bool:
        """Whether ways together take more of a physical link than is free."""
        taken = np.zeros(len(self._latency))
        for link, way in zip(self._puzzle.links, ways, strict=True):
            edges = list(way.edges)
            taken[edges] += link.mbps[edges]
        return bool((taken > self._puzzle.terrain.free_mbps).any())

    def _one_by_one(
        self, at: Sequence[int], order: Sequence[int], hastes: Sequence[float]
    ) -> tuple[dict[int, Way], int | None]:
        left = self._puzzle.terrain.free_mbps.copy()
        found: dict[int, Way] = {}
        for number in order:
            way = self._way(number, at, hastes[number], left)
            if way is None:
                return found, number
            edges = list(way.edges)
            left[edges] -= self._puzzle.links[number].mbps[edges]
            found[number] = way
        return found, None

    def way(self, number: int, edges: Sequence[int], pops: Sequence[int]) -> Way:
        """The way of a link over these physical links and PoPs."""
        link, terrain, chosen = self._puzzle.links[number], self._puzzle.terrain, list(edges)
        cost = link.per_price * terrain.prices[chosen].sum() + link.per_ms * terrain.latencies[chosen].sum()
        return Way(tuple(edges), tuple(pops), float(cost), float(terrain.latencies[chosen].sum()))

    def around(self, pop: int) -> list[tuple[int, int]]:
        """(physical link, PoP at its other end) of all physical links of a PoP."""
        return self._around[pop]

    def _way(self, number: int, at: Sequence[int], haste: float, left: Floats | None) -> Way | None:
        """The best way of a link over what is `left` (Dijkstra); of equals the quickest, then shortest."""
        link, terrain = self._puzzle.links[number], self._puzzle.terrain
        start, end = (at[block] for block in link.ends)
        if start == end:
            return Way((), (start,), 0.0, 0.0)
        usable = link.usable if left is None else link.usable & (link.mbps <= left)
        costs = link.per_price * terrain.prices + link.per_ms * terrain.latencies
        unit = link.per_price * self._pace + link.per_ms
        weights = costs + haste * (unit or 1.0) * terrain.latencies
        path = self._path(start, end, weights.tolist(), usable.tolist())
        if path is None:
            return None
        return self.way(number, *path)

    def _path(
        self, start: int, end: int, weights: list[float], usable: list[bool]
    ) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
        came: dict[int, tuple[int, int]] = {}
        heap: list[tuple[float, float, int, int, int, int]] = [(0.0, 0.0, 0, start, -1, -1)]
        while heap:
            weight, latency, hops, pop, edge, source = heapq.heappop(heap)
            if pop in came:
                continue
            came[pop] = edge, source
            if pop == end:
                return _traced(came, start, end)
            for onward, other in self._around[pop]:
                if usable[onward] and other not in came:
                    more = weight + weights[onward], latency + self._latency[onward]
                    heapq.heappush(heap, (*more, hops + 1, other, onward, pop))
        return None


def _traced(
    came: dict[int, tuple[int, int]], start: int, end: int
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    edges: list[int] = []
    pops = [end]
    while pops[-1] != start:
        edge, source = came[pops[-1]]
        edges.append(edge)
        pops.append(source)
    return tuple(reversed(edges)), tuple(reversed(pops))


def _pace(prices: Floats, latencies: Floats) -> float:
    """The mean price of a millisecond; 1 where nothing has a price."""
    total = float(latencies.sum())
    return float(prices.sum()) / total if total > 0 and prices.sum() > 0 else 1.0
