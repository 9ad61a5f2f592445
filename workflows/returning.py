"""The way back to the committed deployment: by what is there and what should be, not by what was done."""

import asyncio
from collections.abc import Collection

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception
from temporalio.workflow import ParentClosePolicy

from domain import names
from domain.operation_plans import StepAction
from domain.requests import Patience, SweepRequest
from domain.steering import CompareOrder, Differences, PlanRef, StepNote, UndoBrief
from workflows import calls
from workflows.board import Board
from workflows.failures import root_cause
from workflows.stepping import Manner, Stepper

_TRIES = 3
_BETWEEN_S = 1.0


class Returning:
    """Brings a service back to what the catalogue has committed of it, and compares."""

    def __init__(self, board: Board, stepper: Stepper) -> None:
        self._board = board
        self._stepper = stepper

    async def undo(self, ref: PlanRef, patience: Patience) -> str:
        """Come back from an operation that failed; what to tell of it."""
        begun = frozenset(self._stepper.begun)
        differences = await self._come_back(ref.model_copy(update={"begun": begun}), patience)
        with self._board.step("keep the service as it was"):
            await calls.ask_store(names.RESTORE, ref, StepNote, summary="keep the service as it was")
        return self._words(differences)

    async def mend(self, ref: PlanRef, patience: Patience) -> None:
        """Put right what an operation left that died.

        :raises ApplicationError: if that cannot be done; nothing is planned then
        """
        differences = await self._come_back(ref, patience)
        if differences:
            words = f"an operation that died left the service half changed; {self._words(differences)[2:]}"
            raise ApplicationError(words, type="NotMended", non_retryable=True)
        with self._board.step("keep the service as it was"):
            await calls.ask_store(names.RESTORE, ref, StepNote, summary="keep the service as it was")
        self._stepper.begun.clear()

    async def tidy(self, ref: PlanRef, patience: Patience) -> None:
        """Delete what is there beside the committed deployment."""
        undo = await calls.ask_store(names.PLAN_UNDO, ref, UndoBrief, summary="see what is there")
        deletions = [
            wave.model_copy(
                update={"steps": tuple(each for each in wave.steps if each.action is StepAction.DELETE)}
            )
            for wave in undo.brief.waves
        ]
        await self._stepper.run([wave for wave in deletions if wave.steps], _manner(patience))

    async def _come_back(self, ref: PlanRef, patience: Patience) -> tuple[str, ...]:
        """Undo and compare, again where they still differ; the differences that stay."""
        differences: tuple[str, ...] = ()
        for number in range(1, _TRIES + 1):
            self._stepper.undone_not.clear()
            with self._board.step("see what is to be undone"):
                undo = await calls.ask_store(names.PLAN_UNDO, ref, UndoBrief, summary="see what is there")
            await self._stepper.run(undo.brief.waves, _manner(patience))
            differences = await self._compare(ref, undo)
            if not differences:
                return ()
            if self._stepper.undone_not or number == _TRIES:
                break  # it was tried for as long as anybody wanted to wait
            await asyncio.sleep(_BETWEEN_S)
        return tuple(dict.fromkeys((*self._stepper.undone_not, *differences)))

    async def _compare(self, ref: PlanRef, undo: UndoBrief) -> tuple[str, ...]:
        with self._board.step("compare world and catalogue"):
            found: list[str] = []
            for kind, pops in sorted(undo.pops.items()):
                order = CompareOrder(service=ref.held.service, pops=pops)
                try:
                    answer = await calls.look(
                        names.COMPARE, order, Differences, kind, summary=f"compare {', '.join(pops)}"
                    )
                    found += answer.found
                except FailureError as failure:
                    if is_cancelled_exception(failure):
                        raise
                    found.append(f"the {kind} VIMs could not be compared: {root_cause(failure)}")
            return tuple(found)

    def _words(self, differences: tuple[str, ...]) -> str:
        left = self._stepper.leftovers
        parts = [f"; left behind, a sweep keeps deleting: {', '.join(left)}"] if left else []
        if differences:
            parts.append(f"; not as before: {'; '.join(differences)}")
        return "".join(parts)


async def sweep_leftovers(operation_id: str, service: str, leftovers: Collection[str]) -> None:
    """What could not be deleted is for a sweep that outlives the operation."""
    if leftovers:
        await workflow.start_child_workflow(
            names.SWEEP,
            SweepRequest(service=service),
            id=f"sweep/{operation_id}",
            task_queue=names.ORCHESTRATION_QUEUE,
            parent_close_policy=ParentClosePolicy.ABANDON,
            static_summary=f"Deletes what {operation_id} left of {service}",
        )


def _manner(patience: Patience) -> Manner:
    limit = patience.undo_give_up_after_s
    return Manner(give_up_after_s=limit, delete_give_up_after_s=limit, undoing=True)
