"""Waits for pods, told by the process's one watch of them."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from adaptors.vim.kubernetes import naming, pods
from adaptors.vim.kubernetes.api import Api, rest
from adaptors.vim.kubernetes.calls import ApiError, Denied, Refusal, Unready
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.members import Workload
from adaptors.vim.kubernetes.pods import State
from adaptors.vim.kubernetes.settings import KubernetesSettings
from adaptors.vim.kubernetes.watching import PodWatch
from adaptors.vim.kubernetes.workloads import Going, Workloads
from adaptors.vim.port import Progress

T = TypeVar("T")

_PACE_S = 0.1
_LOOK_S = 1.0
"""Between two looks at a workload: at its members, and at why it has no pods."""
_REFUSING = ("exceeded quota", "denied the request", "is forbidden", "is invalid", "Invalid value")
"""Of the API server's words on why pods cannot be made: those that no patience helps against."""


class Impossible(Refusal):
    """An instance cannot run as it is asked for."""


class Overdue(Unready):
    """What was waited for has not come in time."""


@dataclass
class Waiting:
    """One wait: for which instance, what is known of its workload, and how long what has been wrong."""

    what: str
    name: str
    workload: Workload
    words: str = "it has no pod yet"
    looked_at: float = field(default_factory=time.monotonic)
    podless_since: float | None = None
    unplaced_since: float | None = None


