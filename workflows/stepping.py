"""Carrying out a plan's steps: attempts, pauses, decisions of an operator, and what becomes of a failure."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    TimeoutError,
    is_cancelled_exception,
)

from domain import names
from domain.operation_plans import Step, StepAction, Wave
from domain.requests import ExternalResource, LeaveResource, Nothing, StepTime
from domain.steering import FusedNote, StepNote
from workflows import calls
from workflows.board import Board
from workflows.failures import root_cause
from workflows.fusing import Part, parts, steps_of
from workflows.steered import Steering

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 20.0

Attempt = Callable[[Step, float], Awaitable[StepNote]]
"""One attempt of a step, which may wait so many seconds for a worker."""
FusedAttempt = Callable[[tuple[Step, ...], float], Awaitable[FusedNote]]
"""One attempt of several, one after the other."""


class StepFailedError(ApplicationError):
    """A step failed for good, or for longer than anybody wanted to wait."""

    def __init__(self, step: Step, cause: str) -> None:
        super().__init__(cause, type="StepFailed", non_retryable=True)
        self.step = step


@dataclass(frozen=True)
class Manner:
    """How steps are carried out."""

    give_up_after_s: float
    """For all attempts of one step."""
    delete_give_up_after_s: float
    """For those of a deletion that may become a leftover."""
    hold: bool = False
    """A failed step waits for an operator."""
    undoing: bool = False
    """What cannot be done is noted, and the rest goes on; no pause holds it."""
    steps_per_checkpoint: int = 1
    """So many that follow each other are one activity."""


@dataclass
class _Patience:
    """How long the attempts of one step may go on."""

    limit_s: float
    since: datetime

    def lasts(self, pause_s: float) -> bool:
        """Whether there is time for another attempt after a pause."""
        return workflow.now() + timedelta(seconds=pause_s) < self.since + timedelta(seconds=self.limit_s)


class Stepper:
    """Carries out waves of steps."""

    def __init__(
        self, board: Board, steering: Steering, make_attempt: Attempt, make_fused_attempt: FusedAttempt
    ) -> None:
        self._board = board
        self._steering = steering
        self._attempt = make_attempt
        self._attempt_fused = make_fused_attempt
        self.begun: dict[str, None] = {}
        """Ids of the steps that may have changed something outside."""
        self.leftovers: list[str] = []
        self.undone_not: list[str] = []
        """What an undo could not bring back, and why."""
        self.times: list[StepTime] = []

    async def run(self, waves: Iterable[Wave], manner: Manner) -> None:
        """Wave by wave; the steps of one wave side by side. None is left running when this returns."""
        for part in parts(waves, manner.steps_per_checkpoint):
            if not manner.undoing:
                self._board.enter(part[0].phase)
            done = await self._do_together(part, manner) if len(part) > 1 else frozenset()
            for wave in part:
                await _all(self._do(step, manner) for step in wave.steps if step.id not in done)

    async def _do_together(self, part: Part, manner: Manner) -> frozenset[str]:
        """One attempt of all; the ids of those that were done.

        The others are then tried one by one, where they fail or succeed as any step does: each may be tried
        again at any time.
        """
        steps = steps_of(part)
        await self._steering.unpaused()
        for step in steps:
            self.begun[step.id] = None
            self._board.show(step, "running", attempt=1)
        try:
            note = await self._attempt_fused(steps, manner.give_up_after_s)
        except (asyncio.CancelledError, FailureError) as failure:
            if not is_cancelled_exception(failure):
                return frozenset()
            for step in steps:
                self._board.show(step, "failed", cause="stopped")
            raise
        for step in steps:
            if step.id in note.done:
                self._board.show(step, "done", attempt=1, note=note.done[step.id].note)
                self._took(step, note.seconds[step.id])
        return frozenset(note.done)

    async def _do(self, step: Step, manner: Manner) -> None:
        limit_s = manner.delete_give_up_after_s if _may_stay(step) else manner.give_up_after_s
        if step.action is StepAction.DELETE and step.limit_s is not None:
            limit_s = min(limit_s, step.limit_s)
        patience = _Patience(limit_s, workflow.now())
        try:
            await self._until_done(step, limit_s, patience, manner)
        except (asyncio.CancelledError, FailureError) as failure:
            if is_cancelled_exception(failure):
                self._board.show(step, "failed", cause="stopped")
            raise

    async def _until_done(self, step: Step, limit_s: float, patience: "_Patience", manner: Manner) -> None:
        number = 0
        while True:
            if not manner.undoing:
                patience.since += await self._steering.unpaused()
            number += 1
            self.begun[step.id] = None
            self._board.show(step, "running", attempt=number)
            begun = workflow.now()
            try:
                done = await self._attempt(step, limit_s)
            except FailureError as failure:
                if is_cancelled_exception(failure):
                    raise
                if not await self._goes_on(step, number, failure, patience, manner):
                    return
            else:
                self._done(step, number, begun, done)
                return

    def _done(self, step: Step, number: int, begun: datetime, done: StepNote) -> None:
        self._board.show(step, "done", attempt=number, note=done.note)
        if number == 1:
            self._took(step, (workflow.now() - begun).total_seconds())

    def _took(self, step: Step, seconds: float) -> None:
        self.times.append(StepTime(action=step.action.value, vim_kind=step.vim_kind, seconds=seconds))

    async def _goes_on(
        self, step: Step, number: int, failure: FailureError, patience: _Patience, manner: Manner
    ) -> bool:
        """Whether to try once more; False where the step is left as it is."""
        cause = root_cause(failure)
        pause_s = _pause_s(failure, number)
        if not _is_permanent(failure) and patience.lasts(pause_s):
            at = workflow.now() + timedelta(seconds=pause_s)
            self._board.show(step, "retrying", attempt=number, next_attempt_at=at, cause=cause)
            return await self._chosen(step, number, cause, pause_s, manner) != "skip"
        if manner.hold and not manner.undoing:
            self._board.show(step, "held", attempt=number, cause=cause)
            choice = await self._chosen(step, number, cause, None, manner)
            patience.since = workflow.now()
            return choice != "skip"
        self._board.show(step, "failed", attempt=number, cause=cause)
        if _may_stay(step) or (manner.undoing and step.action is StepAction.DELETE):
            await self._leave(step, cause)
        elif manner.undoing:
            self.undone_not.append(f"{step.title}: {cause}")
        else:
            raise StepFailedError(step, cause)
        return False

    async def _chosen(
        self, step: Step, number: int, cause: str, pause_s: float | None, manner: Manner
    ) -> str:
        """What an operator chose, or `retry` when the pause is over."""
        choice = await self._steering.choice(step.id, pause_s)
        if choice == "skip":
            self._board.show(step, "skipped", attempt=number, cause=cause)
            if step.action is StepAction.DELETE:
                await self._leave(step, f"skipped by an operator: {cause}")
            elif manner.undoing:
                self.undone_not.append(f"{step.title}: skipped by an operator: {cause}")
        return choice

    async def _leave(self, step: Step, cause: str) -> None:
        """Note a resource as a leftover that a sweep will keep deleting."""
        if step.resource is None:
            return
        resource = ExternalResource(
            service=self._steering.service,
            name=step.resource,
            instance=step.instance or "network",
            pop=step.pop,
            vim_kind=step.vim_kind,
            kind=step.kind,
        )
        left = LeaveResource(resource=resource, reason=cause)
        await calls.ask_store(names.LEAVE, left, Nothing, summary=f"note leftover {step.resource}")
        self.leftovers.append(step.resource)


async def _all(parts: Iterable[Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    except GeneratorExit:
        raise  # the worker drops the workflow from its cache; nothing may be awaited any more
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _may_stay(step: Step) -> bool:
    """Whether what cannot be deleted now may be left to a sweep."""
    return step.action is StepAction.DELETE and step.skippable


def _is_permanent(failure: FailureError) -> bool:
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    return isinstance(cause, ApplicationError) and cause.non_retryable


def _pause_s(failure: FailureError, number: int) -> float:
    """None after a worker died: another can begin at once."""
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    if isinstance(cause, TimeoutError) and number <= 2:
        return 0.0
    asked = getattr(cause, "next_retry_delay", None)
    if asked is not None:
        return float(asked.total_seconds())
    return float(min(_FIRST_PAUSE_S * 2 ** (number - 1), _LONGEST_PAUSE_S))
