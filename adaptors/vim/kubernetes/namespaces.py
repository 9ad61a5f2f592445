"""Namespaces: one for each service and tenant at a PoP, made with the first instance, gone with the last."""

import time
from collections.abc import Iterator, Mapping

from adaptors.vim.kubernetes import naming, policies
from adaptors.vim.kubernetes.api import Api, rest
from adaptors.vim.kubernetes.calls import ApiError, Refusal, Unready
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.members import KINDS, Kind, parse
from adaptors.vim.kubernetes.settings import KubernetesSettings
from adaptors.vim.port import Progress

_COMING = f"coming.{naming.DOMAIN}"
"""Begins annotations of a namespace, one for each instance that is being made in it."""
_COMING_S = 120.0
"""After which who came has died on the way."""
_LOOK_S = 1.0
_WATCH_S = 5
_TRIES = 5
_FOREIGN = (
    *KINDS,
    "DaemonSet",
    "Job",
    "Pod",
    "Service",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "ServiceAccount",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
)
"""What somebody else may have put into a namespace."""
_CERTIFICATES = ("kube-root-ca.crt", "openshift-service-ca.crt")
"""ConfigMaps that clusters put into each namespace."""


class Terminating(Unready):
    """A namespace is on its way out."""


class Namespaces:
    """The namespaces of one PoP."""

    def __init__(self, api: Api, pop: str, settings: KubernetesSettings, progress: Progress) -> None:
        self._api = api
        self._pop = pop
        self._settings = settings
        self._progress = progress

    def name(self, tags: Mapping[str, str]) -> str:
        """Of a tenant's service."""
        prefix = self._settings.namespace_prefix
        return naming.namespace_name(
            f"{self._pop}-" if prefix is None else prefix, self._pop, tags["service"], tags["tenant"]
        )

    def enter(self, tags: Mapping[str, str], instance: str) -> str:
        """Find or make the namespace, closed to all traffic, and keep it while an instance is made in it.

        :raises Terminating: if it is on its way out
        :raises Refusal: if it is somebody else's
        """
        name = self.name(tags)
        found = self._marked(name, tags, instance)
        if "deletionTimestamp" in found["metadata"]:
            raise Terminating(f"namespace {name} is being deleted")
        self._check(found, tags)
        self._api.apply(policies.closed(self._pop, tags, name, self._settings))
        return name

    def entered(self, name: str, instance: str) -> None:
        """The instance is there, or will not be."""
        try:
            self._mark(name, instance, None)
        except ApiError as error:
            if error.status != 404:
                raise

    def awaiting(self, instance: str) -> list[str]:
        """The namespaces in which an instance was being made when somebody looked last."""
        ours = naming.selector({**naming.MANAGED, naming.POP: self._pop})
        mark = _mark_of(instance)
        found = self._api.list("Namespace", labelSelector=ours)
        return [each["metadata"]["name"] for each in found if mark in each["metadata"].get("annotations", {})]

    def wait_gone(self, name: str) -> None:
        """Wait until a namespace that is on its way out is gone.

        :raises Unready: if it is not gone in time, saying what holds it
        """
        end = time.monotonic() + self._settings.ready_timeout
        while (found := self._api.get("Namespace", "", name)) is not None:
            if "deletionTimestamp" not in found["metadata"]:
                return
            words = f"namespace {name} is being deleted{_held_by(found)}"
            if time.monotonic() >= end:
                raise Terminating(f"after {self._settings.ready_timeout:g} s: {words}")
            self._until_changed(found, words)

    def _until_changed(self, going: Object, words: str) -> None:
        """Until it is gone, or for a while; without the right to watch, for a shorter one."""
        self._progress(words)
        try:
            self._api.gone_within("Namespace", going, _WATCH_S)
        except ApiError as error:
            if error.status != 403:
                raise
            rest(_LOOK_S, self._progress, words)

    def tidy(self, name: str) -> None:
        """Delete what no instance in a namespace needs any more; the namespace itself with the last.

        It stays where somebody else keeps something in it, or an instance is on its way into it.
        """
        found = self._api.get("Namespace", "", name)
        if found is None:
            return
        if "deletionTimestamp" not in found["metadata"]:
            if not _is_ours(found) or _anybody_coming(found):
                return
            if needed := self._needed(name):
                self._clear_services(name, needed)
                return
            if foreign := list(self._foreign(name)):
                self._progress(f"namespace {name} stays: it holds {', '.join(foreign)}, not of Interlace")
                self._clear_services(name, needed)
                return
            if not self._deleted("Namespace", found):
                return
        self.wait_gone(name)

    def _needed(self, name: str) -> set[str]:
        """The components that have workloads; one that nobody ever joined goes."""
        ours = naming.selector({**naming.MANAGED, naming.POP: self._pop})
        needed = set()
        for kind in KINDS:
            for found in self._api.list(kind, name, labelSelector=ours):
                if not self._empty_gone(kind, found):
                    needed.add(found["metadata"]["labels"].get(naming.COMPONENT, ""))
        return needed

    def _empty_gone(self, kind: Kind, found: Object) -> bool:
        """Whether a workload is gone, or about to be, as nobody is in it."""
        now: Object | None = found
        for _ in range(_TRIES):
            if now is None:
                return True
            if parse(kind, now).members:
                return False
            if self._deleted(kind, now):
                return True
            now = self._api.get(kind, found["metadata"]["namespace"], found["metadata"]["name"])
        raise Unready(f"others keep changing {kind} {found['metadata']['name']}")

    def _clear_services(self, name: str, needed: set[str]) -> None:
        ours = naming.selector({**naming.MANAGED, naming.POP: self._pop})
        for service in self._api.list("Service", name, labelSelector=ours):
            if service["metadata"]["labels"].get(naming.COMPONENT) not in needed:
                self._api.delete("Service", name, service["metadata"]["name"], _exactly(service))

    def _deleted(self, kind: str, found: Object) -> bool:
        """False where it has changed since: somebody may have come."""
        meta = found["metadata"]
        try:
            self._api.delete(kind, meta.get("namespace", ""), meta["name"], _exactly(found))
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True

    def _marked(self, name: str, tags: Mapping[str, str], instance: str) -> Object:
        for _ in range(_TRIES):
            now = f"{time.time():.0f}"
            try:
                return self._mark(name, instance, now)
            except ApiError as error:
                if error.status != 404:
                    raise
            try:
                return self._api.create(_namespace(self._pop, tags, name, {_mark_of(instance): now}))
            except ApiError as error:
                if error.status != 409:
                    raise
        raise Terminating(f"namespace {name} comes and goes")

    def _mark(self, name: str, instance: str, value: str | None) -> Object:
        mark = {_mark_of(instance): value}
        return self._api.merge("Namespace", "", name, {"metadata": {"annotations": mark}})

    def _check(self, found: Object, tags: Mapping[str, str]) -> None:
        name, labels = found["metadata"]["name"], found["metadata"].get("labels", {})
        wanted = naming.service_labels(self._pop, tags)
        if not _is_ours(found):
            hint = " ".join(f"{key}={value}" for key, value in wanted.items())
            raise Refusal(
                f"namespace {name} is there and not Interlace's; to hand it over: "
                f"kubectl label namespace {name} {hint}"
            )
        if labels.get(naming.POP) != self._pop:
            raise Refusal(
                f"namespace {name} is of PoP {labels.get(naming.POP)}: "
                "two PoPs in one cluster need different settings.namespace_prefix"
            )

    def _foreign(self, name: str) -> Iterator[str]:
        for kind in _FOREIGN:
            for found in self._list_foreign(kind, name):
                if not _comes_by_itself(kind, found):
                    yield f"{kind} {found['metadata']['name']}"

    def _list_foreign(self, kind: str, name: str) -> list[Object]:
        """What may not be listed is not for us to judge."""
        not_ours = f"app.kubernetes.io/managed-by!={naming.MANAGER}"
        try:
            return list(self._api.names(kind, name, labelSelector=not_ours))
        except ApiError as error:
            if error.status in (403, 404):
                return []
            raise


