"""What people see of an operation: its phase and steps, in a query, in search attributes, in the Web UI."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from domain import names
from domain.operation_plans import PlanBrief, Step, StepAction
from domain.phases import Phase
from domain.requests import OperationProgress, StepProgress, StepState

_MARKS: dict[StepState, str] = {
    "waiting": "·",
    "running": "…",
    "retrying": "↻",
    "held": "✋",
    "done": "✓",
    "failed": "✗",
    "skipped": "⤼",
    "undone": "↩",
}
_EDITABLE = (StepAction.CREATE, StepAction.CONFIGURE)


class Board:
    """Shows one operation."""

    def __init__(self, kind: names.OperationKind) -> None:
        self._kind = kind
        self._service = ""
        self._phase = Phase.STARTING
        self._steps: dict[str, StepProgress] = {}
        self._plan: PlanBrief | None = None
        self.failure: str | None = None
        self.paused: str | None = None

    def open(self, service: str, tenant: str) -> None:
        """From here on it can be found by its service and tenant."""
        self._service = service
        workflow.upsert_search_attributes(
            [
                _keyword(names.SERVICE_ATTRIBUTE).value_set(service),
                _keyword(names.OPERATION_ATTRIBUTE).value_set(self._kind.value),
                _keyword(names.TENANT_ATTRIBUTE).value_set(tenant),
            ]
        )

    def enter(self, phase: Phase) -> None:
        """The operation is in this phase now."""
        if phase is self._phase and workflow.patched(names.TERSE_PATCH):
            return
        self._phase = phase
        workflow.upsert_search_attributes([_keyword(names.PHASE_ATTRIBUTE).value_set(phase.value)])
        self.draw()

    def follow(self, plan: PlanBrief) -> None:
        """These steps are still to come."""
        self._plan = plan
        for step in (each for wave in plan.waves for each in wave.steps):
            self._steps[step.id] = _shown(step, "waiting")
        self.draw()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a step of our own as running, then as done or failed."""
        self._set(StepProgress(name=name, state="running"), name)
        try:
            yield
        except GeneratorExit:
            raise  # the worker drops the workflow from its cache; nothing may be drawn any more
        except BaseException:
            self._set(StepProgress(name=name, state="failed"), name)
            raise
        self._set(StepProgress(name=name, state="done"), name)

    def show(self, step: Step, state: StepState, **more: Any) -> None:
        """A step of a plan stands so now; `more` are fields of StepProgress."""
        self._set(_shown(step, state, **more), step.id)

    def waiting(self) -> tuple[StepProgress, ...]:
        """The steps that wait for their next attempt or for an operator."""
        return tuple(each for each in self._steps.values() if each.state in ("retrying", "held"))

    def progress(self, operation_id: str) -> OperationProgress:
        """How far the operation is, step by step."""
        return OperationProgress(
            operation_id=operation_id,
            service=self._service,
            phase=self._phase,
            steps=tuple(self._steps.values()),
            failure=self.failure,
            plan_id=self._plan.plan_id if self._plan else None,
            paused=self.paused,
            expected_duration_s=self._plan.expected_duration_s if self._plan else None,
        )

    def draw(self) -> None:
        """Show it in the Web UI."""
        rows = [_row(each) for each in self._steps.values()]
        failure = [f"**Failure:** {self.failure}", ""] if self.failure else []
        paused = [f"**Paused:** {self.paused}", ""] if self.paused is not None else []
        title = f"### {self._kind} of {self._service}: {self._phase}"
        workflow.set_current_details("\n".join([title, "", *failure, *paused, *rows]))

    def _set(self, progress: StepProgress, key: str) -> None:
        self._steps[key] = progress
        self.draw()


def _shown(step: Step, state: StepState, **more: Any) -> StepProgress:
    return StepProgress(
        name=step.title,
        state=state,
        id=step.id,
        pop=step.pop,
        skippable=step.skippable,
        editable=step.action in _EDITABLE and not step.committed,
        **more,
    )


def _row(step: StepProgress) -> str:
    attempt = f" (attempt {step.attempt})" if step.attempt > 1 else ""
    cause = f": {step.cause}" if step.cause and step.state in ("retrying", "held", "failed") else ""
    note = f" — {step.note}" if step.note else ""
    return f"- {_MARKS[step.state]} {step.name}{attempt}{cause}{note}"


def _keyword(name: str) -> SearchAttributeKey[str]:
    return SearchAttributeKey.for_keyword(name)
