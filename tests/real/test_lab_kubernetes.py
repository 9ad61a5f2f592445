"""The Kubernetes lab itself: it comes up, goes on after any kill, and its pods live as pods do."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from adaptors.machine.processes import Process
from lab.daemons import Daemons
from lab.kubernetes import tenants, webhook
from lab.kubernetes.cluster import NODES, PARTS, Ports
from lab.kubernetes.lab import KubernetesLab
from lab.kubernetes.pods import FAIL
from lab.port import LabError, LabStatus

pytestmark = [pytest.mark.real, pytest.mark.timeout(1800)]

Object = dict[str, Any]


def say(line: str) -> None:
    print(line)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a lab of this module's own, which may be killed."""
    where = tmp_path_factory.mktemp("kubernetes") / "lab"
    yield where
    KubernetesLab(where).down(say, purge=True)


@pytest.fixture
def lab(directory: Path) -> KubernetesLab:
    """It is up, whatever the test before did."""
    found = KubernetesLab(directory)
    found.up(say)
    return found


def connected(lab: KubernetesLab, context: str) -> client.ApiClient:
    connect: Callable[..., client.ApiClient] = config.new_client_from_config
    return connect(str(lab.kubeconfig), context=context)


def core(lab: KubernetesLab, context: str = "lab") -> Any:
    """A CoreV1Api; objects are given to it as plain data, which its types do not know of."""
    return client.CoreV1Api(connected(lab, context))


def apps(lab: KubernetesLab) -> Any:
    return client.AppsV1Api(connected(lab, "lab"))


