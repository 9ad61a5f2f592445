"""Points: the moments of an operation at which something may die."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from domain.models import Model

Victim = Literal["worker", "server"]
"""What is killed: the worker that reaches a point, or the Temporal server meanwhile."""


class Moment(StrEnum):
    """Where within an activity, in the order in which they come."""

    BEFORE = "before"
    INTENDED = "intended"
    UNDERWAY = "under way"
    ANSWERED = "answered"
    AFTER = "after"


_WORDS = {
    Moment.BEFORE: "before",
    Moment.INTENDED: "between ledger and call of",
    Moment.UNDERWAY: "during the call of",
    Moment.ANSWERED: "between call and record of",
    Moment.AFTER: "after",
}


class Point(Model):
    """One moment of one activity of an operation; the same in each run of the same operation."""

    moment: Moment
    activity: str
    subject: str = ""
    """What the activity is about, without the service's name: `create web-3 on berlin`."""
    occurrence: int = 1
    """It may come by more than once: in an undo, say."""

    def __str__(self) -> str:
        again = f" ({self.occurrence})" if self.occurrence > 1 else ""
        return f"{_WORDS[self.moment]} {self.activity}{f': {self.subject}' if self.subject else ''}{again}"

    def of_same_place(self, other: "Point") -> bool:
        """Whether they differ in nothing but the occurrence."""
        return (self.moment, self.activity, self.subject) == (other.moment, other.activity, other.subject)


class Passage(Model):
    """That a worker came by a point."""

    point: Point
    at: float
    """Seconds since the epoch."""
    pid: int
    attempt: int
    """Of the activity."""


class Strike(Model):
    """What is to die, and where."""

    point: Point
    victim: Victim = "worker"
    server_pid: int | None = None


def passed(passages: Iterable[Passage]) -> tuple[Point, ...]:
    """The points of a run, in the order in which they came."""
    return tuple(passage.point for passage in passages)


def begun(passages: Iterable[Passage]) -> int:
    """How many attempts of activities a run has begun."""
    return sum(passage.point.moment is Moment.BEFORE for passage in passages)
