"""Starting an operation and following it: each step as it changes, retries with their cause."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import CancelledError, FailureError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain import names
from domain.errors import BusyError
from domain.models import Model
from domain.requests import OperationProgress, OperationResult
from interfaces.cli.output import emit_json
from interfaces.cli.session import temporal

Handle = WorkflowHandle[object, OperationResult]
_EVERY_S = 0.2


def run_operation(kind: names.OperationKind, service: str, request: Model, wait: bool, as_json: bool) -> int:
    """Start the operation's workflow and, when asked to, follow it. Returns the exit code."""
    try:
        return asyncio.run(_run(kind, service, request, wait, as_json))
    except KeyboardInterrupt:
        print(f"detached: {kind} of {service} goes on; `interlace status {service}` shows it")
        return 0


async def _run(kind: names.OperationKind, service: str, request: Model, wait: bool, as_json: bool) -> int:
    handle = await _start(await temporal(), kind, service, request)
    if not wait:
        _started(kind, service, handle, as_json)
        return 0
    await follow(handle, (lambda _: None) if as_json else _say)
    try:
        result = await handle.result()
    except WorkflowFailureError as failure:
        return _failed(kind, service, failure, as_json)
    if as_json:
        emit_json(result.model_dump(mode="json"))
    else:
        _succeeded(kind, result)
    return 0


async def _start(client: Client, kind: names.OperationKind, service: str, request: Model) -> Handle:
    workflow_id = names.service_workflow_id(service)
    try:
        return await client.start_workflow(
            kind.value,
            request,
            id=workflow_id,
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            static_summary=f"{kind} {service}",
        )
    except WorkflowAlreadyStartedError:
        running = await client.get_workflow_handle(workflow_id).describe()
        since = f"{running.start_time:%H:%M:%S}Z"
        message = f"{service} is busy: {running.workflow_type} runs since {since} (workflow {workflow_id})"
        raise BusyError(message) from None


def _say(line: str) -> None:
    print(line, flush=True)


async def follow(handle: Handle, say: Callable[[str], None]) -> None:
    """Say each change of the operation's steps until its workflow has ended."""
    shown: dict[str, str] = {}
    while True:
        description = await handle.describe()
        for pending in description.raw_description.pending_activities:
            if pending.attempt > 1:
                cause = _cause(pending.last_failure.message)
                _once(shown, f"{pending.activity_id}/{pending.attempt}", _retry(pending.attempt, cause), say)
        progress = await _progress(handle)
        if progress is None:
            _once(shown, "worker", "  waiting: no worker answers at the moment", say)
        else:
            shown.pop("worker", None)
            _say_steps(progress, shown, say)
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return
        await asyncio.sleep(_EVERY_S)


def _cause(message: str) -> str:
    """Temporal's own words say little to an operator where the worker itself was lost."""
    if "Heartbeat timeout" in message or not message:
        return "the worker that ran it died or hangs; another takes over"
    return message


def _retry(attempt: int, cause: str) -> str:
    return f"  retry {attempt - 1}: {cause}"


async def _progress(handle: Handle) -> OperationProgress | None:
    try:
        progress: OperationProgress = await handle.query(
            names.PROGRESS_QUERY, result_type=OperationProgress, rpc_timeout=timedelta(seconds=2)
        )
    except RPCError:
        return None
    return progress


def _say_steps(progress: OperationProgress, shown: dict[str, str], say: Callable[[str], None]) -> None:
    if shown.get("phase") != progress.phase:
        shown["phase"] = progress.phase
        say(f"{progress.phase}")
    for step in progress.steps:
        if shown.get(step.name) != step.state:
            shown[step.name] = step.state
            say(f"  {step.state:8} {step.name}")


def _once(shown: dict[str, str], key: str, line: str, say: Callable[[str], None]) -> None:
    if key not in shown:
        shown[key] = line
        say(line)


def _started(kind: names.OperationKind, service: str, handle: Handle, as_json: bool) -> None:
    if as_json:
        emit_json({"workflow_id": handle.id, "run_id": handle.first_execution_run_id})
    else:
        print(f"{kind} of {service} started as workflow {handle.id}; `interlace status {service}` shows it")


def _failed(kind: names.OperationKind, service: str, failure: WorkflowFailureError, as_json: bool) -> int:
    cause = failure.cause
    if isinstance(cause, CancelledError):
        message = f"{kind} of {service} was cancelled and undone"
    else:
        message = cause.message if isinstance(cause, FailureError) else str(cause)
    if as_json:
        emit_json({"error": {"type": "OperationFailed", "message": message}})
    else:
        print(f"FAILED: {message}")
    return 1


def _succeeded(kind: names.OperationKind, result: OperationResult) -> None:
    if kind is names.OperationKind.INSTANTIATE:
        print(f"{result.service} is ACTIVE at {result.cost_per_hour:.4f} {result.currency}/h")
    elif result.leftovers:
        print(
            f"{result.service} is gone but for leftovers that a sweep deletes: {', '.join(result.leftovers)}"
        )
    else:
        print(f"{result.service} is gone, without a trace")
