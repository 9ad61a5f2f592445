"""The lives of pods that are not there, as the Kubernetes lab tells them: functions of the moment."""

from itertools import pairwise
from typing import Any

import pytest

from lab.kubernetes.pods import FAIL, Place, gone_after, over, tell

PLACE = Place(pod_address="10.244.1.2", host_address="192.0.2.11")
BEGUN = 1_700_000_000.0

Object = dict[str, Any]


def pod(image: str, **more: Any) -> Object:
    """:param more: fields of the specification; `metadata` and `container` are added to theirs"""
    container = {"name": "main", "image": image, **more.pop("container", {})}
    metadata = {"name": "it", "namespace": "default", "uid": "1", **more.pop("metadata", {})}
    return {
        "metadata": metadata,
        "spec": {"containers": [container], "restartPolicy": "Always", **more},
        "status": {"phase": "Pending"},
    }


def status(of: Object, after_s: float) -> Object:
    return tell(of, PLACE, BEGUN, BEGUN + after_s).status


def ready(of: Object, after_s: float) -> bool:
    conditions = status(of, after_s)["conditions"]
    return [each["status"] for each in conditions if each["type"] == "Ready"] == ["True"]


def container(of: Object, after_s: float) -> Object:
    found: Object = status(of, after_s)["containerStatuses"][0]
    return found


def course(of: Object, until_s: float) -> list[tuple[float, Object]]:
    """What is told, at each moment at which it is said that something changes."""
    told, at = [], BEGUN
    while at <= BEGUN + until_s:
        now = tell(of, PLACE, BEGUN, at)
        told.append((at - BEGUN, now.status))
        if now.until is None:
            break
        assert now.until > at
        at = now.until
    return told


def test_a_pod_is_pending_then_running_and_ready() -> None:
    phases = [
        (found["phase"], found["containerStatuses"][0]["ready"]) for _, found in course(pod("web:1"), 60)
    ]
    assert phases == [("Pending", False), ("Running", True)]


def test_it_has_the_addresses_of_its_place() -> None:
    assert status(pod("web:1"), 1)["podIPs"] == [{"ip": PLACE.pod_address}]
    assert status(pod("web:1", hostNetwork=True), 1)["podIP"] == PLACE.host_address


@pytest.mark.parametrize(
    ("probes", "ready_after_s"),
    [
        ({"readinessProbe": {"initialDelaySeconds": 3}}, 3),
        ({"startupProbe": {"initialDelaySeconds": 2}, "readinessProbe": {"initialDelaySeconds": 3}}, 5),
        ({"readinessProbe": {"initialDelaySeconds": 1, "periodSeconds": 2, "successThreshold": 3}}, 5),
        ({"livenessProbe": {"initialDelaySeconds": 30}}, 0),
    ],
)
def test_it_is_ready_when_its_probes_may_have_succeeded(probes: Object, ready_after_s: float) -> None:
    it = pod("web:1", container=probes)
    assert not ready(it, ready_after_s + 0.2)
    assert ready(it, ready_after_s + 0.4)


def test_one_container_of_two_makes_it_wait() -> None:
    it = pod("web:1")
    it["spec"]["containers"].append({"name": "late", "image": "slow:1"})
    assert [each["ready"] for each in status(it, 1)["containerStatuses"]] == [True, False]
    assert not ready(it, 1)
    assert ready(it, 6)


def test_a_missing_image_is_refused_and_then_waited_for() -> None:
    reasons = [
        found["containerStatuses"][0]["state"]["waiting"]["reason"]
        for _, found in course(pod("missing:1"), 60)
    ]
    assert reasons == ["ContainerCreating", "ErrImagePull", "ImagePullBackOff"]
    assert status(pod("missing:1"), 60)["phase"] == "Pending"
    assert "missing:1" in container(pod("missing:1"), 60)["state"]["waiting"]["message"]


@pytest.mark.parametrize(("image", "reason", "code"), [("crash:1", "Error", 1), ("oom:1", "OOMKilled", 137)])
def test_what_ends_is_started_again_after_growing_pauses(image: str, reason: str, code: int) -> None:
    told = course(pod(image), 300)
    assert all(not found["containerStatuses"][0]["ready"] for _, found in told)
    starts = [at for at, found in told if "running" in found["containerStatuses"][0]["state"]]
    pauses = [round(later - sooner, 3) for sooner, later in pairwise(starts)]
    assert pauses[:6] == [0.5, 2.5, 4.5, 8.5, 16.5, 32.5]
    last = told[-1][1]["containerStatuses"][0]
    assert last["restartCount"] == len(starts) - 1
    assert last["lastState"]["terminated"]["reason"] == reason
    assert last["lastState"]["terminated"]["exitCode"] == code
    waiting = container(pod(image), 1.5)["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"


def test_what_is_not_to_be_restarted_has_failed() -> None:
    found = status(pod("crash:1", restartPolicy="Never"), 5)
    assert found["phase"] == "Failed"
    assert over({"status": found})


def test_a_job_is_done() -> None:
    owner = {"ownerReferences": [{"kind": "Job", "name": "j"}]}
    phases = [found["phase"] for _, found in course(pod("work:1", metadata=owner, restartPolicy="Never"), 60)]
    assert phases == ["Pending", "Running", "Succeeded"]


def test_first_containers_come_first() -> None:
    it = pod("web:1", initContainers=[{"name": "a", "image": "a"}, {"name": "b", "image": "b"}])
    early = status(it, 0.5)
    assert [list(each["state"]) for each in early["initContainerStatuses"]] == [["running"], ["waiting"]]
    assert early["containerStatuses"][0]["state"]["waiting"]["reason"] == "PodInitializing"
    assert not ready(it, 1.7)
    assert ready(it, 2.0)


def test_a_first_container_that_is_missing_holds_up_the_others() -> None:
    it = pod("web:1", initContainers=[{"name": "a", "image": "missing:1"}])
    assert status(it, 600)["phase"] == "Pending"
    assert not ready(it, 600)


@pytest.mark.parametrize("trouble", ["unready", "crash", "oom", "missing"])
def test_trouble_can_be_brought_to_what_runs(trouble: str) -> None:
    assert not ready(pod("web:1", metadata={"annotations": {FAIL: trouble}}), 5)


def test_times_that_were_told_stay_though_its_node_knows_them_less_well_now() -> None:
    it = pod("web:1")
    it["status"] = tell(it, PLACE, BEGUN + 0.9, BEGUN + 5).status
    assert tell(it, PLACE, BEGUN, BEGUN + 50).status == it["status"]


def test_a_condition_keeps_the_moment_of_its_last_change() -> None:
    it = pod("web:1")
    it["status"] = status(it, 1)
    later = status(it, 500)
    assert later == it["status"]


@pytest.mark.parametrize(
    ("image", "grace_s", "gone_s"),
    [("web:1", 30, 0.5), ("web:1", 0, 0), ("stubborn:1", 30, 30), ("stubborn:1", 0, 0)],
)
def test_what_heeds_its_signal_is_gone_at_once(image: str, grace_s: float, gone_s: float) -> None:
    assert gone_after(pod(image, metadata={"deletionGracePeriodSeconds": grace_s})) == gone_s
