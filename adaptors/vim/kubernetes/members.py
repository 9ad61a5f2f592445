"""Instances as members of workloads: a Deployment's pods are alike, and each has one of its instances."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.connection import Object
from domain.instances import HINTS, InstanceSpec
from domain.models import Model

Kind = Literal["Deployment", "StatefulSet"]
KINDS: tuple[Kind, ...] = ("Deployment", "StatefulSet")
_OWN = frozenset({"name", "tags"})
"""Fields of a spec in which instances of one workload differ."""


class Member(Model):
    """An instance of a workload, as its annotation tells."""

    name: str
    id: str
    """Stays for as long as the instance is there; one of its name that is made later has another."""
    tags: dict[str, str]
    turn: int = 0
    """How often it has moved to another workload: where two have it, the later one holds."""
    state: Literal["here", "arriving", "leaving"] = "here"


_MEMBERS = TypeAdapter(tuple[Member, ...])


@dataclass(frozen=True)
class Workload:
    """A Deployment or StatefulSet of ours as the API server told it."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    version: str
    """The resource version."""
    replicas: int
    is_going: bool
    template: str
    """The digest of what its pods are made from."""
    members: tuple[Member, ...]
    noted: str | None = None
    """The members as its annotation has them; None where there is none."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """What instances of it are made from, but for name and tags."""
    failures: tuple[str, ...] = ()
    """Why its pods cannot be made, in the API server's words."""

    @property
    def staying(self) -> tuple[Member, ...]:
        return staying(self.members)

    def member(self, name: str) -> Member | None:
        """The instance of that name."""
        return next((each for each in self.members if each.name == name), None)

    def spec(self, member: Member) -> InstanceSpec:
        """What one of its instances is made from."""
        return InstanceSpec.model_validate({**self.said, "name": member.name, "tags": member.tags})


def parse(kind: Kind, found: Object) -> Workload:
    """A workload from the API server's object."""
    meta, annotations = found["metadata"], found["metadata"].get("annotations", {})
    conditions = found.get("status", {}).get("conditions") or ()
    return Workload(
        kind=kind,
        namespace=meta["namespace"],
        name=meta["name"],
        uid=meta["uid"],
        version=meta["resourceVersion"],
        replicas=found["spec"].get("replicas", 1),
        is_going="deletionTimestamp" in meta,
        template=annotations.get(naming.TEMPLATE, ""),
        members=_MEMBERS.validate_json(annotations.get(naming.MEMBERS, "[]")),
        noted=annotations.get(naming.MEMBERS),
        said=json.loads(annotations.get(naming.SPEC, "{}")),
        failures=tuple(
            each.get("message", "")
            for each in conditions
            if each["type"] == "ReplicaFailure" and each["status"] == "True"
        ),
    )


def staying(members: Iterable[Member]) -> tuple[Member, ...]:
    """Those who have, or are to have, a pod."""
    return tuple(each for each in members if each.state != "leaving")


def written(members: Iterable[Member]) -> str:
    """Members as their annotation has them."""
    return _MEMBERS.dump_json(tuple(members)).decode()


def shared(spec: InstanceSpec) -> dict[str, Any]:
    """What a spec says of all instances that are made like it."""
    return spec.model_dump(mode="json", exclude={*_OWN, "addresses"})


def template_of(spec: InstanceSpec, kind: Kind) -> str:
    """The digest of what pods are made from; who keeps a volume, or must be alone, shares it with nobody."""
    said = {key: value for key, value in shared(spec).items() if key not in HINTS}
    alone = {"name": spec.name} if kind == "StatefulSet" else {}
    return naming.digest(json.dumps({**said, **alone}, sort_keys=True))


def differences(mine: InstanceSpec, other: InstanceSpec) -> list[str]:
    """The fields in which two specs of one name differ, addresses apart."""
    one, two = (each.model_dump(mode="json", exclude={"addresses", *HINTS}) for each in (mine, other))
    return sorted(key for key in one.keys() | two.keys() if one.get(key) != two.get(key))
