"""One evaluation of the relaxation, and what it ties."""

from dataclasses import dataclass

from placement.search.forest import Sweep
from placement.search.terrain import Floats


@dataclass(frozen=True, eq=False)
class Tie:
    """The strands of one kind of bond, between two nodes that have more than one candidate each."""

    nodes: tuple[int, int]
    strands: tuple[int, ...]
    bonds: int
    """How many pairs of blocks it joins."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """One evaluation of the bound."""

    bound: float
    labels: list[int]
    """Node -> the row of its candidate in an optimum of the relaxation."""
    sweep: Sweep
    rise: list[Floats]
    """Node -> candidate -> by how much the bound rises with all of the class there."""
    unary: list[Floats]
    matrices: list[Floats]
    """Tie -> what it counts."""
