"""Calls from a workflow to its activities: queues, time-outs, retries, priorities."""

from datetime import timedelta
from typing import Protocol, TypeVar, runtime_checkable

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityCancellationType

from domain import names
from domain.models import Model
from domain.operation_plans import Step
from domain.recovery import Recovery
from domain.steering import FusedNote, FusedOrder, PreviewNotes, PreviewOrder, StepNote, StepOrder
from workflows.failures import is_final

T = TypeVar("T", bound=Model)

TASK_TIMEOUT = timedelta(seconds=2)
"""So long a worker that dies with a workflow's task in hand keeps it from the others; 10 s by default."""
_LONGEST_PAUSE_S = 5.0
_USUAL = Recovery()
_ONCE = RetryPolicy(maximum_attempts=1)
_STORING = timedelta(seconds=60)
_SOLVING = timedelta(minutes=5)
_LOOKING = timedelta(seconds=60)
_SERVED = timedelta(seconds=10)
_PREVIEWING = timedelta(minutes=3)
_NEARBY = timedelta(seconds=1)
"""Well within a workflow's task, which a local activity is a part of."""


@runtime_checkable
class Recovering(Protocol):
    """A workflow whose calls go by a reliability profile; those of others go by the usual."""

    recovery: Recovery | None
    """None until it is settled."""
    tenant: str


def _recovery() -> Recovery:
    running = workflow.instance()
    return (running.recovery if isinstance(running, Recovering) else None) or _USUAL


def _heartbeat() -> timedelta:
    """After so long without one a worker counts as dead. Every activity heartbeats by itself (workers/)."""
    return timedelta(seconds=_recovery().heartbeat_timeout_s)


def _own_store() -> RetryPolicy:
    first_s = _recovery().first_pause_s
    longest_s = max(first_s, _LONGEST_PAUSE_S)
    return RetryPolicy(
        initial_interval=timedelta(seconds=max(first_s, 0.001)),
        maximum_interval=timedelta(seconds=longest_s),
    )


def _priority() -> Priority:
    """Who goes first where calls wait for a worker; among those alike, tenants take turns by weight."""
    running = workflow.instance()
    if not isinstance(running, Recovering) or running.recovery is None:
        return Priority()  # that of the workflow, as it was started
    recovery = running.recovery
    return Priority(
        priority_key=recovery.priority,
        fairness_key=running.tenant,
        fairness_weight=recovery.fairness_weight,
    )


async def ask_store(activity: str, argument: Model, result: type[T], *, summary: str) -> T:
    """Read or write the catalogue."""
    return await _ask(activity, argument, result, names.ORCHESTRATION_QUEUE, _STORING, summary)


async def ask_store_nearby(activity: str, argument: Model, result: type[T], *, summary: str) -> T:
    """As `ask_store`, in the worker that has the workflow's task, by way of the server where that fails.

    It spares the server an activity. Only for what may be done again after the workflow has heard a cancel:
    the answer is recorded with the task's end, and a cancel that comes before has the task begin anew.
    """
    try:
        answer: T = await workflow.execute_local_activity(
            activity,
            argument,
            result_type=result,
            schedule_to_close_timeout=_NEARBY,
            retry_policy=_ONCE,
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=summary,
        )
    except FailureError as failure:
        if is_final(failure):
            raise
        return await ask_store(activity, argument, result, summary=summary)
    return answer


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
        heartbeat_timeout=_heartbeat(),
        priority=_priority(),
        retry_policy=_own_store(),
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
        heartbeat_timeout=_heartbeat(),
        priority=_priority(),
        retry_policy=_own_store(),
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
        heartbeat_timeout=_heartbeat(),
        priority=_priority(),
        retry_policy=_ONCE,
        summary=f"ask the {kind} VIMs what they would change",
    )
    return notes


async def attempt(order: StepOrder, timeout_s: float, patience_s: float) -> StepNote:
    """One attempt of a step; whether there is another is for the workflow to say, and for its operator."""
    step = order.step
    return await _once(step.action.value, order, StepNote, step, timeout_s, patience_s, step.title)


async def attempt_fused(order: FusedOrder, timeout_s: float, patience_s: float) -> FusedNote:
    """One attempt of several steps, one after the other, all at one kind of VIM.

    :param timeout_s: for each of them
    """
    first, count = order.steps[0], len(order.steps)
    summary = f"{first.title}, and {count - 1} more"
    return await _once(names.FUSED, order, FusedNote, first, count * timeout_s, patience_s, summary)


async def _once(
    activity: str,
    order: Model,
    result: type[T],
    step: Step,
    timeout_s: float,
    patience_s: float,
    summary: str,
) -> T:
    answer: T = await workflow.execute_activity(
        activity,
        order,
        result_type=result,
        task_queue=names.vim_queue(step.vim_kind),
        schedule_to_start_timeout=timedelta(seconds=max(1.0, patience_s)),
        start_to_close_timeout=timedelta(seconds=timeout_s),
        heartbeat_timeout=_heartbeat(),
        priority=_priority(),
        retry_policy=_ONCE,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=summary,
    )
    return answer
