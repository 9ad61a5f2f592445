"""What a cluster has, and what of it is asked for. Pure."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from adaptors.vim.kubernetes.connection import Object
from domain.infrastructure import Resources

_UNITS = {
    "n": Decimal(10) ** -9,
    "u": Decimal(10) ** -6,
    "m": Decimal(10) ** -3,
    "": Decimal(1),
    **{letter: Decimal(10) ** (3 * power) for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": Decimal(2) ** (10 * power) for power, letter in enumerate("KMGTPE", 1)},
}


class Amount(NamedTuple):
    """Of each resource: CPUs, MiB, GiB, as exact numbers."""

    cpu: Decimal = Decimal(0)
    memory: Decimal = Decimal(0)
    disk: Decimal = Decimal(0)

    def plus(self, other: "Amount") -> "Amount":
        return Amount(*(one + two for one, two in zip(self, other, strict=True)))

    def least(self, other: "Amount") -> "Amount":
        return Amount(*map(min, self, other))

    def minus(self, other: "Amount") -> "Amount":
        return Amount(*(one - two for one, two in zip(self, other, strict=True)))


def quantity(text: str | int | float) -> Decimal:
    """A number as Kubernetes writes it: `250m`, `1.5Gi`, `1e3`."""
    said = str(text)
    number = said.rstrip("numkKMGTPEi")
    unit = said[len(number) :]
    return Decimal(number) * _UNITS[unit]


def amount_of(resources: Mapping[str, str]) -> Amount:
    """Of what a node has to give, or a container asks for."""
    return Amount(
        cpu=quantity(resources.get("cpu", "0")),
        memory=quantity(resources.get("memory", "0")) / 2**20,
        disk=quantity(resources.get("ephemeral-storage", "0")) / 2**30,
    )


def counts(node: Object, selector: Mapping[str, str]) -> bool:
    """Whether pods of this PoP may be placed on a node."""
    ready = any(
        each["type"] == "Ready" and each["status"] == "True" for each in node["status"].get("conditions", ())
    )
    taints = node["spec"].get("taints") or ()
    closed = node["spec"].get("unschedulable") or any(each["effect"] != "PreferNoSchedule" for each in taints)
    return ready and not closed and selector.items() <= node["metadata"].get("labels", {}).items()


def asked_by(pod: Object) -> Amount:
    """What a pod keeps: the sum of its containers, or the largest of those before them, and its overhead."""
    spec = pod["spec"]
    total = Amount()
    for container in spec["containers"]:
        total = total.plus(_requests(container))
    for container in spec.get("initContainers") or ():
        total = Amount(*map(max, total, _requests(container)))
    return total.plus(amount_of(spec.get("overhead") or {}))


def capacity(
    declared: Resources, nodes: Iterable[Amount], ours: Iterable[Amount], others: Iterable[Amount]
) -> tuple[Resources, Resources]:
    """(total, used): the total is no more than what is declared, and what is left is there in the cluster.

    :param ours: what pods of this PoP ask for
    :param others: what all other pods ask for that run on its nodes
    """
    limit = Amount(Decimal(declared.vcpus), Decimal(declared.memory), Decimal(declared.disk))
    offered, mine, foreign = _sum(nodes), _sum(ours), _sum(others)
    total = limit.least(offered)
    left = limit.minus(mine).least(offered.minus(mine).minus(foreign))
    return _down(total), _up(total.minus(left))


def _requests(container: Object) -> Amount:
    return amount_of((container.get("resources") or {}).get("requests") or {})


def _sum(amounts: Iterable[Amount]) -> Amount:
    total = Amount()
    for each in amounts:
        total = total.plus(each)
    return total


def _down(amount: Amount) -> Resources:
    return Resources.of(*(max(0, math.floor(each)) for each in amount))


def _up(amount: Amount) -> Resources:
    return Resources.of(*(max(0, math.ceil(each)) for each in amount))