def _namespace(pop: str, tags: Mapping[str, str], name: str, mark: Mapping[str, str]) -> Object:
    said = {f"{naming.DOMAIN}/full-{key}": tags[key] for key in ("service", "tenant")}
    labels = naming.service_labels(pop, tags)
    return {
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels, "annotations": {**said, **mark}},
    }


def _exactly(found: Object) -> dict[str, str]:
    """What keeps an object from being deleted that somebody has changed since."""
    meta = found["metadata"]
    return {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}


def _mark_of(instance: str) -> str:
    return f"{_COMING}/{naming.digest(instance, 16)}"


def _is_ours(found: Object) -> bool:
    labels: dict[str, str] = found["metadata"].get("labels", {})
    return naming.MANAGED.items() <= labels.items()


def _anybody_coming(found: Object) -> bool:
    annotations = found["metadata"].get("annotations", {})
    marks = [value for key, value in annotations.items() if key.startswith(f"{_COMING}/")]
    return any(float(value) > time.time() - _COMING_S for value in marks)


def _comes_by_itself(kind: str, found: Object) -> bool:
    """What the cluster puts into each namespace, and what goes with its owner."""
    meta = found["metadata"]
    if kind == "ServiceAccount":
        return bool(meta["name"] == "default")
    if kind == "Secret" and "kubernetes.io/service-account.name" in meta.get("annotations", {}):
        return True
    return meta["name"] in _CERTIFICATES or bool(meta.get("ownerReferences"))


def _held_by(found: Object) -> str:
    """What is left in a namespace, in the words of what deletes it."""
    conditions = found.get("status", {}).get("conditions") or ()
    words = [each.get("message", "") for each in conditions if each["status"] == "True"]
    return f": {'; '.join(words)}" if words else ""
