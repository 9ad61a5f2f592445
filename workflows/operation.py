"""What every lifecycle operation does: lease, plan, steps, and the way back where it fails."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

from domain import names
from domain.lifecycle import AnyRequest
from domain.models import Model
from domain.operation_plans import PlanBrief, Step
from domain.phases import OperationState, Phase
from domain.recovery import Recovery
from domain.requests import (
    BeginOperation,
    FinishOperation,
    Held,
    Nothing,
    OperationProgress,
    OperationResult,
)
from domain.steering import (
    Began,
    Committed,
    FusedNote,
    FusedOrder,
    PlanRef,
    Scope,
    StepNote,
    StepOrder,
    StepTimes,
)
from workflows import calls
from workflows.board import Board
from workflows.cuts import ran_to_its_end, uncut
from workflows.failures import refuses, root_cause
from workflows.planning import UNASKED, make_plan
from workflows.returning import Returning, sweep_leftovers
from workflows.steered import Steering
from workflows.stepping import Manner, Stepper

T = TypeVar("T", bound=Model)


class Operation:
    """Base of the operations; a subclass says its kind, and what is special about it."""

    kind: names.OperationKind
    undone = " and was undone"
    """What is told of a failure after the first step."""

    def __init__(self) -> None:
        self._board = Board(self.kind)
        self._steering = Steering(self._board)
        self._stepper = Stepper(self._board, self._steering, self._attempt, self._attempt_fused)
        self.recovery: Recovery | None = None
        self.tenant = "default"
        self._held: Held | None = None
        self._plan: PlanBrief | None = None
        self._scope: Scope | None = None
        """As it was when the operation began: for its first plan alone."""
        self._request: AnyRequest | None = None
        self._stoppable = False
        self._returning = Returning(self._board, self._stepper)
        self._outcome = self._rest = self._mended = self._settled = ""

    @workflow.query(name=names.PROGRESS_QUERY, description="Phase and steps of this operation")
    def progress(self) -> OperationProgress:
        """How far the operation is, step by step."""
        return self._board.progress(self.operation_id)

    @property
    def operation_id(self) -> str:
        """The same through retries and resets: derived from the first run."""
        return f"{self.kind.lower()}-{workflow.info().first_execution_run_id}"

    @property
    def held(self) -> Held:
        """The proof of the lease that each write carries."""
        assert self._held is not None
        return self._held

    @property
    def request(self) -> AnyRequest:
        """What was asked for."""
        assert self._request is not None
        return self._request

    async def carry_out(self, request: AnyRequest) -> OperationResult:
        """Plan, do just that, commit; whatever fails or is cancelled comes back to what was committed."""
        self._request, self.tenant = request, request.tenant
        self._steering.service = request.service
        self._board.open(request.service, request.tenant)
        began = await self._begin()
        self._held, self.recovery, self._settled = began.held, began.recovery, began.note
        self._scope = began.scope
        self._steering.open = self._stoppable = True
        try:
            await self._until_given_up(self._work(began))
        except (asyncio.CancelledError, FailureError) as failure:
            self._stoppable = False
            self._steering.to_the_way_back()
            await uncut(self._roll_back(failure))
            raise self._ending(failure) from failure
        await uncut(self._end(OperationState.COMPLETED, None))
        self._board.enter(Phase.DONE)
        return self._result()

    async def _work(self, began: Began) -> None:
        if began.mend:
            self._board.enter(Phase.MENDING)
            await self._returning.mend(self._ref(), self.request.patience)
            self._mended = "; what an operation that died had left was put right before"
        await self.change()
        self._stop_if_cancelled()
        await uncut(self._commit())

    async def _commit(self) -> None:
        """From here on a cancel comes too late: the outcome stands."""
        self._steering.open = self._stoppable = False
        self._board.enter(Phase.COMMITTING)
        committed = await self._ours(names.COMMIT_PLAN, self._ref(), Committed, step="commit the service")
        if committed.watched:
            await self._ours(names.INSTALL, self._ref(), StepNote, step="watch the service")
        await self.tidy()

    async def tidy(self) -> None:
        """Remove what only the way here needed."""

    async def change(self) -> None:
        """Make a plan and carry it out."""
        await self.follow(await self.plan())

    async def plan(self, avoid: dict[str, frozenset[str]] | None = None) -> PlanBrief:
        """Make, or take, the plan, and reserve what it needs."""
        self._board.enter(Phase.PLANNING)
        with self._board.step("plan"):
            request = self.request.model_dump(mode="json")
            self._plan = await make_plan(self.kind, request, self.held, avoid, self._scope)
            self._scope = None
        self._stop_if_cancelled()
        self._board.follow(self._plan)
        return self._plan

    async def follow(self, plan: PlanBrief) -> None:
        """Carry out a plan's steps."""
        patience = self.request.patience
        manner = Manner(
            give_up_after_s=patience.give_up_after_s,
            delete_give_up_after_s=min(patience.undo_give_up_after_s, patience.give_up_after_s),
            hold=self.request.on_failure == "hold",
            steps_per_checkpoint=self.recovery.steps_per_checkpoint if self.recovery else 1,
        )
        await self._stepper.run(plan.waves, manner)

    async def _begin(self) -> Began:
        """Take the lease. A cancel waits for the answer: an unknown lease could not be given back."""
        request, info = self.request, workflow.info()
        start = BeginOperation(
            operation_id=self.operation_id,
            kind=self.kind,
            service=request.service,
            tenant=request.tenant,
            workflow_id=info.workflow_id,
            run_id=info.run_id,
            descriptor=getattr(request, "descriptor", None),
            version=getattr(request, "version", None),
            reliability=request.reliability,
            by_policy=bool(
                info.parent and info.parent.workflow_id == names.watch_workflow_id(request.service)
            ),
            request=None if self.kind in UNASKED else request.model_dump(mode="json"),
        )
        try:
            return await uncut(self._nearby(names.START, start, Began, step="take the lease"))
        except FailureError as failure:
            self._board.failure = root_cause(failure)
            self._board.enter(Phase.FAILED)
            raise ApplicationError(
                self._board.failure, type="OperationRefused", non_retryable=True
            ) from failure

    async def _attempt(self, step: Step, patience_s: float) -> StepNote:
        ref = self._ref()
        order = StepOrder(held=ref.held, tenant=self.tenant, plan_id=ref.plan_id, step=step)
        note = await calls.attempt(order, self.request.patience.step_timeout_s, patience_s)
        self._stop_if_cancelled()
        return note

    async def _attempt_fused(self, steps: tuple[Step, ...], patience_s: float) -> FusedNote:
        ref = self._ref()
        order = FusedOrder(held=ref.held, tenant=self.tenant, plan_id=ref.plan_id, steps=steps)
        note = await calls.attempt_fused(order, self.request.patience.step_timeout_s, patience_s)
        self._stop_if_cancelled()
        return note

    async def _ours(self, activity: str, argument: Model, result: type[T], *, step: str) -> T:
        with self._board.step(step):
            answer = await calls.ask_store(activity, argument, result, summary=step)
        self._stop_if_cancelled()
        return answer

    async def _nearby(self, activity: str, argument: Model, result: type[T], *, step: str) -> T:
        """What may be done twice, and before a cancel that came first is heard."""
        if not workflow.patched(names.NEARBY_PATCH):
            return await self._ours(activity, argument, result, step=step)
        with self._board.step(step):
            answer = await calls.ask_store_nearby(activity, argument, result, summary=step)
        self._stop_if_cancelled()
        return answer

    async def _until_given_up(self, work: Coroutine[object, None, None]) -> None:
        """Do the work, unless it is cancelled or given up; it has stopped when this returns."""
        if not await ran_to_its_end(work, lambda: self._steering.given_up is not None):
            reason = self._steering.given_up
            raise ApplicationError(f"given up by an operator: {reason}", type="GivenUp", non_retryable=True)

    async def _roll_back(self, failure: BaseException) -> None:
        cancelled = is_cancelled_exception(failure)
        self._board.failure = "cancelled" if cancelled else root_cause(failure)
        self._board.enter(Phase.UNDOING)
        self._outcome = ", nothing was changed"
        if self._stepper.begun:
            self._outcome = self.undone
        self._rest = self._mended + await self.come_back()
        self._board.failure += f" ({(self._outcome + self._rest).lstrip(',; ')})"
        state = OperationState.CANCELLED if cancelled else OperationState.FAILED
        await self._end(state, self._board.failure)
        self._board.enter(Phase.FAILED)

    async def come_back(self) -> str:
        """Make the service be as it was; what to tell of what is left."""
        if self._stepper.begun:
            return await self._returning.undo(self._ref(), self.request.patience)
        await self._ours(names.RESTORE, self._ref(), StepNote, step="keep the service as it is")
        return ""

    async def _end(self, state: OperationState, failure: str | None) -> None:
        """Hand what is left over to a sweep, note what was learned, give the lease back."""
        await sweep_leftovers(self.operation_id, self.request.service, self._stepper.leftovers)
        times = tuple(self._stepper.times)
        if times and not workflow.patched(names.TERSE_PATCH):
            with suppress(FailureError):
                noted = StepTimes(times=times)
                await self._ours(names.NOTE_TIMES, noted, Nothing, step="note how long it took")
            times = ()
        ending = FinishOperation(held=self.held, state=state, failure=failure, times=times)
        await self._nearby(names.FINISH, ending, Nothing, step="give the lease back")
        await workflow.wait_condition(workflow.all_handlers_finished)

    def _ending(self, failure: BaseException) -> BaseException:
        if is_cancelled_exception(failure):
            return asyncio.CancelledError(self._board.failure)
        what = f"{self.kind} of {self.request.service} failed{self._outcome}"
        message = f"{what}: {root_cause(failure)}{self._rest}"
        kind = "OperationRefused" if not self._stepper.begun and refuses(failure) else "OperationFailed"
        return ApplicationError(message, type=kind, non_retryable=True)

    def _result(self) -> OperationResult:
        plan = self._plan
        return OperationResult(
            operation_id=self.operation_id,
            service=self.request.service,
            cost_per_hour=plan.cost_per_hour if plan else None,
            currency=plan.currency if plan else None,
            leftovers=tuple(self._stepper.leftovers),
            plan_id=plan.plan_id if plan else None,
            notes=(*((self._settled,) if self._settled else ()), *(plan.notes if plan else ())),
        )

    def _ref(self) -> PlanRef:
        return PlanRef(held=self.held, plan_id=self._plan.plan_id if self._plan else None)

    def _stop_if_cancelled(self) -> None:
        """A cancel, or giving up, while an activity was ending successfully must not be lost."""
        stopped = workflow.cancellation_reason() is not None or self._steering.given_up is not None
        if self._stoppable and stopped:
            raise asyncio.CancelledError
