"""What is asked of the API server, in its terms; progress is told meanwhile, by whoever waits."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import closing
from typing import Any, TypeVar

from adaptors.vim.kubernetes.calls import ApiError
from adaptors.vim.kubernetes.connection import Connection, Object, Request
from adaptors.vim.kubernetes.naming import MANAGER
from adaptors.vim.port import Progress

T = TypeVar("T")

_PACE_S = 0.1
"""Between two words on the progress."""
_TRIES = 8
_PAGE = 500
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_STEPS = "application/json-patch+json"

_KINDS = {
    "Namespace": ("", "namespaces"),
    "Node": ("", "nodes"),
    "Pod": ("", "pods"),
    "Service": ("", "services"),
    "ConfigMap": ("", "configmaps"),
    "Secret": ("", "secrets"),
    "Event": ("", "events"),
    "PersistentVolumeClaim": ("", "persistentvolumeclaims"),
    "ServiceAccount": ("", "serviceaccounts"),
    "ResourceQuota": ("", "resourcequotas"),
    "LimitRange": ("", "limitranges"),
    "Deployment": ("apps", "deployments"),
    "StatefulSet": ("apps", "statefulsets"),
    "DaemonSet": ("apps", "daemonsets"),
    "Job": ("batch", "jobs"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "PodDisruptionBudget": ("policy", "poddisruptionbudgets"),
}
"""Kind -> (API group, its name in paths)."""

_VERSIONS = {
    "apps": ("v1",),
    "batch": ("v1",),
    "networking.k8s.io": ("v1",),
    "policy": ("v1", "v1beta1"),
}
"""API group -> the versions that we know, best first: which of them a cluster has is for it to say."""


class Api:
    """The API of one cluster, for one call to the VIM."""

    def __init__(
        self, connection: Connection, timeout_s: float, progress: Progress | None = None, what: str = ""
    ) -> None:
        self.connection = connection
        self.timeout_s = timeout_s
        self._progress = progress
        self._what = what

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """An object, or None where there is none of this name."""
        try:
            return self._call("GET", self.path(kind, namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: str, namespace: str = "", **query: str) -> Iterator[Object]:
        """The objects of a kind, of all namespaces unless one is named; by pages, so that none is too large.

        :param query: labelSelector, fieldSelector
        """
        return self._pages(kind, namespace, query, "application/json")

    def names(self, kind: str, namespace: str, **query: str) -> Iterator[Object]:
        """As `list`, but only what stands in the objects' metadata: their contents are not ours to read."""
        return self._pages(kind, namespace, query, _METADATA)

    def _pages(self, kind: str, namespace: str, query: Mapping[str, str], media: str) -> Iterator[Object]:
        more = {"limit": str(_PAGE), **query}
        while True:
            page = self._call("GET", self.path(kind, namespace), more, media=media)
            yield from page["items"] or ()  # null, where only metadata is asked for
            token = page["metadata"].get("continue")
            if not token:
                return
            more["continue"] = token

    def apply(self, body: Object) -> Object:
        """Find or make an object, and make the fields that we name so: those of other managers are theirs."""
        meta = body["metadata"]
        body = {"apiVersion": self.version(body["kind"]), **body}
        path = self.path(body["kind"], meta.get("namespace", ""), meta["name"])
        query = {"fieldManager": MANAGER}
        asked = Request("PATCH", path, query, body, _APPLY, self.timeout_s)
        for _ in range(1 if "resourceVersion" in meta else _TRIES):
            try:
                return self._awaited(self.connection.share(asked))
            except ApiError as error:
                if not error.is_race:
                    raise
                lost = error
        raise lost

    def merge(self, kind: str, namespace: str, name: str, body: Object) -> Object:
        """Change some fields of an object; where the body names a resource version, of that one only."""
        query = {"fieldManager": f"{MANAGER}-members"}
        path = self.path(kind, namespace, name)
        return self._call("PATCH", path, query, body, _MERGE)

    def patch(self, kind: str, namespace: str, name: str, steps: Sequence[Object]) -> Object:
        """Change an object by steps of JSON Patch, all or none; of what it was only their tests must hold.

        :raises ApiError: of status 422 where a test does not hold
        """
        query = {"fieldManager": f"{MANAGER}-members"}
        return self._call("PATCH", self.path(kind, namespace, name), query, steps, _STEPS)

    def gone_within(self, kind: str, found: Object, seconds: int) -> bool:
        """Watch an object that is on its way out, for so long at most: whether it is gone."""
        meta = found["metadata"]
        query = {
            "fieldSelector": f"metadata.name={meta['name']}",
            "resourceVersion": meta["resourceVersion"],
            "timeoutSeconds": str(seconds),
            "watch": "true",
        }
        path = self.path(kind, meta.get("namespace", ""))
        asked = Request("GET", path, query, timeout_s=2.0 * seconds)

        def watch() -> bool:
            with closing(self.connection.events(asked)) as events:
                return any(event["type"] == "DELETED" for event in events)

        return self.attended(watch)

    def create(self, body: Object) -> Object:
        """Make an object that must not be there."""
        body = {"apiVersion": self.version(body["kind"]), **body}
        path = self.path(body["kind"], body["metadata"].get("namespace", ""))
        return self._call("POST", path, {"fieldManager": MANAGER}, body)

    def scale(self, kind: str, namespace: str, name: str, version: str, replicas: int) -> None:
        """Set the replicas of a workload, of that resource version only."""
        meta = {"name": name, "namespace": namespace, "resourceVersion": version}
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": meta,
            "spec": {"replicas": replicas},
        }
        self._call("PUT", f"{self.path(kind, namespace, name)}/scale", {"fieldManager": MANAGER}, body)

    def delete(
        self, kind: str, namespace: str, name: str, preconditions: Mapping[str, str] | None = None
    ) -> None:
        """Delete an object, a workload after all of its pods; not there is no error.

        :param preconditions: uid, resourceVersion that it must have
        """
        waits = kind in ("Deployment", "StatefulSet")
        body: Object = {"propagationPolicy": "Foreground" if waits else "Background"}
        if preconditions:
            body["preconditions"] = dict(preconditions)
        try:
            self._call("DELETE", self.path(kind, namespace, name), {}, body)
        except ApiError as error:
            if error.status != 404:
                raise

    def path(self, kind: str, namespace: str = "", name: str = "") -> str:
        """Where the API has a kind, or an object of it."""
        group, plural = _KINDS[kind]
        root = f"/apis/{self.version(kind)}" if group else "/api/v1"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{within}/{plural}{'/' + name if name else ''}"

    def version(self, kind: str) -> str:
        """Of the API group of a kind, as objects name it."""
        group = _KINDS[kind][0]
        if not group:
            return "v1"
        connection = self.connection
        if not connection.discovered:
            self.attended(lambda: connection.discover(self.timeout_s))
        return f"{group}/{connection.version(group, _VERSIONS[group])}"

    def attended(self, call: Callable[[], T]) -> T:
        """Let another thread make a call, and tell the progress until it is done."""
        if self._progress is None:
            return call()
        return self._awaited(self.connection.submit(call))

    def tell(self) -> None:
        """Say what goes on; where whoever is told raises, this does."""
        if self._progress is not None:
            self._progress(self._what)

    def _awaited(self, future: "Future[T]") -> T:
        while True:
            self.tell()
            try:
                return future.result(_PACE_S)
            except NotYet:
                if future.done():
                    raise

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        media: str = "application/json",
    ) -> Object:
        asked = Request(method, path, query or {}, body, media, self.timeout_s)
        return self.attended(lambda: self.connection.request(asked))


def rest(seconds: float, progress: Progress, words: str) -> None:
    """Wait a while, and tell the progress meanwhile."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress(words)
        time.sleep(min(_PACE_S, left))
