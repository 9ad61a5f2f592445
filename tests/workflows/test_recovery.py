"""By which reliability profile an operation goes, and what that makes of its activities."""

import asyncio
import os
import signal
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import pytest
from temporalio.api.enums.v1 import EventType, TaskQueueType
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes, HistoryEvent
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError

from catalogue.documents import read_descriptor
from domain import names
from domain.names import OperationKind
from domain.operation_plans import StepAction
from domain.recovery import FRUGAL, PROFILES, Profile
from tests.workflows.lab import (
    CHAIN_LENGTH,
    PAIR,
    QUICK,
    Handle,
    Lab,
    chain,
    eventually,
    failure,
    infrastructure,
    progress,
)
from tests.workflows.test_faults import serve

pytestmark = pytest.mark.asyncio(loop_scope="session")

STEADY = infrastructure(settings="{create_delay: 1 s}")

OWN = Profile.model_validate(
    {
        "profile": "own",
        "heartbeat_interval": "200 ms",
        "heartbeat_timeout": "1 s",
        "operations": {"Instantiate": {"priority": 2}},
        "tenants": {
            "emergency": {"priority": 1, "heartbeat_timeout": "600 ms"},
            "batch": {"priority": 5, "steps_per_checkpoint": 3, "heartbeat_timeout": "4 s"},
        },
    }
)


def onboard(lab: Lab, text: str) -> None:
    lab.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))


def go_by(lab: Lab, profile: Profile) -> None:
    """What the workers that are started from now on go by."""
    file = lab.home / "profile.json"
    file.write_text(profile.model_dump_json(exclude_none=True))
    named = profile.profile if profile.profile in PROFILES else str(file)
    lab.settings = replace(lab.settings, reliability=named)


async def events(handle: Handle) -> list[HistoryEvent]:
    return [event async for event in handle.fetch_history_events()]


async def scheduled(handle: Handle) -> list[ActivityTaskScheduledEventAttributes]:
    kind = EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    found = [event for event in await events(handle) if event.event_type == kind]
    return [event.activity_task_scheduled_event_attributes for event in found]


def named(activities: Iterable[ActivityTaskScheduledEventAttributes]) -> list[str]:
    return [each.activity_type.name for each in activities]


async def test_so_many_steps_are_one_activity(idle: Lab) -> None:
    onboard(idle, chain())
    go_by(idle, FRUGAL)
    async with idle.workers():
        handle = await idle.start("s1", descriptor="chain")
        await handle.result()
        shown = await progress(handle)
    assert named(await scheduled(handle)).count(names.FUSED) == CHAIN_LENGTH // FRUGAL.steps_per_checkpoint
    assert StepAction.CREATE.value not in named(await scheduled(handle))
    assert [step.state for step in shown.steps if step.id] == ["done"] * CHAIN_LENGTH
    idle.whole("s1")


async def test_each_step_is_an_activity_of_its_own_by_default(lab: Lab) -> None:
    onboard(lab, chain())
    handle = await lab.start("s1", descriptor="chain")
    await handle.result()
    assert named(await scheduled(handle)).count(StepAction.CREATE.value) == CHAIN_LENGTH
    assert names.FUSED not in named(await scheduled(handle))


@pytest.mark.parametrize("kind", ["temporary", "lost"])
async def test_what_fails_among_several_is_tried_alone(lab: Lab, kind: str) -> None:
    onboard(lab, chain())
    lab.fault(kind=kind, operation="create", component="c1", times=1)
    handle = await lab.start("s1", descriptor="chain", reliability="frugal")
    await handle.result()
    found = named(await scheduled(handle))
    assert (found.count(names.FUSED), found.count(StepAction.CREATE.value)) == (2, 2)
    lab.whole("s1")


async def test_a_step_that_never_works_is_undone_with_those_before(lab: Lab) -> None:
    onboard(lab, chain())
    before = lab.state()
    lab.fault(kind="permanent", operation="create", component="c4", message="no such image")
    message = await failure(await lab.start("s1", descriptor="chain", reliability="frugal", patience=QUICK))
    assert "no such image" in message
    assert "failed and was undone" in message
    assert lab.state() == before


async def test_a_cancel_between_several_steps_undoes_them(idle: Lab) -> None:
    idle.apply(STEADY)
    onboard(idle, chain())
    before = idle.state()
    async with idle.workers():
        handle = await idle.start("s1", descriptor="chain", reliability="frugal")
        await eventually(lambda: len(idle.world()) >= 2, "the second of several is built")
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await handle.result()
    assert isinstance(ended.value.cause, CancelledError)
    assert idle.state() == before


@pytest.mark.parametrize("idle", [STEADY], indirect=True)
async def test_a_worker_that_dies_among_several_steps_leaves_nothing_twice(idle: Lab, address: str) -> None:
    onboard(idle, chain())
    process = await serve(idle, address)
    try:
        handle = await idle.start("s1", descriptor="chain", reliability="frugal")
        await eventually(lambda: len(idle.world()) >= 2, "the second of several is built")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    async with idle.workers():
        await handle.result()
    idle.whole("s1")


