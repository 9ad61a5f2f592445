"""One operation in a lab, timed; and, where that is wanted, a death at its worst moment."""

import asyncio
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.service import RPCError

from domain import names
from domain.errors import InterlaceError
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from lab.proving.starting import start_operation
from lab.recovering.subjects import TASKS, Subject
from workers.telemetry import listening

Handle = WorkflowHandle[object, object]

_LOOK_EVERY_S = 0.02
_WITHIN_S = 300.0
_BEATS = re.compile(
    r'^temporal_(?:long_)?request_total\{[^}]*operation="RecordActivityTaskHeartbeat"[^}]*\} (\S+)$', re.M
)


class TimingError(InterlaceError):
    """An operation could not be timed."""


class Striking(Protocol):
    """A lab whose processes can be killed."""

    @property
    def client(self) -> Client:
        """Of its Temporal server."""

    @property
    def home(self) -> Path:
        """Where its workers say on which ports they tell their metrics."""

    def kill(self, pid: int) -> None:
        """SIGKILL a worker."""

    def kill_server(self) -> None:
        """SIGKILL the Temporal server."""


@dataclass(frozen=True)
class Timed:
    """An operation that was carried out."""

    seconds: float
    """From its start to its close, as Temporal has them."""
    history_bytes: int
    events: dict[str, tuple[int, int]]
    """Kind of event -> how many, and their bytes."""
    longest_event: tuple[str, int]
    """The largest one: its kind, and its bytes."""
    heartbeats: int
    """That workers sent meanwhile, as the SDK counts; of workers that still run."""
    struck: bool = False
    """Whether the worker died that had the task and the workflow's state, and heartbeats noticed it."""


@dataclass(frozen=True)
class Stroke:
    """What is to die, and when."""

    before_end_s: float
    """Before the end of a task, or of the tasks that are one activity."""
    task_s: float
    """How long one task takes, as a step."""
    fused: int
    """How many tasks are one activity."""
    server: bool = False
    """The Temporal server dies, instead of the worker that has the task."""


async def timed(ground: Striking, subject: Subject, service: str, stroke: Stroke | None = None) -> Timed:
    """Carry an operation out.

    :raises TimingError: if it does not complete
    """
    before = await heartbeats(ground)
    handle = await start_operation(ground.client, subject.kind, subject.request(service))
    died = stroke is not None and await _strike(ground, handle, subject, stroke)
    described = await _ended(handle)
    if described.status is not WorkflowExecutionStatus.COMPLETED:
        raise TimingError(f"{subject.kind} of {service} ended {described.status and described.status.name}")
    return await _told(handle, described, await heartbeats(ground) - before, died)


async def prepare(client: Client, request: AnyRequest) -> None:
    """Instantiate a service that is to be operated on.

    :raises TimingError: if that fails
    """
    handle = await start_operation(client, OperationKind.INSTANTIATE, request)
    described = await _ended(handle)
    if described.status is not WorkflowExecutionStatus.COMPLETED:
        raise TimingError(f"{request.service} cannot be instantiated; see the workflow {handle.id}")


async def heartbeats(ground: Striking) -> int:
    """How many the workers that run now have sent, as the SDK counts."""
    total = 0.0
    async with httpx.AsyncClient(trust_env=False) as web:
        for each in listening(ground.home):
            with suppress(httpx.HTTPError):
                answer = await web.get(f"http://{each.temporal}/metrics")
                total += sum(float(found) for found in _BEATS.findall(answer.text))
    return int(total)


async def _strike(ground: Striking, handle: Handle, subject: Subject, stroke: Stroke) -> bool:
    """Kill whoever has the task that costs most, just before it would be done; whether such a one came by.

    That is one that has as many tasks as any, at a worker which also has the workflow's state in memory:
    both are lost then, and the next worker is waited for by two time-outs. The server dies at the first.
    """
    groups = TASKS // stroke.fused
    seen: set[str] = set()
    while len(seen) < groups:
        found = await _under_way(handle, subject, seen)
        seen.add(found.activity_id)
        pid = int(found.identity.partition("@")[0])
        if not stroke.server and pid != await _stateful(ground.client, handle):
            continue
        end = found.started + stroke.fused * stroke.task_s
        await asyncio.sleep(max(0.0, end - stroke.before_end_s - time.time()))
        if stroke.server:
            ground.kill_server()
        else:
            ground.kill(pid)
        return True
    return False


@dataclass(frozen=True)
class _Task:
    activity_id: str
    identity: str
    started: float


async def _under_way(handle: Handle, subject: Subject, known: set[str]) -> _Task:
    """The next task that a worker has begun, which is not known yet."""
    wanted = (subject.action, names.FUSED)
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        described = await handle.describe()
        if described.status is not WorkflowExecutionStatus.RUNNING:
            break
        for each in described.raw_description.pending_activities:
            begun = each.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
            if begun and each.activity_type.name in wanted and each.activity_id not in known:
                started = each.last_started_time.ToNanoseconds() / 1e9
                return _Task(each.activity_id, each.last_worker_identity, started)
        await asyncio.sleep(_LOOK_EVERY_S)
    raise TimingError(f"{handle.id} came by no task to be struck at: it has fewer than were thought")


async def _stateful(client: Client, handle: Handle) -> int:
    """The process of the worker that has the workflow's state in memory: it did the last of its tasks."""
    asked = GetWorkflowExecutionHistoryReverseRequest(namespace=client.namespace, maximum_page_size=20)
    asked.execution.workflow_id = handle.id
    answer = await client.workflow_service.get_workflow_execution_history_reverse(asked)
    for event in answer.history.events:
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED:
            return int(event.workflow_task_started_event_attributes.identity.partition("@")[0])
    return 0


async def _ended(handle: Handle) -> WorkflowExecutionDescription:
    """How it ended; a server that is away meanwhile comes back.

    :raises TimingError: if it does not end
    """
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        with suppress(RPCError):
            with suppress(WorkflowFailureError, asyncio.TimeoutError):
                async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                    await handle.result()
            told = await handle.describe()
            if told.status is not WorkflowExecutionStatus.RUNNING and told.close_time:
                return told
        await asyncio.sleep(_LOOK_EVERY_S)
    raise TimingError(f"{handle.id} has not ended after {_WITHIN_S:.0f} s")


async def _told(handle: Handle, described: WorkflowExecutionDescription, beats: int, died: bool) -> Timed:
    assert described.close_time
    history = (await handle.fetch_history()).events
    events: dict[str, tuple[int, int]] = {}
    for each in history:
        kind = _kind(each.event_type)
        count, size = events.get(kind, (0, 0))
        events[kind] = (count + 1, size + each.ByteSize())
    largest = max(history, key=lambda each: each.ByteSize())
    return Timed(
        seconds=(described.close_time - described.start_time).total_seconds(),
        history_bytes=described.raw_description.workflow_execution_info.history_size_bytes,
        events=events,
        longest_event=(_kind(largest.event_type), largest.ByteSize()),
        heartbeats=beats,
        struck=died and _kind(EventType.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT) in events,
    )


def _kind(number: "EventType.ValueType") -> str:
    """`activity task completed`."""
    return EventType.Name(number).removeprefix("EVENT_TYPE_").replace("_", " ").lower()
