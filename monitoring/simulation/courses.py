"""What came of a simulation."""

from pydantic import AwareDatetime

from domain.models import Model
from monitoring.simulation.targets import Target


class Act(Model):
    """A scaling that would have been started."""

    at: AwareDatetime
    policy: str
    before: int
    after: int
    reason: str


class Note(Model):
    """What would have been told to people: the same, look after look, is one note."""

    at: AwareDatetime
    until: AwareDatetime
    text: str


class Moment(Model):
    """What there was at one look."""

    at: float
    """Seconds since the epoch."""
    load: float | None
    """The whole load, where the series has it."""
    instances: int
    """That served."""
    paid: int
    """With those that were being built."""
    values: tuple[float | None, ...]
    """Of the targets."""


class Violation(Model):
    """A time during which a target was not kept."""

    target: str
    start: AwareDatetime
    end: AwareDatetime
    worst: float

    @property
    def minutes(self) -> float:
        """How long."""
        return (self.end - self.start).total_seconds() / 60


class Account(Model):
    """What a course comes to."""

    actions: int
    instance_hours: float
    cost: float | None
    """None where no price is known."""
    violated_minutes: float
    """In which any target was not kept."""
    unknown_minutes: float
    """In which a target had no value, so that nobody can say."""
    least: int
    most: int


class Course(Model):
    """One run over the series."""

    name: str
    acts: tuple[Act, ...] = ()
    notes: tuple[Note, ...] = ()
    violations: tuple[Violation, ...] = ()
    account: Account
    moments: tuple[Moment, ...]


class Simulation(Model):
    """Runs side by side: with the policies, and with a fixed number of instances."""

    service: str
    component: str
    policies: tuple[str, ...]
    interval_s: float
    startup_s: float
    world: str
    """In words: what was assumed."""
    targets: tuple[Target, ...]
    price_per_hour: float | None
    """Of one instance."""
    currency: str
    courses: tuple[Course, ...]
