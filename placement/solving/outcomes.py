"""What a solver's run comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

SolverName = Literal["highs", "cbc"]


class State(Enum):
    """What is known when the run ends."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible, not proven optimal"
    INFEASIBLE = "infeasible"
    UNKNOWN = "no solution within the time"


@dataclass(frozen=True)
class Outcome:
    """An answer that can be trusted as far as it can be checked: a solution of the problem, if it is one."""

    state: State
    solver: SolverName
    bound: float | None = None
    """No solution is better than this, as far as was proven; in the problem's units, with its constant."""
    objective: float | None = None
    """Of `values`, computed anew from them."""
    values: Mapping[str, float] = field(default_factory=dict)
    """Variable name -> value, for each that occurs in the problem; integers are exactly integral."""
    failures: tuple[str, ...] = ()
    """Why other solvers did not answer, each with its name."""


class SolverFailedError(Exception):
    """No solver answered: what each of them failed of."""
