"""Optimise: what is worth it moves, one service after the other; what cannot is left alone."""

from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError

from catalogue.documents import read_descriptor
from domain import names
from domain.reoptimisation import OptimiseProgress, OptimiseResult
from tests.workflows.lab import PAIR, Lab, eventually, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

NORTH_IS_DEAR = infrastructure().replace("vcpu_hour: 0.01", "vcpu_hour: 0.9")
BOUND = "placement: {rules: [{components: [left], allowed_pops: [north]}]}\n"
SMALL = infrastructure(vcpus=(8, 2, 2, 8))


async def start(
    lab: Lab, workflow_id: str = "optimise", **request: Any
) -> WorkflowHandle[Any, OptimiseResult]:
    return await lab.client.start_workflow(
        names.OPTIMISE,
        request,
        id=workflow_id,
        task_queue=names.ORCHESTRATION_QUEUE,
        result_type=OptimiseResult,
    )


async def optimised(lab: Lab, **request: Any) -> OptimiseResult:
    return await (await start(lab, **request)).result()


def onboard(lab: Lab, text: str) -> None:
    lab.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))


async def pairs(lab: Lab, *services: str) -> None:
    for service in services:
        await (await lab.start(service, "pair")).result()


async def test_only_said_and_nothing_moved_unless_it_is_to_be_applied(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    lab.apply(NORTH_IS_DEAR)
    state = lab.state()
    result = await optimised(lab)
    assert {(move.source, move.target) for move in result.report.moves} == {("north", "south")}
    assert len(result.report.moves) == 4
    assert result.report.gain_per_hour == pytest.approx(result.report.cost_before - result.report.cost_after)
    assert (result.applied, result.steps, result.cancelled) == (False, (), False)
    assert lab.state() == state


@pytest.mark.parametrize("at_once", [1, 3])
async def test_services_really_move_to_where_it_is_cheaper(lab: Lab, at_once: int) -> None:
    await pairs(lab, "s1", "s2", "s3")
    lab.apply(NORTH_IS_DEAR)
    result = await optimised(lab, apply=True, at_once=at_once)
    assert [step.state for step in result.steps] == ["done"] * 3
    for service in ("s1", "s2", "s3"):
        lab.whole(service)
        assert set(lab.running(service).values()) == {"south"}
    again = await optimised(lab, apply=True)
    assert (again.report.moves, again.steps) == ((), ())


async def test_no_service_moves_against_its_own_objective(lab: Lab) -> None:
    onboard(lab, PAIR.replace("name: pair", "name: quick") + "placement: {objective: latency}\n")
    await pairs(lab, "s1")
    await (await lab.start("s2", "quick")).result()
    lab.apply(NORTH_IS_DEAR)
    result = await optimised(lab)
    assert result.report.objectives == {"s1": "cost", "s2": "latency"}
    alone = {name: (await optimised(lab, services=[name])).report for name in ("s1", "s2")}
    ends = {move.service: move.target for move in result.report.moves}
    assert ends == {move.service: move.target for each in alone.values() for move in each.moves}
    assert result.report.gain_per_hour == pytest.approx(sum(each.gain_per_hour for each in alone.values()))
    for_cost = await optimised(lab, objective="cost")
    assert for_cost.report.objectives == {"s1": "cost", "s2": "cost"}
    assert for_cost.report.cost_after <= result.report.cost_after


async def test_what_does_not_pay_within_the_horizon_stays(lab: Lab) -> None:
    await pairs(lab, "s1")
    lab.apply(NORTH_IS_DEAR)
    dear = await optimised(lab, prices={"per_gib": 100, "horizon_h": 10})
    cheap = await optimised(lab, prices={"per_gib": 100, "horizon_h": 1000})
    assert (len(dear.report.moves), len(cheap.report.moves)) == (0, 2)
    (first, _) = cheap.report.moves
    assert first.pays_after_h is not None and 10 < first.pays_after_h < 1000


async def test_all_services_leave_a_pop(lab: Lab) -> None:
    await (await lab.start("shop")).result()
    await pairs(lab, "s1", "s2")
    result = await optimised(lab, evacuate="north", apply=True)
    assert {step.state for step in result.steps} == {"done"}
    for service in ("shop", "s1", "s2"):
        lab.whole(service)
        assert "north" not in lab.running(service).values()


@pytest.mark.parametrize("idle", [SMALL], indirect=True)
async def test_pops_are_emptied(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    await (await lab.operate("Migrate", "s1", moves={"left": "south", "right": "south"})).result()
    result = await optimised(lab, defragment=True, allowance_per_hour=1, apply=True)
    assert result.report.emptied == ("south",)
    lab.whole("s1")
    assert set(lab.running("s1").values()) == {"north"}


async def test_a_failing_service_is_left_alone_and_the_others_go_on(lab: Lab) -> None:
    onboard(lab, PAIR.replace("name: pair", "name: other").replace("left", "broken"))
    await pairs(lab, "s1")
    await (await lab.start("s2", "other")).result()
    lab.apply(NORTH_IS_DEAR)
    lab.fault(kind="permanent", operation="create", component="broken", message="no disk")
    result = await optimised(lab, apply=True, patience={"give_up_after_s": 2, "undo_give_up_after_s": 2})
    told = {step.service: step for step in result.steps}
    assert told["s1"].state == "done"
    assert told["s2"].state == "failed" and "no disk" in told["s2"].why
    lab.whole("s1")
    lab.whole("s2")
    assert set(lab.running("s2").values()) == {"north"}


async def test_a_busy_service_is_left_out_and_told(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    lab.apply(NORTH_IS_DEAR)
    lab.fault(kind="hang", operation="create")
    await lab.operate("Scale", "s1", component="right", image="r2")
    await eventually(lambda: lab.catalogue.operations.holder("s1"), "the scaling has begun")
    result = await optimised(lab)
    assert {move.service for move in result.report.moves} == {"s2"}
    (left,) = result.report.left_out
    assert left.service == "s1" and "Scale" in left.why


async def test_after_a_cancel_no_step_begins_and_those_that_run_end(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    lab.apply(NORTH_IS_DEAR)
    number = lab.fault(kind="hang", operation="create")
    handle = await start(lab, apply=True)

    async def moving() -> bool:
        progress = await handle.query(names.PROGRESS_QUERY, result_type=OptimiseProgress)
        return any(step.state == "moving" for step in progress.steps)

    await eventually(moving, "the first service moves")
    await handle.cancel()
    lab.clear(number)
    result = await handle.result()
    assert result.cancelled
    assert [step.state for step in result.steps] == ["done", "skipped"]
    first, second = result.steps
    for service, pops in ((first.service, {"south"}), (second.service, {"north"})):
        lab.whole(service)
        assert set(lab.running(service).values()) == pops


@pytest.mark.parametrize("idle", [infrastructure(vcpus=(4, 4, 0, 0))], indirect=True)
async def test_room_is_made_for_a_new_service_which_then_comes(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    await (await lab.operate("Migrate", "s2", moves={"left": "south", "right": "south"})).result()
    together = "placement: {affinity: [[left, right]]}\n"
    onboard(lab, PAIR.replace("name: pair", "name: bulky").replace("vcpus: 1", "vcpus: 2") + together)
    result = await optimised(lab, new={"n1": {"descriptor": "bulky"}}, apply=True)
    (newcomer,) = result.report.newcomers
    assert not newcomer.fits_without_moves
    assert [step.state for step in result.steps] == ["done", "done"]
    for service in ("s1", "s2", "n1"):
        lab.whole(service)


async def test_two_at_once_are_kept_apart_by_their_workflow_id(lab: Lab) -> None:
    await pairs(lab, "s1")
    lab.apply(NORTH_IS_DEAR)
    number = lab.fault(kind="hang", operation="create")
    handle = await start(lab, apply=True)
    with pytest.raises(WorkflowAlreadyStartedError):
        await start(lab, apply=True)
    lab.clear(number)
    assert [step.state for step in (await handle.result()).steps] == ["done"]


async def test_what_must_stay_on_an_evacuated_pop_is_named(lab: Lab) -> None:
    await (await lab.start("shop")).result()
    onboard(lab, PAIR.replace("name: pair", "name: bound") + BOUND)
    await (await lab.start("s1", "bound")).result()
    result = await optimised(lab, evacuate="north", apply=True)
    (left,) = result.report.left_out
    assert (left.service, "left-1 must stay on north" in left.why) == ("s1", True)
    assert any("customers of shop" in note for note in result.report.notes)
    assert lab.running("s1") == {"left-1": "north", "right-1": "south"}
    assert "north" not in lab.running("shop").values()


async def test_a_crash_of_the_worker_changes_nothing_but_the_time(idle: Lab) -> None:
    async with idle.workers():
        await pairs(idle, "s1", "s2")
        idle.apply(NORTH_IS_DEAR)
        number = idle.fault(kind="hang", operation="create")
        handle = await start(idle, apply=True)
        await eventually(lambda: idle.catalogue.operations.under_way(), "the first service moves")
    idle.clear(number)
    async with idle.workers():
        result = await handle.result()
        assert [step.state for step in result.steps] == ["done", "done"]
        for service in ("s1", "s2"):
            idle.whole(service)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"evacuate": "nrth"}, "did you mean 'north'"),
        ({"services": ["none"]}, "none"),
        ({"region": "moon"}, "no region"),
        ({"tenant": "nobody"}, "no service is of tenant 'nobody'"),
        ({"at_once": 3}, "at_once goes with apply only"),
        ({"new": {"s1": {"descriptor": "pair"}}}, "exists already"),
        ({"new": {"n1": {"descriptor": "pear"}}}, "pair"),
        ({"evacuate": "north", "defragment": True}, "not evacuate and defragment together"),
    ],
)
async def test_nonsense_is_refused(lab: Lab, request_: dict[str, Any], words: str) -> None:
    await pairs(lab, "s1")
    assert words in await failure(await start(lab, **request_))
