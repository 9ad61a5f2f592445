"""What an operator may say to an operation under way, and what it shows."""

import asyncio
import json

import pytest
from temporalio.client import WorkflowUpdateFailedError

from domain.phases import Phase
from domain.requests import StepProgress
from tests.workflows.lab import Handle, Lab, eventually, failure, progress, say
from tests.workflows.test_cancel import Held

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def step_in(handle: Handle, state: str) -> StepProgress:
    """The first step that is in a state, of those that can be steered: not the taking of the lease."""

    async def found() -> StepProgress | None:
        steps = (await progress(handle)).steps
        return next((each for each in steps if each.state == state and each.id), None)

    step: StepProgress = await eventually(found, f"a step is {state}")
    return step


async def refusal(handle: Handle, update: str, **fields: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await say(handle, update, **fields)
    return str(caught.value.cause)


async def test_a_retry_tells_its_cause_and_can_be_had_now(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="temporary", operation="create", component="web", message="overloaded")
    handle = await lab.operate("Scale", "s1", component="web", by=1)

    async def waits_long() -> StepProgress | None:
        found = [each for each in (await progress(handle)).steps if each.state == "retrying"]
        return next((each for each in found if each.attempt >= 4), None)

    step = await eventually(waits_long, "the fourth attempt has failed")
    assert "overloaded" in step.cause
    assert step.next_attempt_at is not None
    lab.clear(fault)
    assert "trying again" in await say(handle, "retry")
    await handle.result()
    lab.whole("s1")


async def test_paused_and_resumed(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="temporary", operation="create", component="web")
    handle = await lab.operate("Scale", "s1", component="web", by=1)
    await step_in(handle, "retrying")
    await say(handle, "pause", reason="change freeze")
    assert (await progress(handle)).paused == "change freeze"
    lab.clear(fault)
    await say(handle, "retry")
    await asyncio.sleep(1)
    assert len(lab.running("s1")) == 5
    assert (await progress(handle)).phase is Phase.PROVISIONING
    await say(handle, "resume")
    await handle.result()
    lab.whole("s1")


async def test_given_up(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    lab.fault(kind="hang", operation="create", component="web")
    handle = await lab.operate("Scale", "s1", component="web", by=1)
    await eventually(lambda: lab.catalogue.operations.holder("s1"), "it has begun")
    await step_in(handle, "running")
    await say(handle, "give-up", reason="wrong service")
    message = await failure(handle)
    assert "given up by an operator: wrong service" in message
    assert lab.state() == state


async def test_a_failure_may_wait_for_an_operator_who_edits(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="permanent", operation="create", component="web", message="no such image")
    handle = await lab.operate("Scale", "s1", component="web", by=1, on_failure="hold")
    step = await step_in(handle, "held")
    assert "no such image" in step.cause
    assert step.editable
    lab.clear(fault)
    await say(handle, "edit", step=step.id, image="web:1-fixed")
    await handle.result()
    lab.whole("s1")
    rows = {row.tags["instance"]: json.loads(row.spec)["image"] for row in lab.world().values()}
    assert rows["web-3"] == "web:1-fixed"
    assert rows["web-1"] == "web:1"
    deployment = lab.catalogue.services.deployment("s1")
    assert deployment is not None
    assert deployment.instance("web-3").image == "web:1-fixed"  # type: ignore[union-attr]


async def test_one_site_of_three_is_repaired_alone(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="permanent", operation="create", component="web", times=1, message="quota")
    handle = await lab.operate("Scale", "s1", component="web", by=2, on_failure="hold")
    await step_in(handle, "held")

    async def other_is_done() -> bool:
        return any(s.state == "done" and s.id.startswith("1.create") for s in (await progress(handle)).steps)

    await eventually(other_is_done, "the other site is done")
    lab.clear(fault)
    await say(handle, "retry")
    await handle.result()
    lab.whole("s1")
    assert len(lab.running("s1")) == 7


async def test_what_the_operation_needs_is_not_skipped(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="permanent", operation="create", component="web", message="no such image")
    handle = await lab.operate("Scale", "s1", component="web", by=1, on_failure="hold")
    step = await step_in(handle, "held")
    assert "needs" in await refusal(handle, "skip", step=step.id)
    assert "no step 'nothing' waits" in await refusal(handle, "retry", step="nothing")
    assert "say what to change" in await refusal(handle, "edit", step=step.id)
    await say(handle, "give-up")
    await failure(handle)
    lab.whole("s1")


async def test_an_undo_is_not_steered(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="hang", operation="delete")
    lab.fault(kind="permanent", operation="create", component="web", times=1, message="no such image")
    handle = await lab.operate("Scale", "s1", component="web", by=2)

    async def undoing() -> bool:
        return (await progress(handle)).phase is Phase.UNDOING

    await eventually(undoing, "it is undone")
    assert "being undone" in await refusal(handle, "pause")
    await handle.cancel()
    lab.clear(fault)
    assert "no such image" in await failure(handle)
    lab.whole("s1")


async def test_given_up_while_it_is_planned(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that comes through in the same moment does not make the operation forget it."""
    await (await lab.start("s1")).result()
    state, reserving = lab.state(), Held(monkeypatch, lab.catalogue.reservations, "transition")
    lab.fault(kind="hang", operation="create", component="web")
    handle = await lab.operate("Scale", "s1", component="web", by=1)
    await eventually(reserving.reached.is_set, "the reservation is under way")
    await say(handle, "give-up", reason="too dear")
    reserving.let_go()
    assert "given up by an operator: too dear" in await failure(handle)
    assert lab.state() == state
