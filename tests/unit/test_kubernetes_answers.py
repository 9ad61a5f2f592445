"""What a Kubernetes PoP makes of the API server's answers: pods, quantities, errors."""

import json
from decimal import Decimal
from typing import Any

import pytest

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.calls import Call, Unreachable, answering
from adaptors.vim.kubernetes.capacity import Amount, asked_by, capacity, counts, quantity
from adaptors.vim.kubernetes.connection import error_of
from adaptors.vim.kubernetes.pods import assigned, state_of
from domain.errors import VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources

CALL = Call("berlin", "create", "instance shop-web-1", "my-cluster")


def pod(name: str = "p", age: str = "1", claim: str | None = None, **status: Any) -> dict[str, Any]:
    annotations = {naming.INSTANCE: claim} if claim else {}
    meta = {"name": name, "uid": name, "creationTimestamp": age, "annotations": annotations}
    return {"metadata": meta, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}]}


def ended(reason: str, code: int, **more: Any) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": code, **more}}


@pytest.mark.parametrize(
    ("status", "standing", "words"),
    [
        ({"phase": "Pending"}, "starting", "Pending"),
        (waiting("ErrImagePull", "denied"), "starting", "ErrImagePull: denied"),
        (waiting("ImagePullBackOff", "Back-off"), "unusable", "ImagePullBackOff: Back-off"),
        (waiting("InvalidImageName"), "unusable", "InvalidImageName"),
        (waiting("CreateContainerConfigError", "no configmap"), "starting", "no configmap"),
        (
            {
                "containerStatuses": [
                    {
                        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
                        "lastState": ended("OOMKilled", 137),
                        "restartCount": 2,
                    }
                ]
            },
            "failing",
            "OOMKilled (exit code 137): CrashLoopBackOff: back-off 10s",
        ),
        ({"containerStatuses": [{"state": ended("Error", 3)}]}, "failing", "Error (exit code 3)"),
        (
            {"phase": "Failed", "reason": "Evicted", "message": "low on memory"},
            "failing",
            "Evicted low on memory",
        ),
        (
            {"conditions": [{"type": "PodScheduled", "reason": "Unschedulable", "message": "0/3 nodes"}]},
            "unplaced",
            "Unschedulable: 0/3 nodes",
        ),
        (
            {
                "conditions": [{"type": "Ready", "status": "False"}],
                "containerStatuses": [{"state": {"running": {}}, "ready": False}],
            },
            "unwell",
            "not ready",
        ),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, "running", ""),
    ],
)
def test_how_a_pod_stands(status: dict[str, Any], standing: str, words: str) -> None:
    found = state_of(pod(**status))
    assert found.standing == standing
    assert words in found.words


def test_instances_keep_the_pods_that_they_claimed_and_take_the_oldest_of_the_others() -> None:
    pods = [pod("x", "3"), pod("y", "2", claim="b"), pod("z", "1", claim="gone")]
    found = assigned(["a", "b", "c", "d"], pods)
    assert {name: each["metadata"]["name"] for name, each in found.items()} == {"a": "z", "b": "y", "c": "x"}


def test_pods_on_their_way_out_are_nobodys() -> None:
    going = pod("x", claim="a")
    going["metadata"]["deletionTimestamp"] = "now"
    assert assigned(["a"], [going]) == {}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("250m", "0.25"),
        ("2", "2"),
        ("1.5Gi", "1610612736"),
        ("64Ki", "65536"),
        ("1e3", "1000"),
        ("3k", "3000"),
        ("100n", "0.0000001"),
        (4, "4"),
    ],
)
def test_quantities(text: str | int, number: str) -> None:
    assert quantity(text) == Decimal(number)


def test_a_pod_keeps_its_containers_or_the_largest_before_them() -> None:
    def container(cpu: str) -> dict[str, Any]:
        return {"resources": {"requests": {"cpu": cpu}}}

    spec = {"containers": [container("1"), container("500m")], "initContainers": [container("2"), {}]}
    assert asked_by({"spec": {**spec, "overhead": {"cpu": "100m"}}}).cpu == Decimal("2.1")


