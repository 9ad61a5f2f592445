"""What stays itself: instances that are resized where they run, or moved to another host of their PoP."""

from typing import Any

import pytest

from domain.deployments import Deployment
from domain.operation_plans import OperationPlan, StepAction
from tests.workflows.lab import Lab, eventually, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

BIG = {"vcpus": 2, "memory": "2 GiB"}
PAIR_ONLY = infrastructure(vcpus=(3, 0, 0, 0))
SLOW = infrastructure(settings="{resize_delay: 2 s}")


def sizes(lab: Lab) -> dict[str, int]:
    """Instance -> vcpus, in the world."""
    return {row.tags["instance"]: row.resources.vcpus for row in lab.world().values()}


def hosts(lab: Lab) -> dict[str, int]:
    return {row.tags["instance"]: row.host for row in lab.world().values()}


def built(lab: Lab) -> dict[str, str]:
    return {key: row.external_id for key, row in lab.world().items()}


def committed(lab: Lab) -> Deployment:
    found = lab.catalogue.services.deployment("s1")
    assert found is not None
    return found


async def planned(lab: Lab, kind: str, **fields: object) -> OperationPlan:
    brief = await lab.plan(kind, "s1", **fields)
    return lab.catalogue.plans.get(brief.plan_id).plan


async def test_a_component_is_resized_one_instance_after_the_other(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    before = built(lab)
    plan = await planned(lab, "Scale", component="web", resources=BIG, in_place=True)
    assert [[step.title.split(" on ")[0] for step in wave.steps] for wave in plan.waves] == [
        ["resize web-1"],
        ["resize web-2"],
    ]
    (pause,) = plan.interruptions
    assert (pause.component, pause.why) == ("web", "each instance in its turn stops while it is resized")
    await (await lab.operate("Scale", "s1", plan=plan.plan_id)).result()
    lab.whole("s1")
    assert built(lab) == before
    assert sizes(lab) == {"balancer-1": 1, "database-1": 2, "firewall-1": 1, "web-1": 2, "web-2": 2}


async def test_later_operations_take_it_as_it_is(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    await (await lab.operate("Scale", "s1", component="web", resources=BIG, in_place=True)).result()
    before = built(lab)
    await (await lab.operate("Scale", "s1", component="web", by=1)).result()
    assert before.items() <= built(lab).items()
    assert "nothing to heal: all 6 instances are healthy" in await failure(await lab.operate("Heal", "s1"))
    lab.fault(kind="permanent", operation="create", component="web", message="no")
    await failure(await lab.operate("Scale", "s1", component="web", by=1))
    lab.clear()
    lab.whole("s1")
    await (
        await lab.operate("Scale", "s1", component="web", resources={"vcpus": 1, "memory": "1 GiB"})
    ).result()
    lab.whole("s1")
    assert built(lab).items() & before.items() < before.items()
    assert set(sizes(lab).values()) == {1, 2} and sizes(lab)["web-1"] == 1


async def test_more_and_larger_at_once(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    before = built(lab)
    wish: dict[str, Any] = {"component": "web", "resources": BIG, "instances": 3, "in_place": True}
    await (await lab.operate("Scale", "s1", **wish)).result()
    lab.whole("s1")
    assert before.items() <= built(lab).items()
    assert [sizes(lab)[f"web-{number}"] for number in (1, 2, 3)] == [2, 2, 2]


@pytest.mark.parametrize("idle", [PAIR_ONLY], indirect=True)
async def test_old_and_new_need_no_room_side_by_side(lab: Lab) -> None:
    await (await lab.start("s1", "pair")).result()
    wish: dict[str, Any] = {"component": "left", "resources": {"vcpus": 2, "memory": "1 GiB"}}
    assert "vcpus" in await failure(await lab.operate("Scale", "s1", **wish))
    await (await lab.operate("Scale", "s1", in_place=True, **wish)).result()
    lab.whole("s1")
    message = await failure(
        await lab.operate(
            "Scale", "s1", component="left", resources={"vcpus": 3, "memory": "1 GiB"}, in_place=True
        )
    )
    assert "nothing was changed" in message and "left" in message
    lab.whole("s1")


async def test_a_refusal_leaves_the_service_as_it_was(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state, before = lab.state(), sizes(lab)
    lab.fault(kind="permanent", operation="resize", message="no flavour fits", times=1)
    message = await failure(await lab.operate("Scale", "s1", component="web", resources=BIG, in_place=True))
    assert "no flavour fits" in message and "was undone" in message
    assert (lab.state(), sizes(lab)) == (state, before)
    lab.whole("s1")


async def test_a_lost_answer_is_found_done(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="lost", operation="resize", times=1)
    await (await lab.operate("Scale", "s1", component="web", resources=BIG, in_place=True)).result()
    lab.whole("s1")


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_a_cancel_in_the_midst_comes_back(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state, before = lab.state(), sizes(lab)
    handle = await lab.operate("Scale", "s1", component="web", resources=BIG, in_place=True)
    await eventually(lambda: sizes(lab)["web-1"] == 2, "the first is resized")
    held = lab.catalogue.infrastructure.usage().pops
    await handle.cancel()
    assert "cancelled" in await failure(handle)
    assert sum(each.vcpus for each in held.values()) == sum(before.values()) + 2
    assert (lab.state(), sizes(lab)) == (state, before)
    lab.whole("s1")


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_one_that_died_in_the_midst_is_put_right_by_the_next(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    before = sizes(lab)
    handle = await lab.operate("Scale", "s1", component="web", resources=BIG, in_place=True)
    await eventually(lambda: sizes(lab)["web-1"] == 2, "the first is resized")
    await handle.terminate("by force")
    await (await lab.operate("Migrate", "s1", "another", rehost=["firewall-1"])).result()
    assert sizes(lab) == before
    lab.whole("s1")


async def test_instances_go_to_another_host_of_their_pop(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    before, deployment = built(lab), committed(lab)
    plan = await planned(lab, "Migrate", rehost=["web", "firewall-1"])
    steps = [step for wave in plan.waves for step in wave.steps]
    assert {step.action for step in steps} == {StepAction.REHOST} and len(plan.waves) == 3
    assert plan.interruptions == () and plan.after == plan.before
    await (await lab.operate("Migrate", "s1", rehost=["web", "firewall-1"])).result()
    lab.whole("s1")
    assert (built(lab), committed(lab)) == (before, deployment)
    assert hosts(lab) == {"balancer-1": 1, "database-1": 1, "firewall-1": 2, "web-1": 2, "web-2": 2}


async def test_cold_the_plan_tells_the_interruption(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    plan = await planned(lab, "Migrate", rehost=["database"], cold=True)
    (pause,) = plan.interruptions
    assert (pause.component, pause.why) == ("database", "database-1 stops while it is moved to another host")
    await (await lab.operate("Migrate", "s1", plan=plan.plan_id)).result()
    assert hosts(lab)["database-1"] == 2


async def test_a_move_whose_answer_was_lost_may_happen_again(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="lost", operation="move", times=1)
    await (await lab.operate("Migrate", "s1", rehost=["web-1"])).result()
    lab.whole("s1")
    assert hosts(lab)["web-1"] == 3


async def test_a_move_that_is_refused_leaves_all_as_it_is(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    lab.fault(kind="permanent", operation="move", component="web", message="no other host")
    message = await failure(await lab.operate("Migrate", "s1", rehost=["firewall-1", "web-1"]))
    assert "no other host" in message and "undone" in message
    assert lab.state() == state
    assert hosts(lab)["firewall-1"] == 2
    lab.whole("s1")
