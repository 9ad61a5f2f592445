"""Calls from a workflow to its activities: queues, time-outs, retries."""

from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType

from domain import names
from domain.models import Model
from domain.operation_plans import Step
from domain.steering import PreviewNotes, PreviewOrder, StepNote, StepOrder

T = TypeVar("T", bound=Model)

HEARTBEAT = timedelta(seconds=1.3)
"""After so long without one a worker counts as dead. Every activity heartbeats by itself (workers/)."""
TASK_TIMEOUT = timedelta(seconds=2)
"""So long a worker that dies with a workflow's task in hand keeps it from the others; 10 s by default."""
_OWN_STORE = RetryPolicy(initial_interval=timedelta(milliseconds=100), maximum_interval=timedelta(seconds=5))
_ONCE = RetryPolicy(maximum_attempts=1)
_STORING = timedelta(seconds=60)
_SOLVING = timedelta(minutes=5)
_LOOKING = timedelta(seconds=60)
_SERVED = timedelta(seconds=10)
_PREVIEWING = timedelta(minutes=3)


async def ask_store(activity: str, argument: Model, result: type[T], *, summary: str) -> T:
    """Read or write the catalogue."""
    return await _ask(activity, argument, result, names.ORCHESTRATION_QUEUE, _STORING, summary)


async def ask_placement(
    activity: str, argument: Model, result: type[T], *, summary: str, search_s: float = 0.0
) -> T:
    """Have something placed, and perhaps reserved.

    :param search_s: that it may search, beside the usual time
    """
    limit = _SOLVING + timedelta(seconds=search_s)
    return await _ask(activity, argument, result, names.PLACEMENT_QUEUE, limit, summary)


async def _ask(
    activity: str, argument: Model, result: type[T], queue: str, limit: timedelta, summary: str
) -> T:
    """A cancel waits for the answer: a write that lands after the undo would stay for good."""
    answer: T = await workflow.execute_activity(
        activity,
        argument,
        result_type=result,
        task_queue=queue,
        start_to_close_timeout=limit,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_OWN_STORE,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )
    return answer


async def look(activity: str, argument: Model, result: type[T], kind: str, *, summary: str) -> T:
    """Look at what VIMs of one kind hold; changes nothing."""
    answer: T = await workflow.execute_activity(
        activity,
        argument,
        result_type=result,
        task_queue=names.vim_queue(kind),
        schedule_to_close_timeout=_LOOKING,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_OWN_STORE,
        summary=summary,
    )
    return answer


async def preview(order: PreviewOrder, kind: str) -> PreviewNotes:
    """Have VIMs of one kind tell what they would change. Once: who waits to see a plan can do without."""
    notes: PreviewNotes = await workflow.execute_activity(
        names.PREVIEW,
        order,
        result_type=PreviewNotes,
        task_queue=names.vim_queue(kind),
        schedule_to_start_timeout=_SERVED,
        start_to_close_timeout=_PREVIEWING,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_ONCE,
        summary=f"ask the {kind} VIMs what they would change",
    )
    return notes


async def attempt(order: StepOrder, timeout_s: float, patience_s: float) -> StepNote:
    """One attempt of a step; whether there is another is for the workflow to say, and for its operator."""
    step: Step = order.step
    note: StepNote = await workflow.execute_activity(
        step.action.value,
        order,
        result_type=StepNote,
        task_queue=names.vim_queue(step.vim_kind),
        schedule_to_start_timeout=timedelta(seconds=max(1.0, patience_s)),
        start_to_close_timeout=timedelta(seconds=timeout_s),
        heartbeat_timeout=HEARTBEAT,
        retry_policy=_ONCE,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=step.title,
    )
    return note
