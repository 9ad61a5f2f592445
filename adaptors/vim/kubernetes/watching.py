"""One watch of all our pods in a cluster, shared by whoever waits in the process.

However many instances are waited for, there is one list when the first waits, and a stream of changes then.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.calls import ApiError, Denied, Unreachable
from adaptors.vim.kubernetes.connection import Connection, Object, Request, rest_until
from adaptors.vim.kubernetes.pods import workload_of

T = TypeVar("T")

_PATH = "/api/v1/pods"
_INTERVAL_S = 1.0
"""Between two lists, at least."""
_LINGER_S = 5.0
"""How long one watch lasts, and how long it goes on after the last who waits."""


class Glances:
    """What is to be seen now and then, by however many: looked at once a second, by whoever comes first."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._seen: dict[str, tuple[float, Any]] = {}

    def share(self, subject: str, look: Callable[[], T]) -> T | None:
        """What was seen since a second ago at most; None while somebody looks, or could not."""
        now = time.monotonic()
        with self._guard:
            self._seen = {key: each for key, each in self._seen.items() if now - each[0] < _INTERVAL_S}
            if subject in self._seen:
                known: T | None = self._seen[subject][1]
                return known
            self._seen[subject] = now, None
        found = look()
        with self._guard:
            self._seen[subject] = now, found
        return found


class PodWatch:
    """The pods of ours in a cluster, kept up to date for as long as somebody waits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        self._pods: dict[str, Object] | None = None
        self._failure: tuple[float, Exception] | None = None
        self._waiting = 0
        self._left = 0.0
        self._runs = False
        self._listed = 0.0
        self._events: list[Object] = []
        self._events_listed = 0.0
        self._events_lock = threading.Lock()
        self.glances = Glances()

    @contextmanager
    def attending(self) -> Iterator[None]:
        """Keep the watch going."""
        with self._changed:
            self._waiting += 1
            if not self._runs:
                self._runs, self._pods, self._failure = True, None, None
                threading.Thread(target=self._run, name="kubernetes-pods", daemon=True).start()
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._left = time.monotonic()

    def pods(self, namespace: str, workload: str) -> list[Object] | None:
        """Those of a workload; None while that is not known."""
        with self._changed:
            if self._pods is None:
                return None
            return [pod for pod in self._pods.values() if workload_of(pod) == (namespace, workload)]

    def failures(self, namespace: str, workload: str) -> list[str]:
        """Why pods of a StatefulSet could not be made of late, oldest first."""
        with self._events_lock:
            if time.monotonic() - self._events_listed >= _INTERVAL_S:
                self._events = self._list_events()
                self._events_listed = time.monotonic()
            found = self._events
        mine = [each for each in found if _subject(each) == (namespace, workload)]
        return [each.get("message", "") for each in sorted(mine, key=_moment)]

    def failed_since(self) -> tuple[float, Exception] | None:
        """Since when (monotonic) nothing is heard of the cluster, and why; None where it is."""
        with self._changed:
            return self._failure

    def wait(self, seconds: float) -> None:
        """Until anything changes, or that long."""
        with self._changed:
            self._changed.wait(seconds)

    def _run(self) -> None:
        version = None
        while self._wanted():
            try:
                version = self._follow(version or self._list())
            except (ApiError, Unreachable, Denied) as error:
                version = None
                self._fail(error)
                rest_until(self._listed + _INTERVAL_S)

    def _wanted(self) -> bool:
        with self._changed:
            lasting = time.monotonic() - self._left < _LINGER_S
            self._runs = self._waiting > 0 or lasting
            return self._runs

    def _list(self) -> str:
        rest_until(self._listed + _INTERVAL_S)
        self._listed = time.monotonic()
        query = {"labelSelector": naming.selector(naming.MANAGED)}
        found = self._connection.request(Request("GET", _PATH, query, timeout_s=_LINGER_S))
        with self._changed:
            self._pods = {pod["metadata"]["uid"]: pod for pod in found["items"]}
            self._failure = None
            self._changed.notify_all()
        version: str = found["metadata"]["resourceVersion"]
        return version

    def _list_events(self) -> list[Object]:
        query = {"fieldSelector": "reason=FailedCreate,involvedObject.kind=StatefulSet"}
        found = self._connection.request(Request("GET", "/api/v1/events", query, timeout_s=_LINGER_S))
        events: list[Object] = found["items"]
        return events

    def _follow(self, version: str) -> str | None:
        """The resource version to go on from; None where all must be listed anew."""
        query = {
            "labelSelector": naming.selector(naming.MANAGED),
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(int(_LINGER_S)),
        }
        for event in self._connection.events(Request("GET", _PATH, query, timeout_s=2 * _LINGER_S)):
            if event["type"] == "ERROR":
                return None
            version = event["object"]["metadata"]["resourceVersion"]
            self._take(event)
        return version

    def _take(self, event: Object) -> None:
        if event["type"] == "BOOKMARK":
            return
        pod = event["object"]
        with self._changed:
            known = self._pods if self._pods is not None else {}
            if event["type"] == "DELETED":
                known.pop(pod["metadata"]["uid"], None)
            else:
                known[pod["metadata"]["uid"]] = pod
            self._changed.notify_all()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            since = self._failure[0] if self._failure else time.monotonic()
            self._failure = since, error
            self._pods = None
            self._changed.notify_all()


def _subject(event: Object) -> tuple[str, str]:
    """(namespace, name) of what an event tells of."""
    about = event["involvedObject"]
    return about.get("namespace", ""), about.get("name", "")


def _moment(event: Object) -> str:
    return event.get("lastTimestamp") or event.get("eventTime") or ""
