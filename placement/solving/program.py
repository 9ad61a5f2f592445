"""A linear program as arrays: what is sent to solvers, and what their answers are held against."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_INTEGRALITY = 1e-5
"""How far from an integer a value may be; the solvers' own tolerance is 1e-6."""
_FEASIBILITY = 1e-5
"""How far out of a row or a bound, relative to what is summed; the solvers' own is 1e-6."""

_TOLERANCE = 1e-6
"""Of an objective, relative to its size; the solvers' own."""


def slack(cost: float) -> float:
    """By how much two costs may differ that are meant to be equal."""
    return _TOLERANCE * max(1.0, abs(cost)) if np.isfinite(cost) else 0.0


@dataclass(frozen=True)
class Program:
    """Minimise costs * values, with the rows of a matrix (compressed by rows) within their limits.

    A problem that maximises has its costs and its constant negated.
    """

    names: tuple[str, ...]
    maximises: bool
    constant: float
    """What the problem adds to the cost."""
    costs: Floats
    lower: Floats
    upper: Floats
    integral: Ints
    """1 for an integer, else 0."""
    row_lower: Floats
    row_upper: Floats
    starts: Ints
    """Where each row begins among the indices; then their number."""
    indices: Ints
    coefficients: Floats

    def cost(self, values: Floats) -> float:
        """What is minimised."""
        return float(self.costs @ values)

    def objective(self, values: Floats) -> float:
        """As the problem states it: with the constant, and in its own sense."""
        return self.as_stated(self.cost(values) + self.constant)

    @property
    def is_bounded_below(self) -> bool:
        """Whether the bounds of the variables alone keep the objective from minus infinity."""
        falling = np.where(self.costs > 0, self.lower, np.where(self.costs < 0, self.upper, 0.0))
        return bool(np.isfinite(falling).all())

    def as_stated(self, objective: float) -> float:
        """In the problem's own sense."""
        return -objective if self.maximises else objective

    def rounded(self, values: Floats) -> Floats:
        """With integers exactly integral, where they are near enough."""
        nearest = np.rint(values)
        near = (self.integral == 1) & (np.abs(values - nearest) <= _INTEGRALITY)
        return np.where(near, nearest, values)

    def fault(self, values: Floats) -> str | None:
        """Why `values` are no solution, or None where they are one."""
        if values.shape != self.costs.shape:
            return f"{values.size} values for {self.costs.size} variables"
        if not np.isfinite(values).all():
            return f"{self._first(~np.isfinite(values), values)}, which is no number"
        split = (self.integral == 1) & (np.abs(values - np.rint(values)) > _INTEGRALITY)
        if split.any():
            return f"{self._first(split, values)}, which is no integer"
        slack = _FEASIBILITY * np.maximum(1.0, np.abs(values))
        outside = (values < self.lower - slack) | (values > self.upper + slack)
        if outside.any():
            return f"{self._first(outside, values)}, which is out of bounds"
        return self._broken_row(values)

    def _first(self, which: NDArray[np.bool_], values: Floats) -> str:
        index = int(np.argmax(which))
        return f"{self.names[index]} = {values[index]:g}"

    def _broken_row(self, values: Floats) -> str | None:
        rows = np.repeat(np.arange(self.row_lower.size), np.diff(self.starts))
        terms = self.coefficients * values[self.indices]
        sums = np.bincount(rows, terms, self.row_lower.size)
        slack = _FEASIBILITY * np.maximum(1.0, np.bincount(rows, np.abs(terms), self.row_lower.size))
        broken = (sums < self.row_lower - slack) | (sums > self.row_upper + slack)
        if not broken.any():
            return None
        row = int(np.argmax(broken))
        low, high = self.row_lower[row], self.row_upper[row]
        return f"row {row + 1} is {sums[row]:g}, not within {low:g} and {high:g}"

    def vector(self, named: Mapping[str, float]) -> Floats:
        """Values by name as an array; what is not named is 0, or its bound nearest to 0."""
        values = np.array([named.get(name, 0.0) for name in self.names], dtype=np.float64)
        return np.clip(values, self.lower, self.upper)

    def named(self, values: Floats) -> dict[str, float]:
        """Variable name -> value."""
        return dict(zip(self.names, values.tolist(), strict=True))
