"""How much work the search is worth, beside what a solver would have."""

from placement.search.puzzle import Puzzle

_EFFORT_S = 0.06, 1.2e-4
"""What the search may take: that, and as much more for each variable that a solver would have."""
_SMALL_S = 0.02
"""What it may take beside a quarter of the time of a program of few variables."""
SMALL = 2000
"""Variables: a program of many fewer is small, and solvers are quick with it."""


def effort_s(variables: int) -> float:
    """What the search may take; solvers are quick where there are few variables, and more than that else."""
    least, each = _EFFORT_S
    small = _SMALL_S + each / 3 * variables * (1 + variables / SMALL)
    return min(least + each * variables, small)


def variables(puzzle: Puzzle) -> int:
    """How many a solver would have."""
    places = sum(len(block.pops) for block in puzzle.blocks)
    return places + sum(2 * int(link.usable.sum()) for link in puzzle.links)
