"""The life of a pod, as a function of its specification, the moment it began and the moment now.

So a kubelet that starts again tells the same as the one before it, and there is nothing to remember.
"""

from dataclasses import dataclass

from lab.kubernetes import containers
from lab.kubernetes.containers import Moment, Object, timestamp

FAIL = "lab.interlace.dev/fail"
"""An annotation that brings trouble to a pod that runs: unready, crash or oom."""
_LINGER_S = 0.5
"""From SIGTERM to the end of a process that heeds it."""


@dataclass(frozen=True)
class Place:
    """Where a pod runs."""

    pod_address: str
    host_address: str


@dataclass(frozen=True)
class Told:
    """What is to be told of a pod now."""

    status: Object
    until: float | None
    """When it changes by itself, in seconds since the epoch; None where it does not."""


def tell(pod: Object, place: Place, begun: float, now: float) -> Told:
    """The status of a pod.

    :param begun: when its node took it, or when trouble was brought to it
    """
    early, turn = _before(pod, begun, now)
    if turn is None:
        late = [Moment({"waiting": {"reason": "PodInitializing"}}) for _ in pod["spec"]["containers"]]
    else:
        late = [_moment(pod, container, turn, now) for container in pod["spec"]["containers"]]
    ends = [moment.until for moment in (*early, *late) if moment.until is not None]
    return Told(_status(pod, place, early, late, now), min(ends, default=None))


def gone_after(pod: Object) -> float:
    """Seconds from the wish that a pod be deleted to its end."""
    grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    stays = any(containers.lingers(container["image"]) for container in pod["spec"]["containers"])
    return grace if stays else min(grace, _LINGER_S)


def over(pod: Object) -> bool:
    """Whether it has come to its end, and nothing happens to it any more."""
    return pod["status"].get("phase") in ("Succeeded", "Failed")


def _before(pod: Object, begun: float, now: float) -> tuple[list[Moment], float | None]:
    """The containers that run before the others, and when these have their turn: None where not yet."""
    moments: list[Moment] = []
    turn = begun
    waits = False
    for container in pod["spec"].get("initContainers") or []:
        if waits:
            moments.append(Moment({"waiting": {"reason": "PodInitializing"}}))
            continue
        trouble = containers.trouble_of(container["image"])
        moments.append(containers.task(container, trouble, _restarts(pod), turn, now))
        turn = containers.done_at(turn)
        waits = moments[-1].exit_code != 0
    return moments, None if waits else turn


def _moment(pod: Object, container: Object, turn: float, now: float) -> Moment:
    trouble = _brought(pod) or containers.trouble_of(container["image"])
    if _owned_by_job(pod):
        return containers.task(container, trouble, _restarts(pod), turn, now)
    return containers.service(container, trouble, _restarts(pod), turn, now)


def _brought(pod: Object) -> str:
    trouble = (pod["metadata"].get("annotations") or {}).get(FAIL, "")
    return trouble if trouble in containers.TROUBLES else ""


def _restarts(pod: Object) -> bool:
    return bool(pod["spec"].get("restartPolicy") != "Never")


def _owned_by_job(pod: Object) -> bool:
    return any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences") or [])


def _status(pod: Object, place: Place, early: list[Moment], late: list[Moment], now: float) -> Object:
    spec, unready = pod["spec"], (pod["metadata"].get("annotations") or {}).get(FAIL) == "unready"
    ready = all(moment.ready for moment in late) and not unready
    initialised = all(moment.exit_code == 0 for moment in early)
    facts = {"Initialized": initialised, "ContainersReady": ready, "Ready": ready}
    address = place.host_address if spec.get("hostNetwork") else place.pod_address
    shown = _statuses(late, spec["containers"], pod["status"].get("containerStatuses"))
    status = {
        "phase": _phase(early, late),
        "startTime": pod["status"].get("startTime") or timestamp(now),
        "hostIP": place.host_address,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [_condition(pod, kind, fact, now) for kind, fact in facts.items()],
        "containerStatuses": [each | ({"ready": False} if unready else {}) for each in shown],
    }
    if early:
        before = pod["status"].get("initContainerStatuses")
        status["initContainerStatuses"] = _statuses(early, spec["initContainers"], before)
    return status


def _statuses(moments: list[Moment], specified: list[Object], before: list[Object] | None) -> list[Object]:
    """Of all containers; with the times told before where nothing has changed since.

    Those worked out now may differ by one: who has started again knows only the second in which a pod began.
    """
    told = {each["name"]: each for each in before or []}
    found = [moment.status(each) for moment, each in zip(moments, specified, strict=True)]
    return [
        each | {key: told[each["name"]][key] for key in ("state", "lastState")}
        if each["name"] in told and _way(told[each["name"]]) == _way(each)
        else each
        for each in found
    ]


def _way(status: Object) -> tuple[object, ...]:
    """What tells a container's status from another one, but for its times."""
    states = (status["state"], status["lastState"])
    reasons = [(kind, of.get("reason")) for state in states for kind, of in state.items()]
    return (status["restartCount"], status["image"], *reasons)


def _phase(early: list[Moment], late: list[Moment]) -> str:
    if any(moment.exit_code for moment in early):
        return "Failed"
    if any(moment.exit_code is None for moment in late):
        begun = all("waiting" not in moment.state or moment.restarts or moment.last for moment in late)
        return "Running" if begun else "Pending"
    return "Failed" if any(moment.exit_code for moment in late) else "Succeeded"


def _condition(pod: Object, kind: str, holds: bool, now: float) -> Object:
    status = "True" if holds else "False"
    before = next((each for each in pod["status"].get("conditions") or [] if each["type"] == kind), None)
    since = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now)
    reason = {} if holds or kind == "Initialized" else {"reason": "ContainersNotReady"}
    return {"type": kind, "status": status, "lastTransitionTime": since, **reason}