@pytest.mark.parametrize(
    ("spec", "ready", "labels", "expected"),
    [
        ({}, "True", {"zone": "a"}, True),
        ({}, "False", {"zone": "a"}, False),
        ({}, "True", {}, False),
        ({"unschedulable": True}, "True", {"zone": "a"}, False),
        ({"taints": [{"effect": "NoSchedule"}]}, "True", {"zone": "a"}, False),
        ({"taints": [{"effect": "PreferNoSchedule"}]}, "True", {"zone": "a"}, True),
    ],
)
def test_nodes_that_take_no_pods_do_not_count(
    spec: dict[str, Any], ready: str, labels: dict[str, str], expected: bool
) -> None:
    conditions = [{"type": "Ready", "status": ready}]
    node = {"spec": spec, "status": {"conditions": conditions}, "metadata": {"labels": labels}}
    assert counts(node, {"zone": "a"}) is expected


def amount(cpu: float) -> Amount:
    return Amount(Decimal(str(cpu)), Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("declared", "nodes", "ours", "others", "total", "used"),
    [
        (100, [8, 8], [], [], 16, 0),
        (100, [8, 8], [3], [0.5], 16, 4),
        (4, [8, 8], [3], [2], 4, 3),
        (4, [8, 8], [3], [12], 4, 3),
        (4, [8, 8], [3], [13], 4, 4),
        (4, [], [3], [], 0, 3),
    ],
)
def test_what_is_left_is_there_in_the_cluster_and_within_what_is_declared(
    declared: int, nodes: list[float], ours: list[float], others: list[float], total: int, used: int
) -> None:
    found = capacity(
        Resources.of(declared, 0, 0),
        [amount(each) for each in nodes],
        [amount(each) for each in ours],
        [amount(each) for each in others],
    )
    assert (found[0].vcpus, found[1].vcpus) == (total, used)


def answer(
    status: int,
    words: str,
    causes: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    said = {"message": words, "reason": "x", "details": {"causes": causes or []}}
    return error_of(status, "x", headers or {}, json.dumps(said).encode())


CONFLICT = {"reason": "FieldManagerConflict", "message": 'conflict with "helm"', "field": ".spec.x"}
TERMINATING = {"reason": "NamespaceTerminating", "message": "is being terminated", "field": ""}


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (answer(401, "Unauthorized"), VimRefusedError, "'my-cluster'"),
        (answer(403, 'pods is forbidden: User "x" cannot'), VimRefusedError, "'my-cluster'"),
        (answer(403, "pods x is forbidden: exceeded quota: q"), VimRefusedError, "exceeded quota"),
        (answer(403, "x is forbidden: because it is", [TERMINATING]), VimUnavailableError, "because"),
        (answer(409, "Apply failed", [CONFLICT]), VimRefusedError, 'conflict with "helm": .spec.x'),
        (answer(409, "the object has been modified"), VimUnavailableError, "modified"),
        (answer(422, "spec.x: field is immutable"), VimRefusedError, "spec.x"),
        (answer(404, "not found"), VimUnavailableError, "meanwhile"),
        (answer(503, "etcd"), VimUnavailableError, "etcd"),
        (error_of(502, "Bad Gateway", {}, b"<html>"), VimUnavailableError, "502 Bad Gateway"),
        (error_of(500, "", {}, b"[1]"), VimUnavailableError, "500"),
        (Unreachable("timed out"), VimUnavailableError, "does not answer: timed out"),
    ],
)
def test_errors_are_for_good_or_not_and_say_whose(error: Exception, kind: type, words: str) -> None:
    with pytest.raises(kind) as caught, answering(CALL):
        raise error
    said = str(caught.value)
    assert said.startswith("PoP berlin: create of instance shop-web-1")
    assert words in said


def test_when_to_come_again_is_passed_on() -> None:
    with pytest.raises(VimUnavailableError) as caught, answering(CALL):
        raise answer(429, "slow down", headers={"Retry-After": "3"})
    assert caught.value.retry_after_s == 3.0
