"""Starting an operation and following it: each step as it changes, retries with their cause."""

import asyncio
from datetime import timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import CancelledError, FailureError, WorkflowAlreadyStartedError
from temporalio.service import RPCError

from domain import names
from domain.errors import BusyError
from domain.models import Model
from domain.requests import OperationProgress, OperationResult
from interfaces.cli.output import emit_json
from interfaces.cli.session import temporal
from interfaces.cli.views import View, view

Handle = WorkflowHandle[object, OperationResult]
_EVERY_S = 0.2


def run_operation(kind: names.OperationKind, service: str, request: Model, wait: bool, as_json: bool) -> int:
    """Start the operation's workflow and, when asked to, follow it. Returns the exit code."""
    try:
        return asyncio.run(_run(kind, service, request, wait, as_json))
    except KeyboardInterrupt:
        if as_json:
            emit_json({"detached": True, "workflow_id": names.service_workflow_id(service)})
        else:
            print(f"detached: {kind} of {service} goes on; `interlace status {service}` shows it")
        return 0


async def _run(kind: names.OperationKind, service: str, request: Model, wait: bool, as_json: bool) -> int:
    handle = await _start(await temporal(), kind, service, request)
    if not wait:
        _started(kind, service, handle, as_json)
        return 0
    with view(silent=as_json) as shown:
        await follow(handle, shown)
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


async def follow(handle: Handle, shown: View) -> None:
    """Show each change of the operation's steps until its workflow has ended."""
    while True:
        description = await handle.describe()
        shown.show(await _progress(handle), _retries(description))
        if description.status is not WorkflowExecutionStatus.RUNNING:
            return
        await asyncio.sleep(_EVERY_S)


def _retries(description: WorkflowExecutionDescription) -> dict[str, str]:
    """Attempt -> its number and the cause that made it necessary."""
    return {
        f"{pending.activity_id}/{pending.attempt}": f"retry {pending.attempt - 1}: {_cause(pending)}"
        for pending in description.raw_description.pending_activities
        if pending.attempt > 1
    }


def _cause(pending: PendingActivityInfo) -> str:
    """Temporal's own words say little to an operator where the worker itself was lost."""
    message = pending.last_failure.message
    if "Heartbeat timeout" in message or not message:
        return "the worker that ran it died or hangs; another takes over"
    return message


async def _progress(handle: Handle) -> OperationProgress | None:
    try:
        progress: OperationProgress = await handle.query(
            names.PROGRESS_QUERY, result_type=OperationProgress, rpc_timeout=timedelta(seconds=2)
        )
    except RPCError:
        return None
    return progress


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
