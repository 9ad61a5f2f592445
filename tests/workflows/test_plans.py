"""A plan is looked at, then applied exactly, once, and only while the world is as it was."""

import pytest

from tests.workflows.lab import Lab, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

SMALL = infrastructure(vcpus=(4, 4, 4, 4))


async def test_it_changes_nothing_and_tells_what_would(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    assert lab.state() == state
    plan = lab.catalogue.plans.get(brief.plan_id).plan
    assert plan.before is not None and plan.after is not None
    assert plan.after.plan.placements.keys() - plan.before.plan.placements.keys() == {"web-3"}
    assert plan.cost_after > plan.cost_before
    assert plan.cost_before == lab.catalogue.services.get("s1").plan.cost_per_hour  # type: ignore[union-attr]
    (grown,) = [pop for pop in plan.pops if pop.after != pop.before]
    assert grown.after.vcpus == grown.before.vcpus + 1


async def test_it_is_applied_exactly(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    await (await lab.operate("Scale", "s1", plan=brief.plan_id)).result()
    lab.whole("s1")
    plan = lab.catalogue.plans.get(brief.plan_id).plan
    deployment = lab.catalogue.services.deployment("s1")
    assert plan.after is not None and deployment is not None
    assert deployment.resources == plan.after.resources


async def test_an_instantiation_can_be_planned_too(lab: Lab) -> None:
    brief = await lab.plan("Instantiate", "s1", descriptor="shop")
    assert lab.state() == lab.before
    handle = await lab.operate("Instantiate", "s1", descriptor="shop", plan=brief.plan_id)
    await handle.result()
    lab.whole("s1")


async def test_twice(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    await (await lab.operate("Scale", "s1", plan=brief.plan_id)).result()
    state = lab.state()
    message = await failure(await lab.operate("Scale", "s1", plan=brief.plan_id))
    assert brief.plan_id in message and "scale-" in message
    assert lab.state() == state


async def test_after_the_service_has_changed(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    await (await lab.operate("Scale", "s1", component="web", by=2)).result()
    state = lab.state()
    message = await failure(await lab.operate("Scale", "s1", plan=brief.plan_id))
    assert "no longer holds" in message
    assert lab.state() == state


async def test_after_a_price_has_changed(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    lab.apply(infrastructure().replace("vcpu_hour: 0.0", "vcpu_hour: 0.1"))
    message = await failure(await lab.operate("Scale", "s1", plan=brief.plan_id))
    assert "no longer holds" in message
    assert "vcpu_hour" in message
    lab.whole("s1")


@pytest.mark.parametrize("idle", [SMALL], indirect=True)
async def test_after_the_room_was_taken(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    for number in range(9):
        try:
            await (await lab.start(f"t{number}", "pair")).result()
        except Exception:
            break
    message = await failure(await lab.operate("Scale", "s1", plan=brief.plan_id))
    assert "no longer holds" in message and "vcpus" in message
    lab.whole("s1")


async def test_of_another_service(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    await (await lab.start("s2")).result()
    brief = await lab.plan("Scale", "s1", component="web", by=1)
    message = await failure(await lab.operate("Scale", "s2", plan=brief.plan_id))
    assert "s1" in message
    lab.whole("s2")


async def test_one_that_nobody_made(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    assert "no plan 'plan-x'" in await failure(await lab.operate("Scale", "s1", plan="plan-x"))