@pytest.fixture
def space(lab: KubernetesLab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace for one test."""
    name = f"space-{time.time_ns() % 10**9}"
    core(lab).create_namespace({"metadata": {"name": name}})
    until(lambda: core(lab).read_namespaced_service_account("default", name))
    yield name
    KubernetesLab(lab.kubeconfig.parent).up(say)
    core(lab).delete_namespace(name)


def until(found: Callable[[], Any], wait_s: float = 30.0) -> Any:
    """What `found` gives, once it is something and the API server refuses nothing."""
    deadline = time.monotonic() + wait_s
    last: object = None
    while time.monotonic() < deadline:
        try:
            if last := found():
                return last
        except ApiException as error:
            last = error
        time.sleep(0.1)
    raise AssertionError(f"not within {wait_s} s; last: {last}")


def make(lab: KubernetesLab, space: str, image: str, replicas: int = 1, **container: Any) -> str:
    """A deployment; its name, which its pods have as the label `app`."""
    name = image.partition(":")[0]
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": image, **container}]},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    apps(lab).create_namespaced_deployment(space, {"metadata": {"name": name}, "spec": spec})
    return name


def pods(lab: KubernetesLab, space: str, name: str) -> list[Any]:
    return list(core(lab).list_namespaced_pod(space, label_selector=f"app={name}").items)


def ready(lab: KubernetesLab, space: str, name: str, count: int) -> list[Any]:
    """The pods, once that many are ready and there are no others."""

    def look() -> list[Any]:
        found = pods(lab, space, name)
        fine = all(
            any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])
            for pod in found
        )
        return found if fine and len(found) == count else []

    return list(until(look))


def waiting(lab: KubernetesLab, space: str, name: str) -> str:
    """Why the first container of the first pod waits; empty where it does not."""
    statuses = [pod.status.container_statuses or [] for pod in pods(lab, space, name)]
    found = statuses[0][0].state.waiting if statuses and statuses[0] else None
    return str(found.reason) if found else ""


def refused(do: Callable[[], object]) -> tuple[int, str]:
    with pytest.raises(ApiException) as caught:
        do()
    return int(caught.value.status), str(caught.value.body)


def pids(status: LabStatus) -> dict[str, int | None]:
    return {service.name: service.pid for service in status.services}


def test_it_comes_up_and_says_of_each_part_where_it_is(lab: KubernetesLab) -> None:
    status = lab.status()
    assert status.up
    assert [service.name for service in status.services] == list(PARTS)
    assert {service.state for service in status.services} == {"up"}
    assert status.environment == {"KUBECONFIG": str(lab.kubeconfig)}


def test_nobody_else_can_read_its_keys(lab: KubernetesLab, directory: Path) -> None:
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    private = [lab.kubeconfig, *(directory / "keys").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    tokens = [line.split(",")[0] for line in (directory / "keys" / "tokens.csv").read_text().splitlines()]
    everything = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert tokens
    assert not any(token in everything for token in tokens)


def test_coming_up_again_starts_nothing(lab: KubernetesLab) -> None:
    before = pids(lab.status())
    began = time.monotonic()
    assert pids(lab.up(say)) == before
    assert time.monotonic() - began < 5.0


def test_its_nodes_are_in_zones_and_take_pods(lab: KubernetesLab) -> None:
    nodes = core(lab).list_node().items
    assert len(nodes) == NODES
    assert len({node.metadata.labels["topology.kubernetes.io/zone"] for node in nodes}) == NODES
    assert all(node.status.allocatable["cpu"] == "8" and not node.spec.taints for node in nodes)


@pytest.mark.parametrize("context", ["lab-wrong", "lab-expired"])
def test_a_token_that_does_not_count_is_unauthorised(lab: KubernetesLab, context: str) -> None:
    assert refused(lambda: core(lab, context).list_namespaced_pod(tenants.NAMESPACE))[0] == 401


def test_the_tenant_has_its_namespace_and_no_more(lab: KubernetesLab) -> None:
    tenant = core(lab, "lab-tenant")
    tenant.list_namespaced_pod(tenants.NAMESPACE)
    assert refused(lambda: tenant.list_namespaced_pod("default"))[0] == 403
    assert refused(lambda: tenant.create_namespace({"metadata": {"name": "more"}}))[0] == 403


def test_the_tenants_quota_is_real(lab: KubernetesLab) -> None:
    limits = {"requests": {"cpu": "5", "memory": "1Gi"}}
    pod = {
        "metadata": {"name": "large"},
        "spec": {"containers": [{"name": "a", "image": "a", "resources": limits}]},
    }
    until(lambda: core(lab).read_namespaced_resource_quota("tenant", tenants.NAMESPACE).status.used)
    tenant = core(lab, "lab-tenant")
    status, words = refused(lambda: tenant.create_namespaced_pod(tenants.NAMESPACE, pod))
    assert status == 403
    assert "exceeded quota" in words


def test_pods_become_ready_with_addresses_of_their_own(lab: KubernetesLab, space: str) -> None:
    found = ready(lab, space, make(lab, space, "web:1", 12), 12)
    assert len({pod.status.pod_ip for pod in found}) == 12
    assert {pod.spec.node_name for pod in found} == {f"lab-{number + 1}" for number in range(NODES)}


@pytest.mark.parametrize(("image", "after_s"), [("slow:1", 5.0), ("web:1", 3.0)])
def test_a_pod_is_not_ready_before_its_time(
    lab: KubernetesLab, space: str, image: str, after_s: float
) -> None:
    probe = None if "slow" in image else {"httpGet": {"port": 80}, "initialDelaySeconds": 3}
    began = time.monotonic()
    name = make(lab, space, image, readinessProbe=probe)
    ready(lab, space, name, 1)
    assert after_s <= time.monotonic() - began < after_s + 10


@pytest.mark.parametrize(
    ("image", "reason"),
    [("missing:1", "ImagePullBackOff"), ("crash:1", "CrashLoopBackOff"), ("oom:1", "CrashLoopBackOff")],
)
def test_images_that_do_not_run_say_why(lab: KubernetesLab, space: str, image: str, reason: str) -> None:
    name = make(lab, space, image)
    until(lambda: waiting(lab, space, name) == reason)
    if image == "oom:1":
        state = pods(lab, space, name)[0].status.container_statuses[0].last_state.terminated
        assert (state.reason, state.exit_code) == ("OOMKilled", 137)
    events = until(
        lambda: [each for each in core(lab).list_namespaced_event(space).items if each.type == "Warning"]
    )
    assert any(name in each.involved_object.name for each in events)


def test_a_pod_that_fits_nowhere_is_unschedulable(lab: KubernetesLab, space: str) -> None:
    name = make(lab, space, "web:1", resources={"requests": {"cpu": "99"}})

    def why() -> list[str]:
        conditions = [each for pod in pods(lab, space, name) for each in pod.status.conditions or []]
        return [each.message for each in conditions if each.reason == "Unschedulable"]

    assert "Insufficient cpu" in until(why)[0]


def test_trouble_comes_to_a_pod_that_runs_and_goes_again(lab: KubernetesLab, space: str) -> None:
    name = make(lab, space, "web:1")
    pod = ready(lab, space, name, 1)[0].metadata.name
    core(lab).patch_namespaced_pod(pod, space, {"metadata": {"annotations": {FAIL: "oom"}}})
    until(lambda: waiting(lab, space, name) == "CrashLoopBackOff")
    core(lab).patch_namespaced_pod(pod, space, {"metadata": {"annotations": {FAIL: None}}})
    ready(lab, space, name, 1)


def test_a_pod_that_is_deleted_gets_a_successor(lab: KubernetesLab, space: str) -> None:
    name = make(lab, space, "web:1", 2)
    first = ready(lab, space, name, 2)[0]
    core(lab).delete_namespaced_pod(first.metadata.name, space)
    until(lambda: first.metadata.uid not in {pod.metadata.uid for pod in pods(lab, space, name)})
    ready(lab, space, name, 2)


def test_what_is_stubborn_stays_for_its_grace_period(lab: KubernetesLab, space: str) -> None:
    name = make(lab, space, "stubborn:1")
    pod = ready(lab, space, name, 1)[0].metadata
    core(lab).delete_namespaced_pod(pod.name, space, grace_period_seconds=3)
    began = time.monotonic()
    until(lambda: pod.uid not in {each.metadata.uid for each in pods(lab, space, name)})
    assert 2.0 <= time.monotonic() - began < 12.0


def test_a_finalizer_holds_a_pod_and_nothing_else_does(lab: KubernetesLab, space: str) -> None:
    body = {
        "metadata": {"name": "held", "finalizers": ["interlace.dev/test"], "labels": {"app": "held"}},
        "spec": {"containers": [{"name": "a", "image": "a"}]},
    }
    core(lab).create_namespaced_pod(space, body)
    ready(lab, space, "held", 1)
    core(lab).delete_namespaced_pod("held", space)
    time.sleep(2.0)
    assert pods(lab, space, "held")
    core(lab).patch_namespaced_pod("held", space, {"metadata": {"finalizers": None}})
    until(lambda: not pods(lab, space, "held"))


def test_balancers_have_addresses_of_their_own(lab: KubernetesLab, space: str) -> None:
    for name in ("a", "b"):
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        core(lab).create_namespaced_service(space, {"metadata": {"name": name}, "spec": spec})

    def addresses() -> set[str]:
        found = core(lab).list_namespaced_service(space).items
        given = {
            each.status.load_balancer.ingress[0].ip for each in found if each.status.load_balancer.ingress
        }
        return given if len(given) == 2 else set()

    assert all(address.startswith("203.0.113.") for address in until(addresses))


def test_a_claim_gets_its_disk_and_gives_it_back(lab: KubernetesLab, space: str) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    core(lab).create_namespaced_persistent_volume_claim(space, {"metadata": {"name": "data"}, "spec": spec})

    def claim() -> Any:
        return core(lab).read_namespaced_persistent_volume_claim("data", space)

    until(lambda: claim().status.phase == "Bound")
    volume = claim().spec.volume_name
    core(lab).delete_namespaced_persistent_volume_claim("data", space)
    until(lambda: volume not in {each.metadata.name for each in core(lab).list_persistent_volume().items})


@pytest.mark.parametrize(
    ("value", "status", "words"), [("refuse", 403, webhook.WORDS), ("slow", 500, "deadline exceeded")]
)
def test_the_webhook_refuses_what_bears_its_label(
    lab: KubernetesLab, space: str, value: str, status: int, words: str
) -> None:
    body = {"metadata": {"name": "it", "labels": {webhook.LABEL: value}}}
    told = refused(lambda: core(lab).create_namespaced_config_map(space, body))
    assert told[0] == status
    assert words in told[1]
    core(lab).create_namespaced_config_map(space, {"metadata": {"name": "it"}})


def test_metrics_are_those_of_the_annotations(lab: KubernetesLab, space: str) -> None:
    name = make(lab, space, "web:1")
    pod = ready(lab, space, name, 1)[0].metadata.name
    usage = {"metadata": {"annotations": {"lab.interlace.dev/cpu": "90m"}}}
    core(lab).patch_namespaced_pod(pod, space, usage)
    api: Any = client.CustomObjectsApi(core(lab).api_client)
    found = api.list_namespaced_custom_object("metrics.k8s.io", "v1beta1", space, "pods")["items"]
    assert [each["containers"][0]["usage"]["cpu"] for each in found] == ["90m"]


def test_killed_nodes_come_back_to_the_pods_that_run(lab: KubernetesLab, directory: Path, space: str) -> None:
    name = make(lab, space, "web:1", 6)
    before = {pod.metadata.uid: pod.status for pod in ready(lab, space, name, 6)}
    Daemons(directory).kill("nodes")
    assert "nodes" in {each.name for each in lab.status().services if each.state == "down"}
    apps(lab).patch_namespaced_deployment_scale(name, space, {"spec": {"replicas": 12}})
    lab.up(say)
    after = {pod.metadata.uid: pod.status for pod in ready(lab, space, name, 12)}
    assert len({status.pod_ip for status in after.values()}) == 12
    for uid, status in before.items():
        assert (after[uid].pod_ip, after[uid].start_time) == (status.pod_ip, status.start_time)
        assert after[uid].container_statuses == status.container_statuses


@pytest.mark.parametrize("part", PARTS)
def test_any_part_may_be_killed(lab: KubernetesLab, directory: Path, space: str, part: str) -> None:
    Daemons(directory).kill(part)
    states = {service.name: service.state for service in lab.status().services}
    assert states[part] == "down"
    assert lab.up(say).up
    ready(lab, space, until(lambda: make(lab, space, "web:1", 2)), 2)


def test_everything_killed_at_once_comes_back(lab: KubernetesLab, directory: Path, space: str) -> None:
    name = make(lab, space, "web:1", 3)
    before = {pod.metadata.uid for pod in ready(lab, space, name, 3)}
    known = lab.kubeconfig.read_text()
    for part in PARTS:
        Daemons(directory).kill(part)
    status = lab.status()
    assert not status.up
    assert {service.state for service in status.services} == {"down"}
    assert lab.up(say).up
    tenant = core(lab, "lab-tenant")
    tenant.list_namespaced_pod(tenants.NAMESPACE)
    assert _token(lab.kubeconfig.read_text()) == _token(known)
    assert {pod.metadata.uid for pod in ready(lab, space, name, 3)} == before


def _token(kubeconfig: str) -> str:
    return kubeconfig.split("name: lab-tenant")[1].split("token: ")[1].split()[0]


def test_an_up_that_was_killed_is_taken_up_by_the_next(directory: Path, lab: KubernetesLab) -> None:
    lab.down(say)
    program = f"""
from pathlib import Path
from lab.kubernetes.lab import KubernetesLab
KubernetesLab(Path({str(directory)!r})).up(print)
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    until(lambda: Daemons(directory).process("kube-apiserver"))
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = pids(lab.status())["etcd"]
    assert lab.up(say).up
    assert pids(lab.status())["etcd"] == before


def test_down_ends_what_it_started_and_keeps_the_state(lab: KubernetesLab, directory: Path) -> None:
    core(lab).create_namespaced_config_map("default", {"metadata": {"name": "kept"}})
    started = [Process.of(pid) for pid in pids(lab.status()).values() if pid]
    with subprocess.Popen([sys.executable, "-c", f"input('{directory}')"], stdin=subprocess.PIPE) as other:
        status = lab.down(say)
        assert {service.state for service in status.services} == {"down"}
        assert not any(process.alive() for process in started)
        assert other.poll() is None
        other.kill()
    assert lab.down(say).services  # again, with nothing left to end
    lab.up(say)
    assert core(lab).read_namespaced_config_map("kept", "default")


def test_a_port_that_somebody_took_is_replaced(lab: KubernetesLab, directory: Path) -> None:
    lab.down(say)
    before = Ports.model_validate_json((directory / "ports.json").read_text())
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", before.api))
        taken.listen()
        lab.up(say)
        assert core(lab).list_node().items
    assert str(before.api) not in lab.kubeconfig.read_text()


def test_a_part_that_dies_is_told_with_its_last_words(tmp_path: Path) -> None:
    broken = KubernetesLab(tmp_path / "lab")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "etcd").write_text("no directory")
    try:
        with pytest.raises(LabError, match=r"(?s)etcd ended by itself; the last lines of .*not a directory"):
            broken.up(say)
    finally:
        broken.down(say, purge=True)
    assert not (tmp_path / "lab").exists()


def test_where_debian_is_not_to_be_had_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"lacks Debian's apt, dpkg, dpkg-dev, make; .* a cluster of your own"):
        KubernetesLab(tmp_path / "lab").up(say)
    assert not list(tmp_path.iterdir())
