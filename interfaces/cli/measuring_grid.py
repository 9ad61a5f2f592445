"""What is to be measured of the running system, and what was."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from statistics import median

from domain.names import OperationKind
from domain.recovery import Profile
from lab.recovering.monolith import Done
from lab.recovering.subjects import TASKS, Subject
from lab.recovering.timing import Timed
from reliability.measured.readings import (
    Calibration,
    Checkpoints,
    Event,
    Measured,
    Pair,
    Reading,
    ServerCrash,
    Setting,
    Task,
)
from reliability.tuner.knobs import FIRST_PAUSE_S

_MIDDLE_T_M_S = 65.0
"""Of the paper's range for t_m, 10 to 120 s."""


@dataclass(frozen=True)
class Wanted:
    """What is to be measured."""

    kinds: Sequence[OperationKind]
    workers: Sequence[int]
    periods: Sequence[int]
    beats: Sequence[tuple[float, float, float]]
    """Heartbeat interval, heartbeat time-out and sticky time-out, in s."""
    scale: float
    repeat: int
    moments: int
    """At which a worker dies, spread over one heartbeat interval."""
    lanes: int
    """Labs side by side."""

    @property
    def task_s(self) -> float:
        """The length of a task, in s."""
        return round(_MIDDLE_T_M_S * self.scale / TASKS, 3)

    @property
    def settings(self) -> list[Setting]:
        """All, those with a lone worker last: it takes longest to be replaced."""
        return [
            Setting(
                workers=workers,
                s_p=s_p,
                heartbeat_s=beat[0],
                timeout_s=beat[1],
                sticky_s=beat[2],
                first_pause_s=FIRST_PAUSE_S,
            )
            for workers, s_p, beat in product(sorted(self.workers, reverse=True), self.periods, self.beats)
        ]


@dataclass
class Found:
    """What was measured so far, and what could not be."""

    calibrations: list[Calibration] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    crashes: list[ServerCrash] = field(default_factory=list)
    checkpoints: list[Checkpoints] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def measured(self, wanted: Wanted) -> Measured:
        """As it is compared with the model."""
        return Measured(
            scale=wanted.scale,
            task_s=wanted.task_s,
            calibrations=tuple(self.calibrations),
            pairs=tuple(self.pairs),
            readings=tuple(sorted(self.readings, key=_order)),
            crashes=tuple(self.crashes),
            checkpoints=tuple(sorted(self.checkpoints, key=lambda each: (each.kind, each.s_p))),
            load=tuple(self.load),
            processors=os.cpu_count() or 1,
        )


def _order(reading: Reading) -> tuple[str, int, int, float]:
    setting = reading.setting
    return reading.kind.value, setting.workers, setting.s_p, setting.heartbeat_s


def tasks_of(done: Sequence[Done], subject: Subject) -> tuple[Task, ...]:
    """Those of the script, one after the other; of steps side by side the longest. Medians of all runs."""
    found = []
    for place, first in enumerate(done[0].waves):
        seconds = [max(call.seconds for call in each.waves[place]) for each in done]
        name = first[0].name
        found.append(Task(name=name, seconds=median(seconds), long=name == subject.action))
    return tuple(found)


def checkpoints_of(subject: Subject, setting: Setting, calm: Timed) -> Checkpoints:
    """What the history of a run without a fault holds."""
    return Checkpoints(
        kind=subject.kind,
        s_p=setting.s_p,
        bytes=calm.history_bytes,
        events=tuple(
            Event(name=name, count=count, bytes=size) for name, (count, size) in sorted(calm.events.items())
        ),
        longest=calm.longest_event[0],
        longest_bytes=calm.longest_event[1],
    )


def profile_of(setting: Setting) -> Profile:
    """What workers are given for it."""

    def quantity(seconds: float) -> str:
        return f"{round(seconds * 1000)} ms"

    return Profile.model_validate(
        {
            "profile": "measured",
            "workers": setting.workers,
            "heartbeat_interval": quantity(setting.heartbeat_s),
            "heartbeat_timeout": quantity(setting.timeout_s),
            "sticky_timeout": quantity(setting.sticky_s),
            "first_pause": quantity(setting.first_pause_s),
            "steps_per_checkpoint": setting.s_p,
        }
    )
