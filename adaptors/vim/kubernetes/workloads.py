"""The workloads of a PoP: found by their instances, joined and left by them under optimistic locks."""

import random
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from adaptors.vim.kubernetes import manifests, naming
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import ApiError, Refusal, Unready
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.members import (
    KINDS,
    Kind,
    Member,
    Workload,
    parse,
    staying,
    template_of,
    written,
)
from adaptors.vim.kubernetes.settings import KubernetesSettings
from domain.instances import InstanceSpec

_TRIES = 40
_NAMES = 5


class Going(Unready):
    """A workload is on its way out, or was when it was looked at last."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        super().__init__(f"{workload.kind} {workload.namespace}/{workload.name} is being deleted")


class Held(NamedTuple):
    """An instance and the workload that has it."""

    workload: Workload
    member: Member


class Workloads:
    """The Deployments and StatefulSets of one PoP."""

    def __init__(self, api: Api, pop: str, settings: KubernetesSettings) -> None:
        self._api = api
        self._pop = pop
        self._settings = settings

    def holding(self, name: str) -> list[Held]:
        """Who has an instance of that name: where it is first, then where it comes from or goes to."""
        found = self._list(f"{naming.member_key(name)}")
        held = [Held(each, member) for each in found if (member := each.member(name)) is not None]
        return sorted(held, key=lambda one: (one.member.state == "here", one.member.turn), reverse=True)

    def of(self, labels: Mapping[str, str]) -> list[Workload]:
        """Those that carry all of these labels."""
        return list(self._list(naming.selector(labels)))

    def get(self, kind: Kind, namespace: str, name: str) -> Workload | None:
        """The workload of that name, if it is ours."""
        found = self._api.get(kind, namespace, name)
        if found is None:
            return None
        if not naming.MANAGED.items() <= found["metadata"].get("labels", {}).items():
            raise Refusal(f"there is a {kind} {namespace}/{name} that is not Interlace's")
        return parse(kind, found)

    def again(self, workload: Workload) -> Workload | None:
        """The same workload as it is now; None where it is gone."""
        found = self.get(workload.kind, workload.namespace, workload.name)
        return found if found is not None and found.uid == workload.uid else None

    def fitting(self, spec: InstanceSpec, namespace: str) -> Workload:
        """Find or make the workload of instances like this one.

        :raises Going: if one of its name is on its way out
        """
        kind = manifests.workload_kind(spec, self._settings)
        template = template_of(spec, kind)
        for attempt in range(_NAMES):
            name = naming.workload_name(spec.tags["component"], template, attempt)
            found = self.get(kind, namespace, name)
            if found is None:
                body = manifests.workload(spec, kind, namespace, name, self._settings)
                return parse(kind, self._api.apply(body))
            if found.is_going:
                raise Going(found)
            if found.template == template:
                return found
        raise Refusal(f"all names for a {kind} of {spec.tags['component']} are taken in {namespace}")

    def joined(self, workload: Workload, spec: InstanceSpec, arriving: Member | None = None) -> Workload:
        """Make an instance a member, if it is none yet, and have a pod for it.

        :param arriving: what it is known by elsewhere, where it comes from another workload
        """
        turn = {} if arriving is None else {"turn": arriving.turn + 1, "state": "arriving"}
        known = uuid.uuid4().hex[:12] if arriving is None else arriving.id
        joining = Member.model_validate({"name": spec.name, "id": known, "tags": spec.tags, **turn})

        def join(members: tuple[Member, ...]) -> tuple[Member, ...]:
            return members if any(each.name == spec.name for each in members) else (*members, joining)

        return self.sized(self.changed(workload, join))

    def settled(self, workload: Workload, name: str) -> Workload:
        """An instance that was arriving is here."""
        return self._stated(workload, name, "here")

    def leaving(self, workload: Workload, name: str) -> Workload:
        """An instance is on its way out."""
        return self._stated(workload, name, "leaving")

    def without(self, workload: Workload, name: str) -> Workload:
        """An instance is gone."""
        return self.changed(workload, lambda members: tuple(each for each in members if each.name != name))

    def changed(
        self, workload: Workload, change: Callable[[tuple[Member, ...]], tuple[Member, ...]]
    ) -> Workload:
        """Change a workload's members, and its replicas with them, whoever else does so at the same time.

        :raises Going: if it goes, or went, meanwhile
        """
        with self._api.connection.turns.of(workload.uid, self._api.tell) as turn:
            turn.latest = self._changed(turn.latest or workload, change)
            done: Workload = turn.latest
            return done

    def _changed(
        self, workload: Workload, change: Callable[[tuple[Member, ...]], tuple[Member, ...]]
    ) -> Workload:
        now: Workload | None = workload
        for _ in _attempts():
            if now is None or now.is_going:
                raise Going(workload)
            members = change(now.members)
            if members == now.members:
                return now
            try:
                done = self._write(now, members)
            except ApiError as error:
                now = self._since(now, error)
                continue
            if done.is_going:
                raise Going(workload)
            return done
        raise Unready(f"others keep changing {workload.kind} {workload.namespace}/{workload.name}")

    def sized(self, workload: Workload) -> Workload:
        """Let a workload have as many replicas as it has instances that stay."""
        now: Workload | None = workload
        for _ in _attempts():
            if now is None or now.is_going:
                raise Going(workload)
            wanted = len(now.staying)
            if now.replicas == wanted:
                return now
            try:
                self._api.scale(now.kind, now.namespace, now.name, now.version, wanted)
            except ApiError as error:
                if error.status not in (404, 409):
                    raise
            now = self.again(workload)
        raise Unready(f"others keep changing {workload.kind} {workload.namespace}/{workload.name}")

    def reapplied(self, workload: Workload, spec: InstanceSpec) -> Workload | None:
        """Make just this version of a workload what the spec says; None where it has changed since."""
        body = manifests.workload(spec, workload.kind, workload.namespace, workload.name, self._settings)
        body["metadata"]["resourceVersion"] = workload.version
        try:
            return parse(workload.kind, self._api.apply(body))
        except ApiError as error:
            if error.is_race or error.status == 404:
                return None
            raise

    def deleted(self, workload: Workload) -> bool:
        """Begin to delete just this version of a workload; False where it has changed since."""
        if workload.is_going:
            return True
        must_be = {"uid": workload.uid, "resourceVersion": workload.version}
        try:
            self._api.delete(workload.kind, workload.namespace, workload.name, must_be)
        except ApiError as error:
            if error.status != 409:
                raise
            return False
        return True

    def _stated(self, workload: Workload, name: str, state: str) -> Workload:
        def change(members: tuple[Member, ...]) -> tuple[Member, ...]:
            return tuple(
                each.model_copy(update={"state": state}) if each.name == name else each for each in members
            )

        return self.changed(workload, change)

    def _write(self, workload: Workload, members: tuple[Member, ...]) -> Workload:
        """Only where members and template are those of before: its status changes all the time."""
        steps = [
            _step("test", ("metadata", "uid"), workload.uid),
            _step("test", ("metadata", "annotations", naming.TEMPLATE), workload.template),
            _step("test", ("metadata", "annotations", naming.MEMBERS), workload.noted),
            _step("add", ("metadata", "annotations", naming.MEMBERS), written(members)),
            *_labelling(workload.members, members),
            _step("add", ("spec", "replicas"), len(staying(members))),
        ]
        found = self._api.patch(workload.kind, workload.namespace, workload.name, steps)
        return parse(workload.kind, found)

    def _since(self, before: Workload, error: ApiError) -> Workload | None:
        """A workload after a write of it was refused, which others' writes may be the cause of."""
        if error.status not in (404, 409, 422):
            raise error
        now = self.again(before)
        same = now is not None and (now.members, now.template) == (before.members, before.template)
        if error.status == 422 and same:
            raise error
        return now

    def _list(self, labels: str) -> Iterator[Workload]:
        wanted = f"{naming.selector({**naming.MANAGED, naming.POP: self._pop})},{labels}".rstrip(",")
        for kind in KINDS:
            yield from (parse(kind, found) for found in self._api.list(kind, labelSelector=wanted))


def _labelling(before: Iterable[Member], after: Iterable[Member]) -> Iterator[Object]:
    """Steps to the labels by which a workload is found; what is not there cannot be removed."""
    here, there = {each.name for each in after}, {each.name for each in before}
    for name in sorted(here | there):
        yield _step("add", ("metadata", "labels", naming.member_key(name)), "")
    for name in sorted(there - here):
        yield _step("remove", ("metadata", "labels", naming.member_key(name)))


def _step(does: str, where: Iterable[str], value: str | int | None = None) -> Object:
    """Of JSON Patch (RFC 6902); a test for null holds where nothing is."""
    path = "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in where)
    return {"op": does, "path": path, "value": value}


def _attempts() -> Iterable[int]:
    """Rounds of a race with other writers, each after a while that differs."""
    for number in range(_TRIES):
        if number:
            time.sleep(random.uniform(0.005, 0.02) * min(number, 8))
        yield number
