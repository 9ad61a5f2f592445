"""What was measured. Seconds, where a name ends in _s; sizes in bytes."""

from statistics import median

from pydantic import Field

from domain.models import Model
from domain.names import OperationKind


class Task(Model):
    """One of an operation's tasks, as the plain script does it while no task has any length."""

    name: str
    seconds: float
    """Of steps side by side, that of the longest."""
    long: bool
    """Whether it takes the given time, where tasks have a length."""


class Calibration(Model):
    """An operation whose tasks have no length: what a task costs beside its length."""

    kind: OperationKind
    again: float
    """Share of its length that a task takes where an attempt before has done it; declared, not measured."""
    script_s: tuple[float, ...]
    workflow_s: tuple[float, ...]
    tasks: tuple[Task, ...]
    """In their sequence."""


class Pair(Model):
    """An operation by the plain script and by the workflow in turn, nothing else at the same time."""

    kind: OperationKind
    t_m: tuple[float, ...]
    t_c: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """R_a: of the medians."""
        return median(self.t_c) / median(self.t_m)


class Setting(Model):
    """How workers are set up."""

    workers: int = Field(ge=1)
    s_p: int = Field(ge=1)
    """Steps to a checkpoint."""
    heartbeat_s: float
    timeout_s: float
    sticky_s: float
    first_pause_s: float

    @property
    def beat(self) -> str:
        """Heartbeat interval and time-outs, in short."""
        return f"{self.heartbeat_s:g}/{self.timeout_s:g}/{self.sticky_s:g}"


class Reading(Model):
    """One operation under one setting."""

    kind: OperationKind
    setting: Setting
    t_c: tuple[float, ...]
    """Without a fault."""
    t_r: tuple[float, ...]
    """With a worker killed, at each of several moments."""
    replaced_s: float | None
    """Until a dead worker's successor serves; where there is but one."""
    heartbeats: int
    """In the first run without a fault."""
    history_bytes: int
    heartbeat_bytes: int
    """Of one heartbeat."""

    @property
    def bandwidth(self) -> float:
        """Checkpoints and heartbeats, in kB/s."""
        return (self.history_bytes + self.heartbeats * self.heartbeat_bytes) / 1000 / self.t_c[0]

    @property
    def ratio(self) -> float:
        """R_r: the worst death, by the median without a fault."""
        return max(self.t_r) / median(self.t_c)


class ServerCrash(Model):
    """The Temporal server killed at the same moment, and started anew."""

    kind: OperationKind
    t_c: float
    t_r: float


class Event(Model):
    """What one kind of a history's events takes."""

    name: str
    count: int
    bytes: int


class Checkpoints(Model):
    """A history without a fault."""

    kind: OperationKind
    s_p: int
    bytes: int
    events: tuple[Event, ...]
    longest: str
    """The kind of its largest event."""
    longest_bytes: int


class Measured(Model):
    """All of it."""

    scale: float
    """What a second of the paper's tasks is here."""
    task_s: float
    """The length of a task."""
    calibrations: tuple[Calibration, ...]
    pairs: tuple[Pair, ...]
    readings: tuple[Reading, ...]
    crashes: tuple[ServerCrash, ...] = ()
    checkpoints: tuple[Checkpoints, ...] = ()
    load: tuple[float, ...] = ()
    """Of the machine: processes that want a processor, at the beginning, now and then, and at the end."""
    processors: int = 1
