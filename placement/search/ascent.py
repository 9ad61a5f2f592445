"""Multipliers that raise the bound: subgradient steps, of Polyak's length towards the best plan known."""

import time
from dataclasses import dataclass

import numpy as np

from placement.search.relaxation import Prices, Relaxation, Relaxed

_PATIENCE = 6
_SMALLEST = 0.02


@dataclass(eq=False)
class Climb:
    """The best multipliers so far and what they prove."""

    relaxation: Relaxation
    prices: Prices
    best: Relaxed

    @classmethod
    def begun(cls, relaxation: Relaxation, prices: Prices | None = None) -> "Climb":
        """At no prices, or at those of another relaxation of the same puzzle."""
        start = prices or relaxation.nothing()
        return cls(relaxation, start, relaxation.evaluate(start))

    def climb(self, steps: int, target: float, until: float) -> None:
        """Up to `steps` steps; no further than `target`, nor longer than until that time.

        :param target: the value of a plan, or inf
        """
        prices, relaxed = self.prices, self.best
        length, idle = 1.0, 0
        for _ in range(steps):
            if not np.isfinite(relaxed.bound) or self.best.bound >= target or time.monotonic() > until:
                break
            excess = self.relaxation.excess(relaxed, prices)
            square = excess.square
            if square <= 1e-18:
                break
            aim = target if np.isfinite(target) else 1.05 * abs(self.best.bound) + 1e-6
            prices = prices.moved(length * max(aim - relaxed.bound, 1e-9) / square, excess)
            relaxed = self.relaxation.evaluate(prices)
            idle += 1
            if relaxed.bound > self.best.bound:
                idle = 0 if relaxed.bound > self.best.bound + 1e-4 * abs(self.best.bound) else idle
                self.prices, self.best = prices, relaxed
            if idle >= _PATIENCE:
                length, idle = length / 2, 0
                prices, relaxed = self.prices, self.best
                if length < _SMALLEST:
                    break
        if self.relaxation.cycles and time.monotonic() < until:
            self.relaxation.balance(self.prices)
            self.best = self.relaxation.evaluate(self.prices)
