"""What the model's parameters mean on a running system: workers, heartbeats, time-outs, checkpoints."""

from math import ceil

from pydantic import Field

from domain.models import Model
from domain.recovery import Profile
from reliability.model.parameters import TIME_OUT_BEATS, NotNegative, Parameters

FIRST_PAUSE_S = 0.1
"""Before a call to the own store, that a dead worker held, is tried again. A step is tried again at once."""
_STICKY_LEAST_S = 0.6
"""What a worker that lives, but is busy, needs to fetch a task."""
_STICKY_BEATS = 2


class Patience(Model):
    """When silence is taken for death. The model knows no price of haste: these are its bounds."""

    beats: int = Field(default=TIME_OUT_BEATS, ge=1, le=100)
    """Heartbeat intervals that a heartbeat time-out has at least."""
    longest_pause_s: NotNegative = 1.0
    """A worker that is silent for so long beyond its interval may still live: a busy processor, say."""


class Knobs(Model):
    """What would be set. Seconds, where a name ends in _s."""

    workers_per_queue: int
    """Worker processes that serve each task queue."""
    heartbeat_interval_s: float
    """How often an activity beats; the SDK must not hold beats back for longer (its throttle interval)."""
    heartbeat_timeout_s: float
    """After so long without one an activity's worker counts as dead."""
    sticky_timeout_s: float
    """So long a workflow's task waits for the worker that has its state in memory; then any other gets it."""
    steps_per_checkpoint: int
    """s_p: so many steps are one activity. 1: each step is an activity of its own."""
    retry_first_pause_s: float
    """Initial interval of the retry policy of calls to the own store."""
    checkpoints: int
    """Per operation: entries of the history that hold a result."""


def sticky_timeout(h_i: float) -> float:
    """Two heartbeat intervals, in s, but no less than a busy worker needs."""
    return max(_STICKY_LEAST_S, _STICKY_BEATS * h_i)


def heartbeat_timeout(h_i: float, patience: Patience) -> float:
    """In s: so many intervals, and no less than one and the longest pause."""
    return max(patience.beats * h_i, h_i + patience.longest_pause_s)


def time_out(h_i: float, patience: Patience) -> float:
    """t_h of the model, in s: all that passes from a worker's last heartbeat to another's first act.

    A dead worker is noticed by the heartbeat time-out of the activity it was at. The workflow's next task
    then waits for the same worker once more, until the sticky time-out; and a call is tried again after a
    pause, where it was one to the own store.
    """
    return heartbeat_timeout(h_i, patience) + sticky_timeout(h_i) + FIRST_PAUSE_S


def knobs(z: Parameters, patience: Patience) -> Knobs:
    """Of a configuration whose t_h is `time_out` of its heartbeat interval."""
    return Knobs(
        workers_per_queue=max(z.orchestrators, z.replicas),
        heartbeat_interval_s=round(z.h_i, 3),
        heartbeat_timeout_s=round(heartbeat_timeout(z.h_i, patience), 3),
        sticky_timeout_s=round(sticky_timeout(z.h_i), 3),
        steps_per_checkpoint=z.s_p,
        retry_first_pause_s=FIRST_PAUSE_S,
        checkpoints=ceil(z.n / z.s_p),
    )


def profile_of(found: Knobs, name: str, description: str) -> Profile:
    """What `interlace up --reliability` applies.

    :raises ValidationError: if a knob is beyond what workers take
    """
    return Profile.model_validate(
        {
            "profile": name,
            "description": description,
            "workers": found.workers_per_queue,
            "heartbeat_interval": f"{found.heartbeat_interval_s:.3f} s",
            "heartbeat_timeout": f"{found.heartbeat_timeout_s:.3f} s",
            "sticky_timeout": f"{found.sticky_timeout_s:.3f} s",
            "steps_per_checkpoint": found.steps_per_checkpoint,
            "first_pause": f"{found.retry_first_pause_s:.3f} s",
        }
    )
