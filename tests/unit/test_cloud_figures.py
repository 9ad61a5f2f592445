"""What clouds measure of instances, as they say it."""

from types import SimpleNamespace
from typing import Any

import pytest

from adaptors.vim.kubernetes import measuring as kubernetes
from adaptors.vim.kubernetes.calls import ApiError, Refusal
from adaptors.vim.openstack import measuring as openstack
from adaptors.vim.openstack.servers import Point
from adaptors.vim.port import Figures, MeasuringVim, PortCounters
from adaptors.vim.registry import open_vim
from domain.infrastructure import Resources
from domain.instances import PopAccess

POINTS = (
    Point(connection_point="front", port_id="p1", mac="fa:16:3e:00:00:0A", address="10.0.0.5"),
    Point(connection_point="", port_id="p2", mac="fa:16:3e:00:00:0b", address="10.0.0.6"),
)


def pod(name: str, space: str = "shop") -> dict[str, Any]:
    return {"metadata": {"namespace": space, "name": name}}


def told(name: str, *usage: dict[str, str], space: str = "shop") -> dict[str, Any]:
    containers = [{"name": f"c{n}", "usage": each} for n, each in enumerate(usage)]
    return {**pod(name, space), "containers": containers}


class Api:
    """An API server that answers one thing."""

    def __init__(self, answer: Any) -> None:
        self.timeout_s = 5.0
        self.connection = self
        self.answer = answer
        self.paths: list[str] = []

    def request(self, asked: Any) -> Any:
        self.paths.append(asked.path)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_containers_of_a_pod_add_up_and_pods_of_others_do_not_count() -> None:
    usage = [
        told("web-x", {"cpu": "250m", "memory": "64Mi"}, {"cpu": "1500000n", "memory": "1Mi"}),
        told("web-x", {"cpu": "9", "memory": "9Gi"}, space="other"),
    ]
    found = kubernetes.figures({"web-1": pod("web-x"), "web-2": pod("web-y")}, usage)
    assert found == {"web-1": Figures(cpu_cores=0.2515, memory_mib=65)}


def test_one_namespace_is_asked_by_itself_and_several_together() -> None:
    api = Api({"items": None})
    assert kubernetes.measured(api, {}) == {}  # type: ignore[arg-type]
    assert api.paths == []
    kubernetes.measured(api, {"web-1": pod("a")})  # type: ignore[arg-type]
    kubernetes.measured(api, {"web-1": pod("a"), "db-1": pod("b", "other")})  # type: ignore[arg-type]
    root = "/apis/metrics.k8s.io/v1beta1"
    assert api.paths == [f"{root}/namespaces/shop/pods", f"{root}/pods"]


def test_a_cluster_that_measures_nothing_says_so() -> None:
    missing = Api(ApiError(404, "NotFound", "the server could not find the requested resource"))
    with pytest.raises(Refusal, match=r"no metrics\.k8s\.io"):
        kubernetes.measured(missing, {"web-1": pod("a")})  # type: ignore[arg-type]
    forbidden = Api(ApiError(403, "Forbidden", "pods is forbidden"))
    with pytest.raises(ApiError, match="pods is forbidden"):
        kubernetes.measured(forbidden, {"web-1": pod("a")})  # type: ignore[arg-type]


def test_diagnostics_of_a_server_are_by_connection_point() -> None:
    card = {
        "mac_address": "FA:16:3E:00:00:0a",
        "rx_octets": 10,
        "rx_packets": 2,
        "rx_drop": 1,
        "tx_octets": 7,
    }
    said = SimpleNamespace(
        cpu_details=[{"id": 0, "time": 1_500_000_000}, {"id": 1, "time": None}],
        memory_details={"maximum": 512, "used": 128},
        nic_details=[card, {"mac_address": "fa:16:3e:99:99:99", "rx_octets": 5}],
    )
    front = PortCounters(rx_packets=2, rx_bytes=10, rx_dropped=1, tx_packets=0, tx_bytes=7)
    expected = Figures(cpu_s=1.5, memory_mib=128, ports={"front": front})
    assert openstack.figures(said, POINTS) == expected


def test_a_hypervisor_that_tells_nothing_gives_no_zeros() -> None:
    said = SimpleNamespace(cpu_details=None, memory_details=None, nic_details=None)
    assert openstack.figures(said, POINTS) == Figures()


def test_which_vims_measure(tmp_path: Any) -> None:
    access = PopAccess(name="north", capacity=Resources.of(1, 1, 1), credential="mine")
    measuring = {
        kind: isinstance(open_vim(kind, access, tmp_path), MeasuringVim)
        for kind in ("modelled", "kubernetes")
    }
    assert measuring == {"modelled": False, "kubernetes": True}
