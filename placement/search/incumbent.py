"""The best plan so far, and whether places make a better one."""

from collections.abc import Callable, Sequence

import numpy as np

from placement.search.detours import Detours, TooManyError
from placement.search.puzzle import Puzzle
from placement.search.results import Found, Proposal, named
from placement.search.routing import Router, Way
from placement.search.setting import Setting
from placement.search.values import Values

TOLERANCE = 1e-7
"""Relative: what is within this of the bound is optimal."""


class Incumbent:
    """Takes what is better than all before it.

    :param stop: whether it is time to stop looking for ways
    """

    def __init__(self, setting: Setting, given: Puzzle, stop: Callable[[], bool]) -> None:
        self._setting = setting
        self._stop = stop
        self.best: Proposal | None = None
        self.turn_to(given)

    def turn_to(self, given: Puzzle) -> None:
        """From here on plans are looked for in this puzzle; the best one stays."""
        self._puzzle = given
        self.router = Router(given, self._stop)
        self._detours = Detours(given, self.router, self._stop)
        self.values = Values(self._setting, given)

    @property
    def limit(self) -> float:
        """What a better plan must count less than."""
        return np.inf if self.best is None else self.best.value - TOLERANCE * abs(self.best.value)

    def is_closed(self, bound: float) -> bool:
        """Whether nothing better is left above a bound."""
        return not np.isfinite(bound) or bound >= self.limit

    def offer(self, at: Sequence[int], ways: Sequence[Way] | None) -> float:
        """Take a plan if it is the best; what it counts, inf where it is none."""
        if ways is None:
            return np.inf
        value = self.values.of(at, ways)
        if value < (np.inf if self.best is None else self.best.value):
            self.best = Proposal(value, tuple(at), tuple(ways))
        return value

    def settle(self, at: list[int], least: float) -> bool:
        """Find the best ways for these places; False where that is left to a solver.

        :param least: that they count, whatever the ways
        """
        ways: Sequence[Way] | None = self.router.alone(at)
        if ways is not None and self.router.late(ways):
            slack = self.limit - least
            try:
                ways = self._detours.best(at, ways, slack if np.isfinite(slack) else 1e18)
            except TooManyError:
                self.offer(at, self.router.routed(at))
                return False
        if ways is None:
            return True
        if self.router.is_crowded(ways):
            return self._uncrowded(at, sum(way.cost for way in ways))
        return bool(np.isfinite(self.offer(at, ways)))

    def found(self) -> Found | None:
        """The best plan, by names."""
        return None if self.best is None else named(self._setting.graph, self._puzzle, self.best)

    def _uncrowded(self, at: list[int], cost: float) -> bool:
        """Whether there are ways beside each other that cost no more than if each were alone."""
        thin = self.router.routed(at)
        is_plan = bool(np.isfinite(self.offer(at, thin)))
        return is_plan and thin is not None and sum(way.cost for way in thin) <= cost * (1 + TOLERANCE / 10)
