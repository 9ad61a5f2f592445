"""Scale: more or fewer instances, another flavour, another image."""

import json
from typing import Any

import pytest

from domain.phases import ServiceState
from tests.workflows.lab import Lab, eventually, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

FULL = infrastructure(vcpus=(3, 3, 0, 0))


async def test_out_and_in_again(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    cost = lab.catalogue.services.get("s1").plan.cost_per_hour  # type: ignore[union-attr]
    result = await (await lab.operate("Scale", "s1", component="web", by=1)).result()
    lab.whole("s1")
    assert sorted(lab.running("s1")) == [
        *("balancer-1", "database-1", "firewall-1", "web-1", "web-2", "web-3"),
    ]
    assert result.cost_per_hour is not None and result.cost_per_hour > cost
    await (await lab.operate("Scale", "s1", component="web", instances=1)).result()
    lab.whole("s1")
    assert sorted(lab.running("s1")) == ["balancer-1", "database-1", "firewall-1", "web-1"]


async def test_who_refers_to_it_is_told(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    for instances in (4, 2):
        await (await lab.operate("Scale", "s1", component="web", instances=instances)).result()
        rows = {row.tags["instance"]: row for row in lab.world().values()}
        expected = ",".join(rows[f"web-{number}"].address for number in range(1, instances + 1))
        assert json.loads(rows["balancer-1"].spec)["config"]["backends"] == expected


async def test_what_is_not_scaled_is_not_touched(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    before = {key: row.external_id for key, row in lab.world().items()}
    await (await lab.operate("Scale", "s1", component="web", by=2)).result()
    after = {key: row.external_id for key, row in lab.world().items()}
    assert before.items() <= after.items()
    assert len(after) == len(before) + 2


async def test_another_flavour(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    flavour = {"vcpus": 2, "memory": "2 GiB"}
    await (await lab.operate("Scale", "s1", component="firewall", resources=flavour)).result()
    lab.whole("s1")
    (firewall,) = [row for row in lab.world().values() if row.tags["instance"] == "firewall-1"]
    assert firewall.resources.vcpus == 2


async def test_a_function_is_replaced_by_a_more_performant_one(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    await (await lab.operate("Scale", "s1", component="firewall", image="firewall:2")).result()
    lab.whole("s1")
    (firewall,) = [row for row in lab.world().values() if row.tags["instance"] == "firewall-1"]
    assert json.loads(firewall.spec)["image"] == "firewall:2"


async def test_the_address_stays_where_an_environment_names_it(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    old = {row.tags["instance"]: row for row in lab.world().values()}
    await (await lab.operate("Scale", "s1", component="database", image="database:2")).result()
    lab.whole("s1")
    new = {row.tags["instance"]: row for row in lab.world().values()}
    assert new["database-1"].external_id != old["database-1"].external_id
    assert new["database-1"].address == old["database-1"].address
    assert new["web-1"].external_id == old["web-1"].external_id


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"component": "wep", "by": 1}, "did you mean"),
        ({"component": "web", "instances": 5}, "4"),
        ({"component": "web", "by": -2}, "1"),
        ({"component": "web", "instances": 2}, "2 instances already"),
        ({"component": "firewall", "by": 1}, "scaling"),
        ({"component": "firewall", "image": "firewall:1"}, "already"),
    ],
)
async def test_refusals_change_nothing(lab: Lab, fields: dict[str, Any], words: str) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    message = await failure(await lab.operate("Scale", "s1", **fields))
    assert words in message
    assert "nothing was changed" in message
    assert lab.state() == state
    lab.whole("s1")


@pytest.mark.parametrize("idle", [FULL], indirect=True)
async def test_no_room(lab: Lab) -> None:
    await (await lab.start("s1", "pair")).result()
    state = lab.state()
    flavour = {"vcpus": 4, "memory": "1 GiB"}
    message = await failure(await lab.operate("Scale", "s1", component="left", resources=flavour))
    assert "vcpus" in message
    assert lab.state() == state


async def test_a_failure_leaves_the_service_as_it_was(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    lab.fault(kind="permanent", operation="create", component="web", message="no such image")
    message = await failure(await lab.operate("Scale", "s1", component="web", by=2))
    assert "failed and was undone" in message
    assert "no such image" in message
    assert lab.state() == state
    lab.whole("s1")
    assert lab.catalogue.services.get("s1").state is ServiceState.ACTIVE


async def test_an_unknown_service(lab: Lab) -> None:
    assert "no service 's9'" in await failure(await lab.operate("Scale", "s9", component="web", by=1))


async def test_of_two_operators_one_is_told_who_is_at_it(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="hang", operation="create")
    first = await lab.operate("Scale", "s1", component="web", by=1)
    await eventually(lambda: lab.catalogue.operations.holder("s1"), "the first has the lease")
    message = await failure(await lab.operate("Scale", "s1", "by-hand", component="web", by=1))
    assert "service s1 is held by operation scale-" in message
    lab.clear()
    await first.result()
    lab.whole("s1")