class Waits:
    """Waits within one call to the VIM."""

    def __init__(
        self,
        api: Api,
        watch: PodWatch,
        workloads: Workloads,
        settings: KubernetesSettings,
        progress: Progress,
    ) -> None:
        self._api = api
        self._watch = watch
        self._workloads = workloads
        self._settings = settings
        self._progress = progress

    def running(self, workload: Workload, name: str, but: frozenset[str] = frozenset()) -> Object:
        """Wait until an instance runs, and give its pod.

        :param but: uids of pods that do not count: they are on their way out
        :raises Impossible: if it cannot run as it is asked for
        :raises Unready: if it fails, or is not ready in time
        """
        wait = Waiting(f"instance {name} is being built", name, workload)
        for found in self._looks(wait):
            self._look(wait)
            pod = _own(wait, found, but)
            if pod is not None and self._runs(wait, pod):
                return pod
            if pod is None:
                self._judge_podless(wait)
        raise Overdue(wait.words)

    def rolled(self, workload: Workload, name: str) -> None:
        """Wait until just pods of the workload's present template are there, and run; raises as `running`."""
        wait = Waiting(f"instance {name} is being configured", name, workload)
        for found in self._looks(wait):
            self._look(wait)
            new = [pod for pod in pods.staying(found) if pods.template_of(pod) == workload.template]
            if not new:
                self._judge_podless(wait)
            elif self._runs(wait, new[-1]):
                if len(new) == len(found):
                    return
                wait.words = "its old pod has not ended yet"
        raise Overdue(wait.words)

    def shrunk(self, workload: Workload, name: str) -> None:
        """Wait until a workload has no pods beyond its instances that stay, and none is on its way out."""
        wait = Waiting(f"instance {name} is being deleted", name, workload)
        for found in self._looks(wait):
            if not any(map(pods.is_going, found)) and len(found) <= len(wait.workload.staying):
                return
            wait.words = _ending(found)
            self._look(wait)
        raise Overdue(wait.words)

    def gone(self, workload: Workload, name: str) -> None:
        """Wait until a workload and all of its pods are gone."""
        wait = Waiting(f"instance {name} is being deleted", name, workload, looked_at=0.0)
        there = True
        for found in self._looks(wait):
            wait.words = _ending(found)
            if there and (not found or time.monotonic() - wait.looked_at >= _LOOK_S):
                there = self._workloads.again(workload) is not None
                wait.looked_at = time.monotonic()
            if not there and not found:
                return
        raise Overdue(wait.words)

    def until(self, name: str, look: Callable[[], T | None], words: str) -> T:
        """Look each second until there is something to see."""
        end = time.monotonic() + self._settings.ready_timeout
        while (found := look()) is None:
            if time.monotonic() >= end:
                raise Overdue(f"not done after {self._settings.ready_timeout:g} s: {words}")
            rest(_LOOK_S, self._progress, f"instance {name}: {words}")
        return found

    def _looks(self, wait: Waiting) -> Iterator[list[Object]]:
        """The workload's pods, again and again until the time is over; progress is told meanwhile."""
        end = time.monotonic() + self._settings.ready_timeout
        with self._watch.attending():
            while time.monotonic() < end:
                self._progress(wait.what)
                self._heard()
                found = self._watch.pods(wait.workload.namespace, wait.workload.name)
                if found is not None:
                    yield found
                self._watch.wait(_PACE_S)
        wait.words = f"not done after {self._settings.ready_timeout:g} s: {wait.words}"

    def _heard(self) -> None:
        """An API server that is away is waited for as long as a single call may take."""
        failed = self._watch.failed_since()
        if failed is None:
            return
        since, error = failed
        for_good = isinstance(error, Denied) or (isinstance(error, ApiError) and error.status in (401, 403))
        if for_good or time.monotonic() - since > self._settings.timeout:
            raise error

    def _look(self, wait: Waiting) -> None:
        """See now and then who else is in the workload, and whether it is as large as it is to be."""
        if time.monotonic() - wait.looked_at < _LOOK_S:
            return
        seen = self._watch.glances.share(wait.workload.uid, lambda: self._present(wait.workload))
        if seen is not None:
            wait.workload, wait.looked_at = seen, time.monotonic()

    def _present(self, workload: Workload) -> Workload:
        now = self._workloads.again(workload)
        if now is None or now.is_going:
            raise Going(workload)
        return self._workloads.sized(now)

    def _runs(self, wait: Waiting, pod: Object) -> bool:
        """Whether a pod runs.

        :raises Impossible: if it cannot
        :raises Unready: if it fails
        """
        state = pods.state_of(pod)
        before, wait.words, wait.podless_since = wait.words, state.words, None
        if state.standing == "unusable":
            raise Impossible(_with_cause(state.words, before))
        if state.standing == "failing":
            raise Unready(f"it failed while it was being built: {state.words}")
        self._judge_unplaced(wait, state)
        return state.standing == "running" and self._claimed(pod, wait.name)

    def _judge_unplaced(self, wait: Waiting, state: State) -> None:
        """A node that has room may come; but not for ever."""
        now = time.monotonic()
        wait.unplaced_since = (wait.unplaced_since or now) if state.standing == "unplaced" else None
        if wait.unplaced_since and now - wait.unplaced_since >= self._settings.scheduling_timeout:
            raise Impossible(f"{state.words} ({_asked(wait)})")

    def _judge_podless(self, wait: Waiting) -> None:
        """Why there is no pod, where the API server says; for good if it says so for long enough."""
        words = self._failures(wait.workload)
        wait.words = words or "it has no pod yet"
        now = time.monotonic()
        wait.podless_since = (wait.podless_since or now) if words else None
        lasting = wait.podless_since is not None and now - wait.podless_since >= _LOOK_S
        if lasting and any(each in words for each in _REFUSING):
            raise Impossible(f"{words} ({_asked(wait)})")

    def _failures(self, workload: Workload) -> str:
        """A Deployment's stand in its conditions, a StatefulSet's only among the events of its namespace."""
        if workload.kind == "Deployment":
            return "; ".join(workload.failures)
        told = self._watch.failures(workload.namespace, workload.name)
        return told[-1] if told else ""

    def _claimed(self, pod: Object, name: str) -> bool:
        """Claim just this version of a pod: what a watch tells may be old by a moment."""
        meta = pod["metadata"]
        claim = {"resourceVersion": meta["resourceVersion"], "annotations": {naming.INSTANCE: name}}
        try:
            self._api.merge("Pod", meta["namespace"], meta["name"], {"metadata": claim})
        except ApiError as error:
            if error.status not in (404, 409):
                raise
            return False
        return True


def _own(wait: Waiting, found: list[Object], but: frozenset[str]) -> Object | None:
    names = [each.name for each in wait.workload.staying]
    if wait.name not in names:
        raise Unready("it was deleted while it was being built")
    return pods.assigned(names, (pod for pod in found if pod["metadata"]["uid"] not in but)).get(wait.name)


def _with_cause(words: str, before: str) -> str:
    """Back-offs do not say after what."""
    return f"{words}, after {before}" if before.startswith("Err") else words


def _asked(wait: Waiting) -> str:
    """What an instance asks for, as its descriptor says it."""
    asked = wait.workload.spec(wait.workload.members[0]).resources
    return f"it asks for {asked.vcpus} vcpus, {asked.memory} MiB of memory, {asked.disk} GiB of disk"


def _ending(found: list[Object]) -> str:
    words = [
        f"pod {pod['metadata']['name']} on node {pod['spec'].get('nodeName', '(none)')} has not ended"
        for pod in found
        if pods.is_going(pod)
    ]
    return "; ".join(words) or "its pods are there still"
