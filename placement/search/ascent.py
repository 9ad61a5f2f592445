"""Multipliers that raise the bound: subgradient steps, of Polyak's length towards the best plan known."""

from dataclasses import dataclass

import numpy as np

from placement.search.balancing import balance
from placement.search.clock import Stop
from placement.search.prices import Prices
from placement.search.relaxation import Relaxation
from placement.search.relaxed import Relaxed

_PATIENCE = 6
_SMALLEST = 0.02


@dataclass(eq=False)
class Climb:
    """The best multipliers so far and what they prove."""

    relaxation: Relaxation
    prices: Prices
    best: Relaxed
    length: float = 0.5
    """Of a step, relative to Polyak's."""

    @classmethod
    def begun(cls, relaxation: Relaxation, prices: Prices | None = None) -> "Climb":
        """At no prices, or at those of another relaxation of the same puzzle."""
        start = prices or relaxation.nothing()
        return cls(relaxation, start, relaxation.evaluate(start))

    def climb(self, steps: int, target: float, stop: Stop) -> None:
        """Up to `steps` steps; no further than `target`.

        :param target: the value of a plan, or inf
        """
        prices, relaxed = self.prices, self.best
        idle = 0
        for _ in range(steps):
            if not np.isfinite(relaxed.bound) or self.best.bound >= target or stop():
                break
            excess = self.relaxation.excess(relaxed, prices)
            square = excess.square
            if square <= 1e-18:
                break
            aim = target if np.isfinite(target) else 1.05 * abs(self.best.bound) + 1e-6
            prices = prices.moved(self.length * max(aim - relaxed.bound, 1e-9) / square, excess)
            relaxed = self.relaxation.evaluate(prices)
            idle += 1
            if relaxed.bound > self.best.bound:
                idle = 0 if relaxed.bound > self.best.bound + 1e-4 * abs(self.best.bound) else idle
                self.prices, self.best = prices, relaxed
            if idle >= _PATIENCE:
                self.length, idle = max(_SMALLEST, self.length / 2), 0
                prices, relaxed = self.prices, self.best

    def settle(self, rounds: int, stop: Stop) -> None:
        """Share what closes cycles, with the best multipliers."""
        if self.relaxation.cycles:
            balance(self.relaxation, self.prices, rounds, stop)
            self.best = self.relaxation.evaluate(self.prices)
