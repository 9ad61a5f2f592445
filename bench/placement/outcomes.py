"""What came of each run, one JSON line each, so that a run can go on where it was stopped."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from bench.placement.cases import Case
from domain.models import Model


class Verdict(StrEnum):
    """How a contender's run ended."""

    OPTIMAL = "optimal"
    UNPROVEN = "unproven"
    """A plan, with a gap."""
    INFEASIBLE = "infeasible"
    """Of a greedy one: it got stuck, which proves nothing."""
    LATE = "late"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not asked: it was late with smaller ones."""


class Outcome(Model):
    """One contender's answer to one case."""

    case: Case
    contender: str
    verdict: Verdict
    limit_s: float
    wall_s: float = 0.0
    """Where it was late: at least so much."""
    cpu_s: float = 0.0
    """Of it and of the programs that it ran."""
    build_s: float = 0.0
    """Of that, making the program for the solver, in PuLP."""
    cost_per_hour: float | None = None
    gap: float = 0.0
    solver: str = ""
    violations: tuple[str, ...] = ()
    """By the independent checker."""
    message: str = ""

    @property
    def placed(self) -> bool:
        """Whether it gave a plan, good or bad."""
        return self.verdict in (Verdict.OPTIMAL, Verdict.UNPROVEN)

    @property
    def proven(self) -> bool:
        """Whether it ended with a proof."""
        return self.verdict in (Verdict.OPTIMAL, Verdict.INFEASIBLE)


def read(path: Path) -> list[Outcome]:
    """All outcomes of a file; none where there is no file."""
    if not path.exists():
        return []
    return [Outcome.model_validate_json(line) for line in path.read_text().splitlines() if line]


def append(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write them at the end of the file."""
    with path.open("a") as file:
        file.writelines(outcome.model_dump_json() + "\n" for outcome in outcomes)