async def test_the_workers_profile_says_how_it_beats_and_who_goes_first(idle: Lab) -> None:
    go_by(idle, OWN)
    async with idle.workers():
        usual = await idle.start("s1", descriptor="pair")
        urgent = await idle.start("s2", descriptor="pair", tenant="emergency")
        asked = await idle.start("s3", descriptor="pair", tenant="emergency", reliability="frugal")
        await asyncio.gather(usual.result(), urgent.result(), asked.result())
    for handle, beats_s, priority, tenant in (
        (usual, 1.0, 2, "default"),
        (urgent, 0.6, 1, "emergency"),
        (asked, 15.0, 5, "emergency"),
    ):
        for each in await scheduled(handle):
            assert each.heartbeat_timeout.ToTimedelta().total_seconds() == beats_s, each.activity_type.name
            assert (each.priority.priority_key, each.priority.fairness_key) == (priority, tenant)


async def test_a_service_may_say_how_it_is_recovered(idle: Lab) -> None:
    onboard(idle, chain("own"))
    go_by(idle, OWN.model_copy(update={"profile": "another"}))
    async with idle.workers():
        told = await (await idle.start("s1", descriptor="chain")).result()
    assert told.notes[0] == (
        "the descriptor's reliability profile own is not known to the workers; another was taken"
    )
    go_by(idle, OWN)
    async with idle.workers():
        handle = await idle.operate("Terminate", "s1")
        told = await handle.result()
    assert told.notes == ()
    assert (await scheduled(handle))[1].heartbeat_timeout.ToTimedelta().total_seconds() == 1.0


async def test_a_profile_that_nobody_knows_is_refused(lab: Lab) -> None:
    message = await failure(await lab.start("s1", reliability="fast"))
    assert "reliability: no profile 'fast'; the workers know balanced, fast-recovery, frugal" in message
    assert lab.state() == lab.before
    assert lab.catalogue.operations.holder("s1") is None


async def started(handle: Handle, activity: str) -> datetime:
    """When a worker began an activity for the first time."""
    begun = {
        event.activity_task_started_event_attributes.scheduled_event_id: event.event_time.ToDatetime()
        for event in await events(handle)
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED
    }
    return next(
        begun[event.event_id]
        for event in await events(handle)
        if event.activity_task_scheduled_event_attributes.activity_type.name == activity
    )


async def waiting(idle: Lab, service: str, **fields: str) -> Handle:
    """An operation that waits for a worker to plan it."""
    handle = await idle.start(service, descriptor="pair", **fields)

    async def is_to_be_planned() -> bool:
        return names.MAKE_PLAN in named(await scheduled(handle))

    await eventually(is_to_be_planned, f"{service} waits to be planned")
    return handle


WITHOUT_PLACEMENT = [queue for queue in names.TASK_QUEUES if queue != names.PLACEMENT_QUEUE]


async def backlog(idle: Lab, wanted: int) -> bool:
    """Whether so many tasks have reached the queue; what a history says is scheduled gets there later."""
    question = DescribeTaskQueueRequest(
        namespace=idle.client.namespace,
        task_queue=TaskQueue(name=names.PLACEMENT_QUEUE),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        report_stats=True,
    )
    answer = await idle.client.workflow_service.describe_task_queue(question)
    return answer.stats.approximate_backlog_count >= wanted


async def planned_in_order(idle: Lab, handles: dict[str, Handle]) -> list[str]:
    """Begin to plan once all wait for it, and give the services in the order in which that began."""
    await eventually(lambda: backlog(idle, len(handles)), "all of them wait at the queue")
    async with idle.workers([names.PLACEMENT_QUEUE]):
        await asyncio.gather(*(handle.result() for handle in handles.values()))
    times = {service: await started(handle, names.MAKE_PLAN) for service, handle in handles.items()}
    return sorted(times, key=lambda service: times[service])


async def test_who_is_urgent_goes_before_those_who_wait_longer(idle: Lab) -> None:
    onboard(idle, PAIR)
    go_by(idle, OWN)
    async with idle.workers(WITHOUT_PLACEMENT):
        handles = {f"b{n}": await waiting(idle, f"b{n}", tenant="batch") for n in range(12)}
        handles["urgent"] = await waiting(idle, "urgent", tenant="emergency")
        order = await planned_in_order(idle, handles)
    assert order.index("urgent") < 6  # two are planned at a time, and which of them began first is noise


async def test_tenants_of_one_priority_take_turns(idle: Lab) -> None:
    async with idle.workers(WITHOUT_PLACEMENT):
        handles = {f"a{n}": await waiting(idle, f"a{n}", tenant="many") for n in range(12)}
        handles |= {f"z{n}": await waiting(idle, f"z{n}", tenant="few") for n in range(3)}
        order = await planned_in_order(idle, handles)
    assert max(order.index(f"z{n}") for n in range(3)) < 12, order


async def test_the_operations_of_a_profile_come_before_its_own_values() -> None:
    recovery = OWN.recovery(OperationKind.INSTANTIATE, "batch")
    assert (recovery.priority, recovery.steps_per_checkpoint, recovery.heartbeat_timeout_s) == (5, 3, 4.0)
    assert OWN.recovery(OperationKind.HEAL, "default").priority == 3
