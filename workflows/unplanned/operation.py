"""What every lifecycle operation shares: the lease, the steps as shown, the saga, the ending."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception
from temporalio.workflow import ActivityCancellationType, ParentClosePolicy

from domain import names
from domain.models import Model
from domain.phases import OperationState, Phase, ResourceKind
from domain.requests import (
    BeginOperation,
    ExternalResource,
    FinishOperation,
    Held,
    LeaveResource,
    Nothing,
    Patience,
    SweepRequest,
)
from workflows.board import Board
from workflows.failures import root_cause

T = TypeVar("T", bound=Model)
R = TypeVar("R")
Undo = Callable[[], Awaitable[object]]

_OWN_STORE = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5))
_OUTSIDE = RetryPolicy(initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=20))
_HEARTBEAT = timedelta(seconds=5)
_SOLVING = timedelta(minutes=5)
_STORING = timedelta(seconds=20)
"""What a worker's death midway costs at most: a call of milliseconds sends no heartbeat."""


class Operation:
    """Base of the operations; a subclass says only its kind and its steps."""

    kind: names.OperationKind

    def __init__(self, board: Board) -> None:
        self._board = board
        self._undo: list[list[Undo]] = []
        self._stoppable = False
        self._service = ""
        self._fence = 0
        self._patience = Patience()
        self.leftovers: list[str] = []

    @property
    def operation_id(self) -> str:
        """The same through retries and resets: derived from the first run."""
        return f"{self.kind.lower()}-{workflow.info().first_execution_run_id}"

    @property
    def held(self) -> Held:
        """The proof of the lease that each write carries."""
        return Held(operation_id=self.operation_id, fence=self._fence, service=self._service)

    async def carry_out(
        self,
        start: BeginOperation,
        patience: Patience,
        steps: Callable[[], Awaitable[T]],
        undo: Undo | None = None,
    ) -> T:
        """Run `steps` under the service's lease; whatever fails or is cancelled is undone in full.

        `undo` reverts what taking the lease does to the service's record.
        """
        self._service, self._patience = start.service, patience
        self._board.open(start.service, start.tenant)
        self._fence = (await self._begin(start)).fence
        if undo:
            self.on_undo(undo)
        self._stoppable = True
        try:
            self._stop_if_cancelled()
            result = await steps()
        except (asyncio.CancelledError, FailureError) as failure:
            await _uncut(self._roll_back(failure))
            raise self._ending(failure) from failure
        await _uncut(self._finish(OperationState.COMPLETED, None))
        self._board.enter(Phase.DONE)
        return result

    async def _begin(self, start: BeginOperation) -> Held:
        """Take the lease. A cancel waits for the answer: an unknown lease could not be given back."""
        try:
            return await _uncut(self.call(names.BEGIN, start, Held, step="take the lease"))
        except FailureError as failure:
            self._board.failure = root_cause(failure)
            self._board.enter(Phase.FAILED)
            raise ApplicationError(
                self._board.failure, type="OperationRefused", non_retryable=True
            ) from failure

    @asynccontextmanager
    async def phase(self, phase: Phase) -> AsyncIterator[None]:
        """A stretch of the operation, shown to people while it lasts."""
        self._board.enter(phase)
        yield

    def on_undo(self, *undos: Undo) -> None:
        """Note how to revert the next step, before it starts; several are reverted side by side."""
        self._undo.append(list(undos))

    async def call(self, activity: str, argument: Model, result: type[T], *, step: str) -> T:
        """One call into our own store or the placement.

        A cancel waits for a write under way: one that lands after the undo would stay for good.
        """
        solves = activity == names.SOLVE
        on_cancel = (
            ActivityCancellationType.TRY_CANCEL
            if solves
            else ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
        )
        with self._board.step(step):
            answer: T = await workflow.execute_activity(
                activity,
                argument,
                result_type=result,
                task_queue=names.PLACEMENT_QUEUE if solves else names.ORCHESTRATION_QUEUE,
                start_to_close_timeout=_SOLVING if solves else _STORING,
                heartbeat_timeout=_HEARTBEAT if solves else None,
                retry_policy=_OWN_STORE,
                cancellation_type=on_cancel,
                summary=step,
            )
        self._stop_if_cancelled()
        return answer

    async def call_vim(
        self, activity: str, argument: Model, kind: str, *, step: str, give_up_after_s: float | None = None
    ) -> None:
        """One call to a VIM that only acts."""
        await self.ask_vim(activity, argument, kind, Nothing, step=step, give_up_after_s=give_up_after_s)

    async def ask_vim(
        self,
        activity: str,
        argument: Model,
        kind: str,
        result: type[T],
        *,
        step: str,
        give_up_after_s: float | None = None,
    ) -> T:
        """One call to a VIM or a network: retried while that can help, cancelled only once it has stopped."""
        limit = timedelta(seconds=give_up_after_s or self._patience.give_up_after_s)
        with self._board.step(step):
            answer: T = await workflow.execute_activity(
                activity,
                argument,
                result_type=result,
                task_queue=names.vim_queue(kind),
                schedule_to_start_timeout=limit,
                schedule_to_close_timeout=limit,
                start_to_close_timeout=timedelta(seconds=self._patience.step_timeout_s),
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_OUTSIDE,
                cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                summary=step,
            )
        self._stop_if_cancelled()
        return answer

    async def all_of(self, parts: Iterable[tuple[Awaitable[object], Undo | None]]) -> None:
        """Run the parts side by side; their undos form one layer. None is left running when this returns."""
        listed = list(parts)
        self._undo.append([undo for _, undo in listed if undo])
        tasks = [asyncio.ensure_future(part) for part, _ in listed]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def delete_or_leave(self, resource: ExternalResource) -> None:
        """Delete a resource, or note it as a leftover that a sweep will keep deleting."""
        limit = self._patience.undo_give_up_after_s
        what = f"the network of {resource.service}" if _is_network(resource) else resource.instance
        step = f"delete {what} on {resource.pop}"
        try:
            await self.call_vim(names.DELETE, resource, resource.vim_kind, step=step, give_up_after_s=limit)
        except FailureError as failure:
            if is_cancelled_exception(failure):
                raise
            left = LeaveResource(resource=resource, reason=root_cause(failure))
            await self.call(names.LEAVE, left, Nothing, step=f"note leftover {what}")
            self.leftovers.append(resource.name)

    async def sweep_leftovers(self) -> None:
        """Hand what could not be deleted to a sweep that outlives this operation."""
        if self.leftovers:
            await workflow.start_child_workflow(
                names.SWEEP,
                SweepRequest(service=self._service),
                id=f"sweep/{self.operation_id}",
                task_queue=names.ORCHESTRATION_QUEUE,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"Deletes what {self.operation_id} left of {self._service}",
            )

    async def _roll_back(self, failure: BaseException) -> None:
        self._stoppable = False
        self._board.failure = "cancelled" if is_cancelled_exception(failure) else root_cause(failure)
        self._board.enter(Phase.UNDOING)
        for layer in reversed(self._undo):
            await asyncio.gather(*(undo() for undo in layer))
        await self.sweep_leftovers()
        cancelled = is_cancelled_exception(failure)
        await self._finish(
            OperationState.CANCELLED if cancelled else OperationState.FAILED, self._board.failure
        )
        self._board.enter(Phase.FAILED)

    def _ending(self, failure: BaseException) -> BaseException:
        if is_cancelled_exception(failure):
            return asyncio.CancelledError(self._board.failure)
        left = f"; left behind, a sweep keeps deleting: {', '.join(self.leftovers)}" if self.leftovers else ""
        message = f"{self.kind} of {self._service} failed and was undone{left}: {self._board.failure}"
        return ApplicationError(message, type="OperationFailed", non_retryable=True)

    async def _finish(self, state: OperationState, failure: str | None) -> None:
        ending = FinishOperation(held=self.held, state=state, failure=failure)
        self._stoppable = False  # from here on a cancel comes too late: the outcome stands
        await self.call(names.FINISH, ending, Nothing, step="give the lease back")

    def _stop_if_cancelled(self) -> None:
        """A cancel that arrived while an activity was ending successfully must not be lost."""
        if self._stoppable and workflow.cancellation_reason() is not None:
            raise asyncio.CancelledError


async def _uncut(work: Coroutine[object, None, R]) -> R:
    """The outcome of work that a cancel of the workflow must not cut short."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()


def _is_network(resource: ExternalResource) -> bool:
    return resource.kind is ResourceKind.NETWORK
