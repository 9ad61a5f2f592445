"""The life of a container that is not there: what its kubelet would tell at a moment, by the image's name.

An image whose name holds `missing` cannot be pulled, `crash` exits at once, `oom` is killed for its memory,
`slow` is ready 5 s late, `stubborn` does not end before its grace period does. All others run.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

_PULL_S = 0.3
_REFUSED_S = 1.5
"""Between the first refused pull and the back-off."""
_RUN_S = 0.5
"""How long a container that crashes runs, and a task that is done after its work."""
_SLOW_S = 5.0
_BACK_OFF_S = (0.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Before each restart, then always the last: a fifth of a real kubelet's."""
_EXITS = {"crash": ("Error", 1), "oom": ("OOMKilled", 137)}
TROUBLES = ("missing", *_EXITS)


@dataclass(frozen=True)
class Moment:
    """A container as it is now."""

    state: Object
    ready: bool = False
    restarts: int = 0
    last: Object = field(default_factory=dict)
    """The state before, where it was restarted."""
    until: float | None = None
    """When it changes by itself, in seconds since the epoch."""
    exit_code: int | None = None
    """Where it has ended and is not restarted."""

    def status(self, container: Object) -> Object:
        """As Kubernetes writes it."""
        image = container["image"]
        running = "running" in self.state
        return {
            "name": container["name"],
            "image": image,
            "imageID": "" if "waiting" in self.state and not self.restarts else f"lab://{image}",
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": running,
            "state": self.state,
            "lastState": self.last,
        }


def timestamp(moment: float) -> str:
    """As Kubernetes writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def service(container: Object, trouble: str, restarts: bool, begun: float, now: float) -> Moment:
    """A container that is to run for ever.

    :param trouble: what befalls it, one of TROUBLES, or nothing
    :param restarts: whether it is started again when it ends
    :param begun: when its turn came
    """
    if trouble == "missing":
        return _refused(container["image"], begun, now)
    runs = begun + _PULL_S
    if now < runs:
        return Moment(_waiting("ContainerCreating"), until=runs)
    if trouble in _EXITS:
        return _crashing(container, *_EXITS[trouble], restarts, runs, now)
    ready = runs + _ready_after(container)
    return Moment(_running(runs), ready=now >= ready, until=ready if now < ready else None)


def task(container: Object, trouble: str, restarts: bool, begun: float, now: float) -> Moment:
    """A container that is to do something and end: of a Job, or before the others start."""
    if trouble:
        return service(container, trouble, restarts, begun, now)
    runs = begun + _PULL_S
    if now < runs + _RUN_S:
        return service(container, trouble, restarts, begun, now) if now < runs else _working(runs)
    return Moment(_terminated("Completed", 0, runs, runs + _RUN_S), exit_code=0)


def done_at(begun: float) -> float:
    """When a task ends whose turn came at `begun`."""
    return begun + _PULL_S + _RUN_S


def trouble_of(image: str) -> str:
    """What befalls a container of this image: one of TROUBLES, or nothing."""
    return next((trouble for trouble in TROUBLES if trouble in image), "")


def lingers(image: str) -> bool:
    """Whether it lets its whole grace period pass before it ends."""
    return "stubborn" in image


def _working(runs: float) -> Moment:
    return Moment(_running(runs), until=runs + _RUN_S)


def _refused(image: str, begun: float, now: float) -> Moment:
    first, later = begun + _PULL_S, begun + _PULL_S + _REFUSED_S
    if now < first:
        return Moment(_waiting("ContainerCreating"), until=first)
    if now < later:
        words = f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": not found'
        return Moment(_waiting("ErrImagePull", words), until=later)
    return Moment(_waiting("ImagePullBackOff", f'Back-off pulling image "{image}"'))


def _crashing(container: Object, reason: str, code: int, restarts: bool, runs: float, now: float) -> Moment:
    """Running until it ends, then waiting, in turn; `runs` is when it ran first."""
    count, last = 0, Object()
    while now >= runs + _RUN_S:
        ended = _terminated(reason, code, runs, runs + _RUN_S)
        if not restarts:
            return Moment(ended, exit_code=code)
        pause = _BACK_OFF_S[min(count, len(_BACK_OFF_S) - 1)]
        runs += _RUN_S + pause
        if now < runs:
            words = f"back-off {pause:.0f}s restarting failed container={container['name']}"
            return Moment(_waiting("CrashLoopBackOff", words), False, count, ended, runs)
        count, last = count + 1, ended
    return Moment(_running(runs), False, count, last, runs + _RUN_S)


def _ready_after(container: Object) -> float:
    """Seconds from its start: its probes' initial delays, and the successes that are asked for."""
    delay = _SLOW_S if "slow" in container["image"] else 0.0
    for kind in ("startupProbe", "readinessProbe"):
        probe = container.get(kind) or {}
        again = (probe.get("successThreshold") or 1) - 1
        delay += float(probe.get("initialDelaySeconds") or 0) + again * float(
            probe.get("periodSeconds") or 10
        )
    return delay


def _waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def _running(since: float) -> Object:
    return {"running": {"startedAt": timestamp(since)}}


def _terminated(reason: str, code: int, began: float, ended: float) -> Object:
    times = {"startedAt": timestamp(began), "finishedAt": timestamp(ended)}
    return {"terminated": {"reason": reason, "exitCode": code, **times}}
