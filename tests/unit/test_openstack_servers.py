"""What a server's metadata tells, and how much of a spec two servers share."""

from typing import Any

import pytest
from openstack.compute.v2.server import Server

from adaptors.vim.openstack.servers import (
    Making,
    Point,
    ailment_of,
    differences,
    instance_of,
    metadata_of,
    reconfigured,
    resized,
    status_of,
)
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus

TAGS = {
    "service": "shop",
    "component": "web",
    "instance": "web-1",
    "operation": "op",
    "tenant": "t",
    "spec": "x",
}
POINTS = tuple(
    Point(connection_point=name, port_id=f"{name}-0123456789abc", mac="fa:16:3e:00:00:01", address=address)
    for name, address in (("front", "10.64.0.5"), ("back", "10.64.0.6"))
)


def spec(**changes: Any) -> InstanceSpec:
    fields: dict[str, Any] = {
        "name": "shop-web-1",
        "pop": "berlin",
        "image": "web:1",
        "resources": Resources.of(1, 512, 1),
        "kind": ComponentKind.MICROSERVICE,
        "config": {"workers": 2, "peers": "10.0.0.1:80,10.0.0.2:80"},
        "connection_points": ("front", "back"),
        "tags": TAGS,
    }
    return InstanceSpec.model_validate({**fields, **changes})


def server(made_of: InstanceSpec, **changes: Any) -> Server:
    told = changes.pop("told", POINTS[0].address)
    points = changes.pop("points", POINTS)
    making = Making(points=points, told=told, flavor="m1.tiny", routed=False)
    fields = {
        "id": "id-1",
        "name": made_of.name,
        "status": "ACTIVE",
        "image": {"id": "image-1"},
        "metadata": metadata_of(made_of, making),
        "flavor": {"original_name": "m1.tiny", "vcpus": 2, "ram": 1024, "disk": 4},
    }
    return Server(**{**fields, **changes})


def test_metadata_alone_tells_what_an_instance_is() -> None:
    found = instance_of(server(spec()))
    assert found.tags == TAGS
    assert found.resources == Resources.of(1, 512, 1)
    assert found.address == "10.64.0.5"
    assert [(port.connection_point, port.address) for port in found.ports] == [
        ("front", "10.64.0.5"),
        ("back", "10.64.0.6"),
    ]
    assert found.ports[0].switch_interface == "tapfront-01234"
    assert found.sources == ("10.64.0.5/32", "10.64.0.6/32")


def test_one_without_connection_points_has_an_address_nevertheless() -> None:
    nameless = POINTS[0].model_copy(update={"connection_point": ""})
    found = instance_of(server(spec(connection_points=()), points=(nameless,)))
    assert found.address == "10.64.0.5"
    assert found.ports == ()


def test_who_is_told_a_floating_address_is_seen_by_it() -> None:
    assert instance_of(server(spec(), told="203.0.113.7")).sources == ()


def test_nothing_in_metadata_is_longer_than_nova_takes() -> None:
    long = spec(name="n" * 255, config={"k" * 300: "v" * 600, "slash/key": "x"})
    held = metadata_of(long, Making(points=POINTS, told="10.64.0.5", flavor="f", routed=True))
    assert max(len(text) for item in held.items() for text in item) <= 255
    pieces = [value for key, value in sorted(held.items()) if "#" in key]
    assert "".join(pieces) == "v" * 600
    assert held["interlace.config.slash_key"] == "x"


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"resources": Resources.of(2, 512, 1)}, ["resources"]),
        ({"config": {"workers": 3}, "image": "web:2"}, ["config", "image"]),
        ({"tags": {**TAGS, "operation": "other"}}, ["tags"]),
        ({"addresses": {"front": "10.64.0.5"}}, []),
        ({"addresses": {"front": "10.64.0.9"}}, ["addresses"]),
        ({"exposed": frozenset({"front"}), "single": True}, []),
    ],
)
def test_the_fields_that_differ_are_named(changes: dict[str, Any], fields: list[str]) -> None:
    assert differences(server(spec()), spec(**changes)) == fields


def test_another_config_is_another_spec_and_leaves_nothing_of_the_old_one() -> None:
    changed = server(spec())
    changed.metadata = reconfigured(changed, {"workers": 3, "fast": True})
    assert differences(changed, spec(config={"workers": 3, "fast": True})) == []
    assert changed.metadata["interlace.config.fast"] == "true"
    assert "interlace.config.peers" not in changed.metadata


def test_other_resources_are_another_spec() -> None:
    changed = server(spec())
    changed.metadata = resized(changed, Resources.of(2, 1024, 1), "m1.tiny")
    assert differences(changed, spec(resources=Resources.of(2, 1024, 1))) == []
    assert instance_of(changed).resources == Resources.of(2, 1024, 1)


def test_one_that_somebody_resized_has_what_its_flavour_says() -> None:
    other = {"original_name": "m1.big", "vcpus": 8, "ram": 4096, "disk": 40}
    assert instance_of(server(spec(), flavor=other)).resources == Resources.of(8, 4096, 40)
    from_volume = server(spec(), flavor={**other, "disk": 0}, image="")
    assert instance_of(from_volume).resources == Resources.of(8, 4096, 1)


@pytest.mark.parametrize(
    ("status", "task", "ours"),
    [
        ("BUILD", "spawning", InstanceStatus.BUILD),
        ("ACTIVE", None, InstanceStatus.RUNNING),
        ("VERIFY_RESIZE", None, InstanceStatus.RUNNING),
        ("MIGRATING", "migrating", InstanceStatus.RUNNING),
        ("ACTIVE", "deleting", InstanceStatus.DELETING),
        ("SOFT_DELETED", None, InstanceStatus.DELETING),
        ("ERROR", None, InstanceStatus.ERROR),
        ("SHUTOFF", None, InstanceStatus.ERROR),
        ("SHELVED_OFFLOADED", None, InstanceStatus.ERROR),
    ],
)
def test_statuses(status: str, task: str | None, ours: InstanceStatus) -> None:
    assert status_of(server(spec(), status=status, task_state=task)) is ours


def test_what_failed_is_told_in_novas_words() -> None:
    fault = {"code": 500, "message": "No valid host was found."}
    assert (
        ailment_of(server(spec(), status="ERROR", fault=fault)) == "it is in ERROR: No valid host was found."
    )
    assert ailment_of(server(spec(), status="SHUTOFF")) == "it is in SHUTOFF"
    assert ailment_of(server(spec(), status="BUILD", task_state="spawning")) == "it is in BUILD (spawning)"
    assert ailment_of(server(spec())) is None
