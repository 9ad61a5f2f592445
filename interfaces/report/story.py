"""What a report tells: curves over time, what policies hold them against, and what was done."""

from pydantic import AwareDatetime

from domain.models import Model
from domain.watching import AlarmRecord, Decision

Point = tuple[float, float | None]
"""Seconds since the epoch, value; None where there was none."""


class Curve(Model):
    """One figure over time."""

    name: str
    hue: int
    """The same for all that is of one component or chain."""
    points: tuple[Point, ...]
    """The oldest first."""
    steps: bool = False
    """It holds until the next point, as numbers of instances do."""
    faint: bool = False
    """To hold another one against."""

    @property
    def values(self) -> tuple[float, ...]:
        """Those that there are."""
        return tuple(value for _, value in self.points if value is not None)


class Level(Model):
    """A value that a policy goes by, or a limit."""

    value: float
    words: str
    hue: int


class Chart(Model):
    """Curves of one unit."""

    title: str
    unit: str
    expression: str = ""
    """Where a policy has one of its own."""
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...] = ()


class Note(Model):
    """What somebody had to say at a moment, such as that they sent more load."""

    at: AwareDatetime
    text: str


class Story(Model):
    """All that a report shows of a service."""

    service: str
    tenant: str
    start: AwareDatetime
    end: AwareDatetime
    source: str
    """Where the figures are from, in words."""
    charts: tuple[Chart, ...]
    decisions: tuple[Decision, ...] = ()
    """The oldest first."""
    alarms: tuple[AlarmRecord, ...] = ()
    """The oldest first."""
    notes: tuple[Note, ...] = ()
    gaps: tuple[tuple[str, int], ...] = ()
    """What could not be had, and at how many moments."""
