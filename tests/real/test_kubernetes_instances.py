"""Instances at a real Kubernetes: how they share workloads, change, are exposed, and go."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.connection import Object
from domain.errors import VimRefusedError
from domain.instances import InstanceStatus
from tests.contract.kubernetes_site import SECRET, KubernetesSite
from tests.real.kubernetes_cluster import behind_proxy, kubeconfig, quiet, site, spec

__all__ = ["kubeconfig", "site"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


def deployments(site: KubernetesSite) -> list[Object]:
    return list(site.api.list("Deployment", site.namespace()))


class Availability:
    """How few pods were ready at any moment while something happened."""

    def __init__(self, site: KubernetesSite) -> None:
        self._site = site
        self._over = threading.Event()
        self.least = 10**6

    def __enter__(self) -> "Availability":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            found = self._site.api.list("Pod", self._site.namespace())
            self.least = min(self.least, sum(map(ready, found)))


def ready(pod: Object) -> bool:
    return any(
        each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", ())
    )


def test_instances_that_are_made_alike_share_a_deployment_that_scales(site: KubernetesSite) -> None:
    vim = site.open()
    for number in range(3):
        vim.create(spec(f"shop-web-{number}"), quiet)
    (deployment,) = deployments(site)
    assert deployment["spec"]["replicas"] == 3
    vim.delete("shop-web-1", quiet)
    (deployment,) = deployments(site)
    assert deployment["spec"]["replicas"] == 2
    assert [each.name for each in vim.list({})] == ["shop-web-0", "shop-web-2"]
    assert {each.status for each in vim.list({})} == {InstanceStatus.RUNNING}


def test_six_made_at_once_are_six_pods_and_no_more_are_listed_than_for_one(
    kubeconfig: Path, tmp_path: Path
) -> None:
    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open(registry="slow")
        proxy.clear()
        started = time.monotonic()
        with ThreadPoolExecutor(6) as pool:
            names = [f"shop-web-{number}" for number in range(6)]
            made = list(pool.map(lambda name: vim.create(spec(name), quiet), names))
        took = time.monotonic() - started
        lists = proxy.count("GET", r"/api/v1/pods\?(?!.*watch)")
        assert lists <= took + 1, "one list of pods an interval"
        assert len({each.external_id for each in made}) == 6
        assert site.open().capacity()[1].vcpus == 6
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda name: vim.delete(name, quiet), names))
        assert vim.list({}) == ()
        assert site.leftovers() == []


def test_the_only_instance_is_rolled_over_with_never_none_ready(site: KubernetesSite) -> None:
    vim = site.open()
    first = vim.create(spec(), quiet)
    before = site.pod("shop-web-1")["metadata"]["uid"]
    with Availability(site) as seen:
        vim.configure("shop-web-1", {"workers": 5}, quiet)
    assert seen.least >= 1
    pod = site.pod("shop-web-1")
    assert pod["metadata"]["uid"] != before
    assert vim.read("shop-web-1") == first
    config = pod["spec"]["volumes"][0]["configMap"]["name"]
    assert (site.api.get("ConfigMap", site.namespace(), config) or {})["data"]["workers"] == "5"
    configs = [each["metadata"]["name"] for each in site.api.list("ConfigMap", site.namespace())]
    assert [name for name in configs if name.startswith("web-")] == [config]
    (deployment,) = deployments(site)
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_one_of_several_gets_its_config_alone_with_never_fewer_ready(site: KubernetesSite) -> None:
    vim = site.open()
    made = [vim.create(spec(f"shop-web-{number}"), quiet) for number in range(3)]
    with Availability(site) as seen:
        vim.configure("shop-web-1", {"workers": 5}, quiet)
    assert seen.least >= 3
    assert [each.external_id for each in vim.list({})] == [each.external_id for each in made]
    assert sorted(each["spec"]["replicas"] for each in deployments(site)) == [1, 2]
    assert vim.create(spec("shop-web-1", workers=5), quiet).external_id == made[1].external_id
    assert vim.create(spec("shop-web-2"), quiet).external_id == made[2].external_id
    for number in (0, 2):
        vim.configure(f"shop-web-{number}", {"workers": 5}, quiet)
    assert {each.status for each in vim.list({})} == {InstanceStatus.RUNNING}
    assert vim.capacity()[1].vcpus == 3


@pytest.mark.parametrize("fellows", [0, 1])
def test_a_config_that_finds_no_room_is_refused_and_the_old_one_stays(
    site: KubernetesSite, fellows: int
) -> None:
    site.add_quota(requests_cpu=str(1 + fellows))
    vim = site.open()
    made = [vim.create(spec(f"shop-web-{number}"), quiet) for number in range(1 + fellows)]
    with pytest.raises(VimRefusedError, match=r"exceeded quota.*keeps its old config"):
        vim.configure("shop-web-0", {"workers": 5}, quiet)
    assert list(vim.list({})) == made
    assert vim.create(spec("shop-web-0"), quiet) == made[0]
    assert vim.ailment("shop-web-0") is None
    assert len(deployments(site)) == 1


def test_one_that_must_be_alone_ends_before_its_successor_begins(site: KubernetesSite) -> None:
    vim = site.open()
    first = vim.create(spec(single=True), quiet)
    second = vim.create(spec("shop-web-2", single=True), quiet)
    assert len(list(site.api.list("StatefulSet", site.namespace()))) == 2
    vim.configure("shop-web-1", {"workers": 5}, quiet)
    assert vim.list({}) == (first, second)
    vim.delete("shop-web-1", quiet)
    assert vim.list({}) == (second,)


def test_a_quota_is_told_of_those_that_must_be_alone_too(site: KubernetesSite) -> None:
    site.add_quota(requests_cpu="1")
    with pytest.raises(VimRefusedError, match="exceeded quota"):
        site.open().create(spec(single=True, vcpus=2), quiet)
    assert site.open().list({}) == ()


def test_a_volume_stays_with_its_instance_and_goes_with_it(site: KubernetesSite) -> None:
    vim = site.open(storage_class="lab", scheduling_timeout="30 s")
    vim.create(spec(), quiet)

    def claims() -> list[str]:
        return [each["metadata"]["uid"] for each in site.api.list("PersistentVolumeClaim", site.namespace())]

    before = claims()
    assert len(before) == 1
    assert vim.capacity()[1].disk == 1
    vim.configure("shop-web-1", {"workers": 5}, quiet)
    assert claims() == before
    vim.create(spec("shop-web-2"), quiet)
    vim.delete("shop-web-1", quiet)
    site.eventually(lambda: len(claims()) == 1)
    assert claims() != before


@pytest.mark.parametrize("exposure", ["node-port", "load-balancer"])
def test_what_users_reach_is_exposed_and_that_goes_with_its_last_instance(
    site: KubernetesSite, exposure: str
) -> None:
    vim = site.open(exposure=exposure, address="external")
    made = vim.create(spec(exposed=True), quiet)
    inner = vim.create(spec("shop-db-1", component="db"), quiet)
    kinds = {each["spec"]["type"] for each in site.api.list("Service", site.namespace())}
    assert kinds == {"ClusterIP", {"node-port": "NodePort", "load-balancer": "LoadBalancer"}[exposure]}
    assert made.address.startswith("192.0.2." if exposure == "node-port" else "203.0.113.")
    assert inner.address.startswith("10.96.")
    vim.delete("shop-web-1", quiet)
    site.eventually(
        lambda: [each["metadata"]["name"] for each in site.api.list("Service", site.namespace())] == ["db"]
    )


def test_the_pod_is_what_the_descriptor_says(site: KubernetesSite) -> None:
    site.open(node_selector={"kubernetes.io/os": "linux"}).create(spec(), quiet)
    pod = site.pod("shop-web-1")
    (container,) = pod["spec"]["containers"]
    amounts = {"cpu": "1", "memory": "128Mi", "ephemeral-storage": "1Gi"}
    assert container["resources"] == {"requests": amounts, "limits": amounts}
    variables: dict[str, Any] = {each["name"]: each for each in container["env"]}
    assert variables["MODE"]["value"] == "test"
    reference = variables["PASSWORD"]["valueFrom"]["secretKeyRef"]
    assert reference["key"] == "PASSWORD"
    assert site.api.get("Secret", site.namespace(), reference["name"]) is not None
    assert SECRET not in str(pod)
    assert pod["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}


def test_long_names_that_begin_alike_are_kept_apart(site: KubernetesSite) -> None:
    vim = site.open()
    stem = "an-instance-" * 15
    made = [
        vim.create(spec(f"{stem}{number}", component="c" * 62 + str(number)), quiet) for number in range(2)
    ]
    assert [each.name for each in vim.list({})] == [f"{stem}0", f"{stem}1"]
    assert vim.read(f"{stem}1") == made[1]
    vim.delete(f"{stem}0", quiet)
    assert [each.name for each in vim.list({})] == [f"{stem}1"]


def test_a_workload_that_nobody_ever_joined_goes_with_the_next_that_leaves(
    kubeconfig: Path, tmp_path: Path
) -> None:
    from lab.faults.rules import Fault

    with behind_proxy(kubeconfig, tmp_path) as (site, proxy):
        vim = site.open()
        vim.create(spec(), quiet)
        remove = proxy.add(Fault(path="interlace-members", method="PATCH", status=503))
        with pytest.raises(Exception, match="503"):
            vim.create(spec("shop-db-1", component="db"), quiet)
        remove()
        vim.delete("shop-db-1", quiet)
        vim.delete("shop-web-1", quiet)
        assert site.leftovers() == []


def test_what_is_not_ours_is_neither_listed_nor_counted_as_ours(site: KubernetesSite) -> None:
    vim = site.open()
    vim.create(spec(), quiet)
    other = KubernetesSite(site.home, "other-")
    assert other.open().list({}) == ()
    assert other.open().read("shop-web-1") is None
    labels = {naming.POP: site.realm}
    found = list(site.api.list("Namespace", labelSelector=naming.selector(labels)))
    assert len(found) == 1
