"""For given places the best ways that keep all latencies, exactly: bandwidth is left to others.

Of each link on a chain that is too slow, all ways that are not dominated in what they count and in latency
(label setting, led by what remains at the least of both), then the best choice of one for each link.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from placement.search.clock import Stop
from placement.search.puzzle import SLACK_MS, Puzzle
from placement.search.routing import Router, Way

_MOST_LABELS = 4000
_MOST_CHOICES = 20000
_EQUAL = 1e-10


class TooManyError(Exception):
    """The search was given up."""


@dataclass(frozen=True)
class _Limit:
    links: tuple[int, ...]
    limit_ms: float


class Detours:
    """Exact ways under latencies."""

    def __init__(self, puzzle: Puzzle, router: Router, stop: Stop) -> None:
        self._puzzle = puzzle
        self._stop = stop
        self._router = router
        self._limits = [_Limit(chain.links, chain.limit_ms) for chain in puzzle.chains]
        self._limits += [
            _Limit((number,), link.limit_ms)
            for number, link in enumerate(puzzle.links)
            if link.limit_ms is not None
        ]

    def best(self, at: Sequence[int], ways: Sequence[Way], slack: float) -> list[Way] | None:
        """The ways that count the least, or None where none count at most `slack` more than `ways`.

        :param ways: each link's best way alone
        :raises TooManyError: if there are too many to look at
        """
        late = self._router.late(ways)
        linked = self._entangled(late)
        options = [self._options(n, at, ways, slack) if n in linked else [ways[n]] for n in range(len(ways))]
        if not all(options):
            return None
        return self._chosen(options, ways, slack)

    def _entangled(self, late: set[int]) -> set[int]:
        """The links that share a latency bound with late ones, directly or not."""
        linked, grown = set(late), True
        while grown:
            more = {link for each in self._limits if linked & set(each.links) for link in each.links}
            grown = not more <= linked
            linked |= more
        return linked

    def _quickest(self, number: int, at: Sequence[int]) -> float:
        one, other = self._puzzle.links[number].ends
        return float(self._puzzle.quickest(number)[at[one], at[other]])

    def _allowed_ms(self, number: int, at: Sequence[int]) -> float:
        """How long a link's way may take if all others are as quick as they can be."""
        allowed = np.inf
        for each in self._limits:
            often = each.links.count(number)
            if often:
                rest = sum(self._quickest(link, at) for link in each.links if link != number)
                allowed = min(allowed, (each.limit_ms + SLACK_MS - rest) / often)
        return allowed

    def _options(self, number: int, at: Sequence[int], ways: Sequence[Way], slack: float) -> list[Way]:
        """The ways of a link that are not dominated, the best first."""
        link, terrain = self._puzzle.links[number], self._puzzle.terrain
        start, end = (at[block] for block in link.ends)
        ahead, ahead_ms = link.costs[:, end].tolist(), self._puzzle.quickest(number)[:, end].tolist()
        most, most_ms = ways[number].cost + slack, self._allowed_ms(number, at)
        costs = (link.per_price * terrain.prices + link.per_ms * terrain.latencies).tolist()
        delays, usable = terrain.latencies.tolist(), link.usable.tolist()
        heap: list[tuple[float, float, float, float, tuple[int, ...], tuple[int, ...]]]
        heap = [(ahead[start], ahead_ms[start], 0.0, 0.0, (start,), ())]
        found: list[Way] = []
        least: dict[int, float] = {}
        seen = 0
        while heap:
            _, _, cost, ms, pops, edges = heapq.heappop(heap)
            here = pops[-1]
            if ms >= least.get(here, np.inf):
                continue
            least[here] = ms
            seen += 1
            if seen > _MOST_LABELS or self._stop():
                raise TooManyError
            if here == end:
                found.append(self._router.way(number, edges, pops))
                continue
            for edge, other in self._router.around(here):
                if not usable[edge] or other in pops:
                    continue
                label = cost + costs[edge], ms + delays[edge]
                through = label[0] + ahead[other], label[1] + ahead_ms[other]
                if (
                    through[0] <= most + _EQUAL * (1 + most)
                    and through[1] <= most_ms
                    and label[1] < least.get(other, np.inf)
                ):
                    heapq.heappush(heap, (*through, *label, (*pops, other), (*edges, edge)))
        return found

    def _chosen(self, options: list[list[Way]], ways: Sequence[Way], slack: float) -> list[Way] | None:
        """One option for each link, the least in sum within the latencies (depth first, with bounds)."""
        free = [number for number, several in enumerate(options) if len(several) > 1]
        spare = [
            each.limit_ms + SLACK_MS - sum(min(way.latency_ms for way in options[n]) for n in each.links)
            for each in self._limits
        ]
        if any(left < 0 for left in spare):
            return None
        extra = sum(several[0].cost - way.cost for several, way in zip(options, ways, strict=True))
        search = _Choice(options, free, [each.links for each in self._limits], slack, self._stop)
        search.descend(0, extra, spare)
        return search.best


class _Choice:
    def __init__(
        self,
        options: list[list[Way]],
        free: list[int],
        limits: list[tuple[int, ...]],
        slack: float,
        stop: Stop,
    ) -> None:
        self._stop = stop
        self._options = options
        self._free = free
        self._limits = limits
        self._most = slack + _EQUAL * (1 + slack)
        self._picked = [several[0] for several in options]
        self._tried = 0
        self.best: list[Way] | None = None

    def descend(self, depth: int, extra: float, spare: list[float]) -> None:
        """Choose for the links from `depth` on; `extra` is what all count more at the least."""
        self._tried += 1
        if self._tried > _MOST_CHOICES or self._stop():
            raise TooManyError
        if extra > self._most or (self.best is not None and extra >= self._most):
            return
        if depth == len(self._free):
            self.best, self._most = list(self._picked), extra
            return
        number = self._free[depth]
        several = self._options[number]
        quickest = min(way.latency_ms for way in several)
        for way in several:
            slower = way.latency_ms - quickest
            left = [
                have - slower * links.count(number) for have, links in zip(spare, self._limits, strict=True)
            ]
            if all(have >= 0 for have in left):
                self._picked[number] = way
                self.descend(depth + 1, extra + way.cost - several[0].cost, left)
