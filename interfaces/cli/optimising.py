"""Starting a re-optimisation, following it, and telling what came of it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain import names
from domain.errors import BusyError
from domain.reoptimisation import OptimiseProgress, OptimiseRequest, OptimiseResult
from interfaces.cli import outcomes
from interfaces.cli.follow import TASK_TIMEOUT
from interfaces.cli.optimise_views import ProgressLines, show_result
from interfaces.cli.output import emit_json
from interfaces.cli.session import temporal

Handle = WorkflowHandle[Any, OptimiseResult]
_EVERY_S = 0.3
_ASKING = timedelta(seconds=5)


def run(request: OptimiseRequest, wait: bool, as_json: bool) -> int:
    """Start it and, when asked to, follow it. Returns the exit code."""
    try:
        return asyncio.run(_run(request, wait, as_json))
    except KeyboardInterrupt:
        if not request.apply:
            return 1
        detached = {"detached": True, "workflow_id": names.OPTIMISE_WORKFLOW_ID}
        words = f"detached: it goes on as workflow {names.OPTIMISE_WORKFLOW_ID}"
        emit_json(detached) if as_json else print(words)
        return 0


async def _run(request: OptimiseRequest, wait: bool, as_json: bool) -> int:
    handle = await _start(await temporal(), request)
    if not wait:
        started = {"workflow_id": handle.id, "run_id": handle.first_execution_run_id}
        emit_json(started) if as_json else print(f"started as workflow {handle.id}")
        return 0
    try:
        shown = ProgressLines(silent=as_json)
        await _follow(handle, shown)
        result = await handle.result()
        shown.show(OptimiseProgress(phase="done", steps=result.steps))
    except asyncio.CancelledError:
        if not request.apply:
            await handle.cancel()
        raise
    except WorkflowFailureError as failure:
        return outcomes.failed("Optimise", "the services", failure, as_json)
    emit_json(_as_json(result)) if as_json else show_result(result)
    return exit_code(request, result)


def exit_code(request: OptimiseRequest, result: OptimiseResult) -> int:
    """1 where something that was to move, or to come, does not."""
    report = result.report
    undone = any(step.state != "done" for step in result.steps)
    missing = any(each.why_not for each in report.newcomers)
    staying = bool(request.evacuate and report.left_out)
    return 1 if undone or missing or staying else 0


def _as_json(result: OptimiseResult) -> dict[str, Any]:
    """With the hours that are worked out from the rest."""
    found: dict[str, Any] = result.model_dump(mode="json")
    report = result.report
    found["report"]["pays_after_h"] = report.pays_after_h
    for told, move in zip(found["report"]["moves"], report.moves, strict=True):
        told["pays_after_h"] = move.pays_after_h
    return found


async def _start(client: Client, request: OptimiseRequest) -> Handle:
    """What changes nothing runs under an id of its own; of those that do there is one at a time."""
    fixed = names.OPTIMISE_WORKFLOW_ID
    workflow_id = fixed if request.apply else f"{fixed}/{uuid4().hex[:12]}"
    try:
        return await client.start_workflow(
            names.OPTIMISE,
            request,
            id=workflow_id,
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OptimiseResult,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            task_timeout=TASK_TIMEOUT,
            static_summary="Optimise",
        )
    except WorkflowAlreadyStartedError:
        running = await client.get_workflow_handle(workflow_id).describe()
        since = f"{running.start_time:%H:%M:%S}Z"
        raise BusyError(f"another optimise --apply runs since {since} (workflow {workflow_id})") from None


async def _follow(handle: Handle, shown: ProgressLines) -> None:
    """Show each change until the workflow has ended; Temporal may be away for a while."""
    while True:
        try:
            if (await handle.describe(rpc_timeout=_ASKING)).status is not WorkflowExecutionStatus.RUNNING:
                return
            shown.show(
                await handle.query(names.PROGRESS_QUERY, result_type=OptimiseProgress, rpc_timeout=_ASKING)
            )
        except RPCError as error:
            shown.waiting(error.message)
        await asyncio.sleep(_EVERY_S)
