"""What operators said to an operation under way."""

import asyncio
from datetime import timedelta
from typing import Literal

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from domain.requests import StepProgress
from workflows.board import Board

Choice = Literal["retry", "skip"]


class Steering:
    """Pauses, choices for steps that wait, and the wish to give up."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._choices: dict[str, Choice] = {}
        self.service = ""
        self.open = False
        """Whether there is anything to steer."""
        self.undoing = False
        """Whether what is done now is the way back."""
        self.given_up: str | None = None

    def to_the_way_back(self) -> None:
        """From here on nothing is paused, given up or edited; steps that wait may be tried again or left."""
        self.open, self.undoing = False, True
        self._board.paused = None

    @property
    def paused(self) -> str | None:
        """Why no step begins."""
        return self._board.paused

    def pause(self, reason: str) -> None:
        """No step begins from now on; those that run end first."""
        self._board.paused = reason
        self._board.draw()

    def resume(self) -> None:
        """Steps begin again."""
        self._board.paused = None
        self._board.draw()

    def choose(self, found: tuple[StepProgress, ...], choice: Choice) -> None:
        """What is to become of steps that wait."""
        for step in found:
            self._choices[step.id] = choice

    def waiting(self, step: str | None) -> tuple[StepProgress, ...]:
        """The steps that wait: all, or the one of this id or title.

        :raises ApplicationError: if there is none such
        """
        waiting = self._board.waiting()
        found = tuple(each for each in waiting if step in (None, each.id, each.name))
        if not found:
            known = ", ".join(each.id for each in waiting) or "none"
            what = "no step waits" if step is None else f"no step {step!r} waits"
            raise ApplicationError(f"{what} (waiting: {known})", type="UnknownError", non_retryable=True)
        return found

    async def unpaused(self) -> timedelta:
        """Return when steps may begin, with how long that took."""
        since = workflow.now()
        await workflow.wait_condition(lambda: self._board.paused is None)
        return workflow.now() - since

    async def choice(self, step: str, pause_s: float | None) -> Choice:
        """An operator's choice for a step; `retry` when the pause is over, which None never is."""
        timeout = None if pause_s is None else timedelta(seconds=pause_s)
        try:
            if pause_s is None or pause_s > 0:
                await workflow.wait_condition(lambda: step in self._choices, timeout=timeout)
        except asyncio.TimeoutError:  # noqa: UP041 (what wait_condition is documented to raise)
            pass
        return self._choices.pop(step, "retry")
