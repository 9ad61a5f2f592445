"""How pods stand: what becomes of them, and why, in the words of their kubelet and the scheduler. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.connection import Object

Standing = Literal["starting", "unplaced", "running", "unwell", "failing", "unusable"]
"""unplaced: no node takes it. unwell: it runs and is not ready. failing: it ends again and again.
unusable: it cannot ever start as it is."""

_UNUSABLE = frozenset(
    {
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
_AGAIN = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
"""Of these, those that may pass: a ConfigMap that comes late."""


@dataclass(frozen=True)
class State:
    """How a pod stands, and why."""

    standing: Standing
    words: str = ""


def state_of(pod: Object) -> State:
    """How a pod stands."""
    status = pod.get("status", {})
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        if (found := _container_state(container)) is not None:
            return found
    if status.get("phase") in ("Failed", "Succeeded"):
        words = " ".join(filter(None, (status.get("reason", ""), status.get("message", ""))))
        return State("failing", words or f"its pod has come to its end: {status['phase']}")
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    placed = conditions.get("PodScheduled", {})
    if placed.get("reason") == "Unschedulable":
        return State("unplaced", f"Unschedulable: {placed.get('message', '')}")
    if conditions.get("Ready", {}).get("status") == "True":
        return State("running")
    begun = [each for each in status.get("containerStatuses") or () if "running" in each.get("state", {})]
    if begun:
        return State("unwell", "its container runs and is not ready: its check does not pass (yet)")
    return State("starting", _waiting_words(status))


def staying(pods: Iterable[Object]) -> list[Object]:
    """By age, without those on their way out."""
    return sorted((pod for pod in pods if not is_going(pod)), key=_age)


def assigned(instances: Iterable[str], pods: Iterable[Object]) -> dict[str, Object]:
    """Instance -> its pod: the one that it has claimed, else one that nobody has, the oldest first.

    Pods that Kubernetes made anew are nobody's, and so are those of instances that are gone.
    """
    alive, names = staying(pods), list(instances)
    claimed = {claim: pod for pod in reversed(alive) if (claim := claim_of(pod)) in names}
    taken = {pod["metadata"]["uid"] for pod in claimed.values()}
    free = [pod for pod in alive if pod["metadata"]["uid"] not in taken]
    return claimed | dict(zip((name for name in names if name not in claimed), free, strict=False))


def claim_of(pod: Object) -> str:
    """The instance that a pod is of; empty where nobody has claimed it."""
    claim: str = pod["metadata"].get("annotations", {}).get(naming.INSTANCE, "")
    return claim


def is_going(pod: Object) -> bool:
    """Whether it is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def workload_of(pod: Object) -> tuple[str, str]:
    """(namespace, name) of its workload."""
    meta = pod["metadata"]
    return meta["namespace"], meta.get("labels", {}).get(naming.WORKLOAD, "")


def template_of(pod: Object) -> str:
    """The digest of what it was made from."""
    found: str = pod["metadata"].get("labels", {}).get(naming.TEMPLATE, "")
    return found


def _age(pod: Object) -> tuple[str, str]:
    return pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]


def _container_state(container: Object) -> State | None:
    """What is wrong with a container; None where nothing is."""
    state, last = container.get("state", {}), container.get("lastState", {}).get("terminated")
    waiting, ended = state.get("waiting", {}), state.get("terminated")
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _UNUSABLE:
        return State("starting" if reason in _AGAIN else "unusable", _said(reason, message))
    if reason == "CrashLoopBackOff":
        return State("failing", _said(_ending(last), f"{reason}: {message}"))
    if reason == "ErrImagePull":
        return State("starting", _said(reason, message))
    if ended and (ended.get("exitCode") or ended.get("reason") != "Completed"):
        return State("failing", _ending(ended))
    if last and not container.get("ready") and container.get("restartCount", 0) > 0:
        return State("failing", f"{_ending(last)}; it was restarted")
    return None


def _ending(ended: Object | None) -> str:
    if not ended:
        return ""
    words = f"{ended.get('reason', 'Error')} (exit code {ended.get('exitCode')})"
    return _said(words, ended.get("message", ""))


def _said(reason: str, message: str) -> str:
    return ": ".join(filter(None, (reason, message)))


def _waiting_words(status: Object) -> str:
    for container in status.get("containerStatuses") or ():
        if reason := container.get("state", {}).get("waiting", {}).get("reason"):
            return f"its container is not there yet: {reason}"
    return f"its pod is {status.get('phase', 'Pending')}"
