"""Starting a re-optimisation, following it, and telling what came of it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import Priority, WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import BusyError, InputError
from domain.reoptimisation import OptimiseProgress, OptimiseRequest, OptimiseResult
from interfaces.cli import outcomes
from interfaces.cli.follow import TASK_TIMEOUT
from interfaces.cli.optimise_views import ProgressLines, show_result
from interfaces.cli.output import emit_json
from interfaces.cli.session import UnreachableError, temporal

Handle = WorkflowHandle[Any, OptimiseResult]
_EVERY_S = 0.3
_ASKING = timedelta(seconds=5)


def run(request: OptimiseRequest, wait: bool, as_json: bool) -> int:
    """Start it and, when asked to, follow it. Returns the exit code."""
    try:
        return asyncio.run(_run(request, wait, as_json))
    except KeyboardInterrupt:
        return _detached(as_json) if request.apply else 1


def follow(as_json: bool) -> int:
    """Watch what `--apply` began, to its end; where nothing runs, tell how the last one ended.

    :returns: the exit code of its outcome
    :raises InputError: if there was none
    """
    try:
        return asyncio.run(_follow_applied(as_json))
    except KeyboardInterrupt:
        return _detached(as_json)


def cancel(as_json: bool) -> int:
    """Let what `--apply` began make no further move. Returns the exit code.

    :raises InputError: if nothing runs
    """
    asyncio.run(_cancel())
    told = "cancelled: no further move begins, those that run end; `interlace optimise --follow` shows how"
    emit_json({"cancelled": names.OPTIMISE_WORKFLOW_ID}) if as_json else print(told)
    return 0


def _detached(as_json: bool) -> int:
    words = "detached: it goes on; `interlace optimise --follow` watches it again, `--cancel` ends it"
    detached = {"detached": True, "workflow_id": names.OPTIMISE_WORKFLOW_ID}
    emit_json(detached) if as_json else print(words)
    return 0


async def _cancel() -> None:
    handle, status = await _applied(await temporal())
    if status is not WorkflowExecutionStatus.RUNNING:
        raise InputError("no `interlace optimise --apply` runs: there is nothing to cancel")
    await handle.cancel()


async def _follow_applied(as_json: bool) -> int:
    client = await temporal()
    handle, _ = await _applied(client)
    return await _to_its_end(handle, await _request_of(client, handle), as_json)


async def _applied(client: Client) -> tuple[Handle, WorkflowExecutionStatus | None]:
    """The one that runs, else the last one.

    :raises InputError: if Temporal knows of none
    """
    workflow_id = names.OPTIMISE_WORKFLOW_ID
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise InputError("no `interlace optimise --apply` runs, nor has one run lately") from None
        raise UnreachableError(f"Temporal does not answer: {error.message}") from None
    handle: Handle = client.get_workflow_handle(workflow_id, run_id=found.run_id, result_type=OptimiseResult)
    return handle, found.status


async def _request_of(client: Client, handle: Handle) -> OptimiseRequest:
    """What it was started with, by whomever."""
    async for event in handle.fetch_history_events(page_size=1):
        given = event.workflow_execution_started_event_attributes.input.payloads
        (request,) = await client.data_converter.decode(given, [OptimiseRequest])
        return OptimiseRequest.model_validate(request)
    raise UnreachableError(f"Temporal has no history of workflow {handle.id}")


async def _run(request: OptimiseRequest, wait: bool, as_json: bool) -> int:
    handle = await _start(await temporal(), request)
    if not wait:
        started = {"workflow_id": handle.id, "run_id": handle.first_execution_run_id}
        told = f"started as workflow {handle.id}; `interlace optimise --follow` watches it"
        emit_json(started) if as_json else print(told)
        return 0
    return await _to_its_end(handle, request, as_json)


async def _to_its_end(handle: Handle, request: OptimiseRequest, as_json: bool) -> int:
    """Follow it, and tell what came of it. Returns the exit code."""
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
            priority=Priority(fairness_key=request.tenant),
            static_summary="Optimise",
        )
    except WorkflowAlreadyStartedError:
        running = await client.get_workflow_handle(workflow_id).describe()
        since = f"{running.start_time:%H:%M:%S}Z"
        watch = "`interlace optimise --follow` watches it"
        raise BusyError(
            f"another optimise --apply runs since {since} (workflow {workflow_id}); {watch}"
        ) from None


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
