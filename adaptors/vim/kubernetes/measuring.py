"""What metrics.k8s.io tells of pods, where a cluster has it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import ApiError, Refusal
from adaptors.vim.kubernetes.capacity import Amount, amount_of
from adaptors.vim.kubernetes.connection import Object, Request
from adaptors.vim.port import Figures

_PATH = "/apis/metrics.k8s.io/v1beta1"


def measured(api: Api, pods: Mapping[str, Object]) -> dict[str, Figures]:
    """Instance -> what its pod uses; those that nothing is known of yet are left out.

    :param pods: instance -> its pod
    :raises Refusal: where the cluster measures nothing
    """
    if not pods:
        return {}
    spaces = {pod["metadata"]["namespace"] for pod in pods.values()}
    return figures(pods, _asked(api, spaces))


def figures(pods: Mapping[str, Object], told: Iterable[Object]) -> dict[str, Figures]:
    """The same, of what was told. Pure."""
    used = {(each["metadata"]["namespace"], each["metadata"]["name"]): _sum(each) for each in told}
    found = {
        name: used.get((pod["metadata"]["namespace"], pod["metadata"]["name"])) for name, pod in pods.items()
    }
    return {
        name: Figures(cpu_cores=float(amount.cpu), memory_mib=float(amount.memory))
        for name, amount in found.items()
        if amount is not None
    }


def _asked(api: Api, spaces: Collection[str]) -> list[Any]:
    within = f"/namespaces/{next(iter(spaces))}" if len(spaces) == 1 else ""
    query = {"labelSelector": naming.selector(naming.MANAGED)}
    asked = Request("GET", f"{_PATH}{within}/pods", query, None, "application/json", api.timeout_s)
    try:
        items: list[Any] = api.connection.request(asked).get("items") or []
    except ApiError as error:
        if error.status == 404:
            raise Refusal("this cluster has no metrics.k8s.io, so nothing measures its pods") from None
        raise
    return items


def _sum(told: Object) -> Amount:
    total = Amount()
    for container in told.get("containers") or ():
        total = total.plus(amount_of(container.get("usage", {})))
    return total
