"""What people see of an operation: its phase and steps, in a query, in search attributes, in the Web UI."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from domain import names
from domain.phases import Phase
from domain.requests import OperationProgress, StepProgress, StepState

_MARKS: dict[StepState, str] = {"running": "…", "done": "✓", "failed": "✗", "undone": "↩"}


class Board:
    """Shows one operation."""

    def __init__(self, kind: names.OperationKind) -> None:
        self._kind = kind
        self._service = ""
        self._phase = Phase.STARTING
        self._steps: dict[str, StepState] = {}
        self.failure: str | None = None

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
        self._phase = phase
        workflow.upsert_search_attributes([_keyword(names.PHASE_ATTRIBUTE).value_set(phase.value)])
        self._draw()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show a step as running, then as done or failed."""
        self._set(name, "running")
        try:
            yield
        except GeneratorExit:
            raise  # the worker drops the workflow from its cache; nothing may be drawn any more
        except BaseException:
            self._set(name, "failed")
            raise
        self._set(name, "done")

    def progress(self, operation_id: str) -> OperationProgress:
        """How far the operation is, step by step."""
        return OperationProgress(
            operation_id=operation_id,
            service=self._service,
            phase=self._phase,
            steps=tuple(StepProgress(name=name, state=state) for name, state in self._steps.items()),
            failure=self.failure,
        )

    def _set(self, name: str, state: StepState) -> None:
        self._steps[name] = state
        self._draw()

    def _draw(self) -> None:
        rows = [f"- {_MARKS[state]} {name}" for name, state in self._steps.items()]
        failure = [f"**Failure:** {self.failure}", ""] if self.failure else []
        title = f"### {self._kind} of {self._service}: {self._phase}"
        workflow.set_current_details("\n".join([title, "", *failure, *rows]))


def _keyword(name: str) -> SearchAttributeKey[str]:
    return SearchAttributeKey.for_keyword(name)
