"""How full a cluster is, as far as a PoP is concerned."""

from collections.abc import Iterator
from decimal import Decimal

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.capacity import Amount, amount_of, asked_by, capacity, counts, quantity
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.settings import KubernetesSettings
from domain.infrastructure import Resources

_ALIVE = "status.phase!=Succeeded,status.phase!=Failed"


def occupancy(
    api: Api, pop: str, declared: Resources, settings: KubernetesSettings
) -> tuple[Resources, Resources]:
    """(total, used): allocatable of the nodes that take pods, and what all pods on them ask for."""
    nodes = {
        node["metadata"]["name"]: amount_of(node["status"].get("allocatable", {}))
        for node in api.list("Node")
        if counts(node, settings.node_selector)
    }
    pods = list(api.list("Pod", fieldSelector=_ALIVE))
    ours = [asked_by(pod) for pod in pods if _is_ours(pod, pop)]
    others = [
        asked_by(pod) for pod in pods if not _is_ours(pod, pop) and pod["spec"].get("nodeName") in nodes
    ]
    if settings.storage_class is None:
        return capacity(declared, nodes.values(), ours, others)
    # Volumes come from elsewhere: there is as much of that as is declared.
    room = Amount(disk=Decimal(declared.disk))
    offered = [*(each._replace(disk=Decimal(0)) for each in nodes.values()), room]
    return capacity(declared, offered, [*ours, *_volumes(api, pop)], _without_disk(others))


def _is_ours(pod: Object, pop: str) -> bool:
    wanted = {**naming.MANAGED, naming.POP: pop}
    labels: dict[str, str] = pod["metadata"].get("labels", {})
    return wanted.items() <= labels.items()


def _volumes(api: Api, pop: str) -> Iterator[Amount]:
    ours = naming.selector({**naming.MANAGED, naming.POP: pop})
    for claim in api.list("PersistentVolumeClaim", labelSelector=ours):
        asked = claim["spec"]["resources"]["requests"]["storage"]
        yield Amount(disk=quantity(asked) / 2**30)


def _without_disk(amounts: list[Amount]) -> list[Amount]:
    return [each._replace(disk=Decimal(0)) for each in amounts]
