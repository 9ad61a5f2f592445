"""An operation that operators can steer while it runs, by Temporal's updates."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

from domain import names
from domain.requests import StepProgress
from domain.steering import Amendment, Reason, StepChoice, StepEdit, StepNote, Told
from workflows import calls
from workflows.failures import root_cause
from workflows.operation import Operation


class SteerableOperation(Operation):
    """Adds the updates: pause, resume, retry, skip, edit, give-up."""

    @workflow.update(name=names.PAUSE, description="No step begins until resume; those that run end first")
    def pause(self, wanted: Reason) -> Told:
        """Hold back the steps that have not begun."""
        self._steering.pause(wanted.reason or "by an operator")
        return Told(message="paused: no new step begins; `resume` goes on")

    @workflow.update(name=names.RESUME, description="Go on after pause")
    def resume(self, wanted: Reason) -> Told:
        """Let steps begin again."""
        self._steering.resume()
        return Told(message="resumed")

    @workflow.update(name=names.RETRY, description="Try a waiting step, or all of them, again now")
    def retry(self, wanted: StepChoice) -> Told:
        """Do not wait for the next attempt."""
        found = self._steering.waiting(wanted.step)
        self._steering.choose(found, "retry")
        when = "trying again" if self._steering.paused is None else "will be tried again after resume"
        return Told(message=f"{when}: {_names(found)}")

    @workflow.update(name=names.SKIP, description="Leave out a waiting step, where the operation allows")
    def skip(self, wanted: StepChoice) -> Told:
        """Go on without it."""
        found = self._steering.waiting(wanted.step)
        fixed = tuple(each for each in found if not each.skippable)
        if fixed and not self._steering.undoing:
            raise _refused(f"the operation needs {_names(fixed)}: retry, edit or give up")
        self._steering.choose(found, "skip")
        return Told(message=f"skipped: {_names(found)}")

    @workflow.update(name=names.EDIT, description="Change what a waiting step asks for, and try it again")
    async def edit(self, wanted: StepEdit) -> Told:
        """Put another image, flavour, config or environment into the plan."""
        found = self._steering.waiting(wanted.step)
        if fixed := tuple(each for each in found if not each.editable):
            raise _refused(f"nothing of {_names(fixed)} can be edited: retry, skip or give up")
        assert self._plan is not None
        steps = {step.id: step for wave in self._plan.waves for step in wave.steps}
        for each in found:
            amendment = Amendment(
                held=self.held, plan_id=self._plan.plan_id, step=steps[each.id], edit=wanted
            )
            try:
                await calls.ask_store(names.AMEND, amendment, StepNote, summary=f"edit {each.name}")
            except FailureError as failure:
                raise _refused(root_cause(failure)) from failure
        self._steering.choose(found, "retry")
        return Told(message=f"edited, trying again: {_names(found)}")

    @workflow.update(name=names.GIVE_UP, description="Stop, and undo what was done")
    def give_up(self, wanted: Reason) -> Told:
        """As a cancel, but with a reason and the outcome FAILED."""
        self._steering.given_up = wanted.reason or "no reason given"
        return Told(message="given up: what was done is being undone")

    @pause.validator
    def _may_pause(self, wanted: Reason) -> None:
        self._must_be_open()
        if self._steering.paused is not None:
            raise _refused(f"it is paused already: {self._steering.paused}")

    @resume.validator
    def _may_resume(self, wanted: Reason) -> None:
        self._must_be_open()
        if self._board.paused is None:
            raise _refused("it is not paused")

    @retry.validator
    def _may_retry(self, wanted: StepChoice) -> None:
        self._steering.waiting(wanted.step)

    @skip.validator
    def _may_skip(self, wanted: StepChoice) -> None:
        self._steering.waiting(wanted.step)

    @edit.validator
    def _may_edit(self, wanted: StepEdit) -> None:
        self._must_be_open()
        self._steering.waiting(wanted.step)
        if not (wanted.image or wanted.resources or wanted.config or wanted.environment):
            raise _refused("say what to change: image, resources, config or environment")

    @give_up.validator
    def _may_give_up(self, wanted: Reason) -> None:
        self._must_be_open()

    def _must_be_open(self) -> None:
        if self._steering.undoing:
            raise _refused("it is being undone: only retry and skip of steps that wait are heard")
        if not self._steering.open:
            raise _refused(f"{self.kind} has not begun or is ending: there is nothing to steer")


def _names(steps: tuple[StepProgress, ...]) -> str:
    return ", ".join(each.name for each in steps)


def _refused(words: str) -> ApplicationError:
    return ApplicationError(words, type="InputError", non_retryable=True)
