"""Optimise: the best set of moves of running services, and if wanted, the Migrates that make them."""

import asyncio
from collections.abc import Coroutine
from functools import partial

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
)

from domain import names
from domain.lifecycle import MigrateRequest
from domain.reoptimisation import (
    MoveProgress,
    OptimisationReport,
    OptimiseOrder,
    OptimiseProgress,
    OptimiseRequest,
    OptimiseResult,
)
from domain.requests import InstantiateRequest, OperationResult
from domain.steering import Scope
from workflows import calls
from workflows.failures import root_cause
from workflows.planning import survey_of

_OVER = ("done", "failed", "skipped")
_MARKS = {"waiting": "·", "moving": "…", "done": "✓", "failed": "✗", "skipped": "-"}
_SHOWN = 50
"""Steps in the current details."""


@workflow.defn(name=names.OPTIMISE)
class Optimise:
    """Work out the moves that are worth it; make them one service after the other, or a few at a time."""

    def __init__(self) -> None:
        self._progress = OptimiseProgress(phase="looking")
        self._steps: list[MoveProgress] = []
        self._cancelled = False

    @workflow.query(name=names.PROGRESS_QUERY, description="Phase and steps of this optimisation")
    def progress(self) -> OptimiseProgress:
        """How far it is, step by step."""
        return self._progress.model_copy(update={"steps": tuple(self._steps)})

    @workflow.run
    async def run(self, request: OptimiseRequest) -> OptimiseResult:
        """A service that is busy, or whose moves fail, is left as it was, and the others go on."""
        kind = SearchAttributeKey.for_keyword(names.OPERATION_ATTRIBUTE)
        workflow.upsert_search_attributes([kind.value_set(names.OPTIMISE)])
        report = await self._worked_out(request)
        if request.apply:
            await self._until_cancelled(self._carry_out(request, report))
        self._enter("done")
        steps = tuple(self._steps)
        return OptimiseResult(report=report, applied=request.apply, steps=steps, cancelled=self._cancelled)

    async def _worked_out(self, request: OptimiseRequest) -> OptimisationReport:
        try:
            scope = await calls.ask_store(names.OPTIMISE_SCOPE, request, Scope, summary="see what runs")
            order = OptimiseOrder(request=request, survey=await survey_of(scope))
            self._enter("working out")
            return await calls.ask_placement(
                names.OPTIMISE_WORK_OUT,
                order,
                OptimisationReport,
                summary="work out the moves",
                search_s=request.time_limit_s,
            )
        except ActivityError as failure:
            if not isinstance(failure.cause, ApplicationError):
                raise
            raise ApplicationError(
                root_cause(failure), type="OperationRefused", non_retryable=True
            ) from failure

    async def _until_cancelled(self, work: Coroutine[object, None, None]) -> None:
        """To its end; after a cancel no step begins, and those that run end first."""
        task = asyncio.ensure_future(work)
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError:
                self._cancelled = True
        task.result()

    async def _carry_out(self, request: OptimiseRequest, report: OptimisationReport) -> None:
        coming = [each for each in report.newcomers if each.placements]
        moves = [MoveProgress(service=each.service, moves=each.moves) for each in report.steps]
        instantiate = names.OperationKind.INSTANTIATE
        self._steps = moves + [
            MoveProgress(kind=instantiate, service=each.service, moves=each.placements) for each in coming
        ]
        self._enter("moving")
        after = [each.after for each in report.steps] + [*range(len(moves), len(self._steps))]
        tenants = [each.tenant for each in report.steps] + [request.tenant or "default"] * len(coming)
        begun = []
        for number, (first, tenant) in enumerate(zip(after, tenants, strict=True)):
            await workflow.wait_condition(partial(self._may_begin, first, request.at_once))
            begun.append(asyncio.ensure_future(self._step(number, request, tenant)))
        await asyncio.gather(*begun)

    def _may_begin(self, after: int, at_once: int) -> bool:
        under_way = sum(each.state == "moving" for each in self._steps)
        ready = all(each.state in _OVER for each in self._steps[:after]) and under_way < at_once
        return ready or self._cancelled

    async def _step(self, number: int, request: OptimiseRequest, tenant: str) -> None:
        step = self._steps[number]
        if self._cancelled:
            return self._note(number, "skipped", "cancelled before it began")
        if any(each.service == step.service and each.state in _OVER[1:] for each in self._steps[:number]):
            return self._note(number, "skipped", "an earlier step of the service was not made")
        self._note(number, "moving")
        try:
            await workflow.execute_child_workflow(
                step.kind,
                self._request(step, request, tenant),
                id=names.service_workflow_id(step.service),
                result_type=OperationResult,
                task_timeout=calls.TASK_TIMEOUT,
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"{step.kind} {step.service}",
            )
        except WorkflowAlreadyStartedError:
            self._note(number, "skipped", "it is busy: another operation runs on it")
        except ChildWorkflowError as failure:
            refused = isinstance(failure.cause, ApplicationError) and failure.cause.type == "OperationRefused"
            self._note(number, "skipped" if refused else "failed", _words(failure))
        else:
            self._note(number, "done")

    def _request(
        self, step: MoveProgress, request: OptimiseRequest, tenant: str
    ) -> MigrateRequest | InstantiateRequest:
        if step.kind is names.OperationKind.MIGRATE:
            return MigrateRequest(
                service=step.service, tenant=tenant, moves=step.moves, patience=request.patience
            )
        wanted = request.new[step.service]
        return InstantiateRequest(
            service=step.service,
            descriptor=wanted.descriptor,
            version=wanted.version,
            tenant=tenant,
            patience=request.patience,
        )

    def _note(self, number: int, state: str, why: str = "") -> None:
        self._steps[number] = self._steps[number].model_copy(update={"state": state, "why": why})
        self._tell()

    def _enter(self, phase: str) -> None:
        self._progress = OptimiseProgress.model_validate({"phase": phase})
        self._tell()

    def _tell(self) -> None:
        lines = [f"**{self._progress.phase}**"]
        lines += [f"- {_MARKS[step.state]} {_told(step)}" for step in self._steps[:_SHOWN]]
        more = len(self._steps) - _SHOWN
        workflow.set_current_details("\n".join([*lines, *([f"- and {more} more"] if more > 0 else [])]))


def _told(step: MoveProgress) -> str:
    where = ", ".join(f"{name} to {pop}" for name, pop in sorted(step.moves.items()))
    return f"{step.service}: {where}{f' ({step.why})' if step.why else ''}"


def _words(failure: FailureError) -> str:
    return root_cause(failure.cause) if failure.cause else failure.message
