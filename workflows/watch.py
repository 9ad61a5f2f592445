"""Watch: looks at a service for as long as it is there, and has done what its policies want."""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import (
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)
from temporalio.workflow import ActivityCancellationType, ChildWorkflowCancellationType

from domain import names
from domain.recovery import Recovery
from domain.requests import Nothing, OperationResult
from domain.watching import Decision, Looked, LookOrder, Outcome, Wanted, WatchRequest
from workflows import calls
from workflows.failures import root_cause

_LASTING = timedelta(minutes=10)
"""Of one activity that looks again and again: what it remembers is in the history as often."""
_MARGIN = timedelta(minutes=5)
_LEAST_HEARTBEAT = timedelta(seconds=5)
_AGAIN = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=30))
_LONGEST = 2_000
"""Events in a history, at which a new run goes on."""


@workflow.defn(name=names.WATCH)
class Watch:
    """One for each service with policies; it acts as a person would, one operation at a time.

    Looking is one long activity, which returns when something is to be done: what it remembers is in its
    heartbeats meanwhile, so that a worker's death loses nothing. What is to be done is begun by this
    workflow, so that it is begun once.
    """

    def __init__(self) -> None:
        self._last: Decision | None = None

    @workflow.query(name="decision", description="What this watch has begun last")
    def decision(self) -> Decision | None:
        """The last decision, and what became of it."""
        return self._last

    @workflow.run
    async def run(self, request: WatchRequest) -> Nothing:
        """End when the service is gone, or has no policies any more."""
        began: tuple[str, ...] = ()
        began_at: datetime | None = None
        while not self._too_long():
            looked = await self._look(request, began, began_at)
            if looked.gone:
                return Nothing()
            request = request.model_copy(update={"state": looked.state, "interval_s": looked.interval_s})
            began = ()
            if looked.wanted is not None:
                began_at = workflow.now()
                began = looked.wanted.acts if await self._have_done(request, looked.wanted) else ()
            if began and self._too_long():  # what began is told before another run goes on
                looked = await self._look(request, began, began_at, lasting=timedelta(seconds=1))
                request = request.model_copy(update={"state": looked.state})
        workflow.continue_as_new(request)

    def _too_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > _LONGEST

    async def _look(
        self,
        request: WatchRequest,
        began: tuple[str, ...],
        began_at: datetime | None,
        lasting: timedelta = _LASTING,
    ) -> Looked:
        order = LookOrder(
            service=request.service,
            state=request.state,
            began=began,
            began_at=began_at if began else None,
            interval_s=request.interval_s,
            lasting_s=lasting.total_seconds(),
        )
        interval = timedelta(seconds=request.interval_s)
        looked: Looked = await workflow.execute_activity(
            names.LOOK,
            order,
            result_type=Looked,
            task_queue=names.MONITORING_QUEUE,
            start_to_close_timeout=lasting + 2 * interval + _MARGIN,
            heartbeat_timeout=max(_LEAST_HEARTBEAT, 2.2 * interval),
            retry_policy=_AGAIN,
            cancellation_type=ActivityCancellationType.TRY_CANCEL,
            summary=f"look every {request.interval_s:g} s",
        )
        return looked

    async def _have_done(self, request: WatchRequest, wanted: Wanted) -> bool:
        """Whether it began; however it ended, that is noted."""
        decision = self._decision(request, wanted)
        try:
            operation = await workflow.start_child_workflow(
                wanted.kind,
                wanted.request,
                id=names.service_workflow_id(request.service),
                result_type=OperationResult,
                task_timeout=calls.TASK_TIMEOUT,
                cancellation_type=ChildWorkflowCancellationType.ABANDON,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                priority=_priority(wanted),
                static_summary=f"{wanted.kind} {request.service}: {wanted.what}, by {wanted.policy}",
            )
        except WorkflowAlreadyStartedError:
            await self._note(decision, "busy", "another operation runs on the service: it is tried again")
            return False
        await self._note(decision, "under way")
        try:
            result = await operation
        except ChildWorkflowError as failure:
            refused = isinstance(failure.cause, ApplicationError) and failure.cause.type == "OperationRefused"
            await self._note(decision, "refused" if refused else "failed", _words(failure))
        else:
            done = decision.model_copy(update={"operation_id": result.operation_id})
            await self._note(done, "done", "; ".join(result.notes))
        return True

    def _decision(self, request: WatchRequest, wanted: Wanted) -> Decision:
        """A new one; or the last one again, where that could not begin."""
        last = self._last
        same = last and last.outcome == "busy" and (last.policy, last.what) == (wanted.policy, wanted.what)
        return Decision(
            decision_id=last.decision_id if last and same else f"decision-{workflow.uuid4().hex[:12]}",
            service=request.service,
            policy=wanted.policy,
            component=wanted.component,
            kind=wanted.kind,
            what=wanted.what,
            reason=wanted.reason,
            decided_at=last.decided_at if last and same else wanted.decided_at,
        )

    async def _note(self, decision: Decision, outcome: Outcome, told: str = "") -> None:
        over = outcome in ("done", "failed", "refused")
        noted = decision.model_copy(
            update={"outcome": outcome, "told": told, "ended_at": workflow.now() if over else None}
        )
        changed = noted != self._last
        self._last = noted
        workflow.set_current_details(_details(noted))
        if changed:
            await calls.ask_store(names.NOTE_DECISION, noted, Nothing, summary=f"note: {outcome}")


def _priority(wanted: Wanted) -> Priority:
    """Of the operation's own tasks; that of its calls is settled as it begins."""
    usual = Recovery().by_policy(wanted.kind)
    return Priority(priority_key=usual.priority, fairness_key=wanted.request.tenant)


def _details(decision: Decision) -> str:
    told = f": {decision.told}" if decision.told else ""
    return (
        f"**last decision** {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC, by {decision.policy}\n\n"
        f"{decision.what} ({decision.reason})\n\n{decision.outcome}{told}"
    )


def _words(failure: FailureError) -> str:
    return root_cause(failure.cause) if failure.cause else failure.message
