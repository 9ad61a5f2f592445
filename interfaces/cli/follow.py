"""Starting an operation and following it: each step as it changes, retries with their cause."""

import asyncio
import time
from datetime import timedelta

from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import BusyError
from domain.lifecycle import REQUESTS, AnyRequest
from domain.requests import OperationResult
from interfaces.cli import outcomes
from interfaces.cli.endings import ending
from interfaces.cli.holding import Handle, progress_of
from interfaces.cli.output import emit_json
from interfaces.cli.priorities import priority_of
from interfaces.cli.session import UnreachableError, temporal
from interfaces.cli.views import View, view

TASK_TIMEOUT = timedelta(seconds=2)
"""So long a worker that dies with a workflow's task in hand keeps it from the others; 10 s by default."""
_EVERY_S = 0.2
_PATIENCE_S = 60.0
"""With a Temporal that is away."""


def kind_of(request: AnyRequest) -> names.OperationKind:
    """The operation that takes such a request."""
    return next(kind for kind, model in REQUESTS.items() if type(request) is model)


def run_operation(request: AnyRequest, wait: bool, as_json: bool) -> int:
    """Start the operation's workflow and, when asked to, follow it. Returns the exit code."""
    kind = kind_of(request)
    try:
        return asyncio.run(_run(kind, request, wait, as_json))
    except KeyboardInterrupt:
        return detached(kind, request.service, as_json)


def detached(kind: str, service: str, as_json: bool) -> int:
    """Tell that the operation goes on unwatched. Returns the exit code."""
    if as_json:
        emit_json({"detached": True, "workflow_id": names.service_workflow_id(service)})
    else:
        print(f"detached: {kind} of {service} goes on; `interlace follow {service}` watches it again")
    return 0


async def _run(kind: names.OperationKind, request: AnyRequest, wait: bool, as_json: bool) -> int:
    handle = await _start(await temporal(), kind, request)
    if not wait:
        _started(kind, request.service, handle, as_json)
        return 0
    return await to_its_end(handle, kind, request.service, as_json)


async def to_its_end(handle: Handle, kind: str, service: str, as_json: bool) -> int:
    """Follow an operation, and tell how it ended. Returns the exit code."""
    with view(silent=as_json) as shown:
        await follow(handle, shown)
    try:
        result = await handle.result()
    except WorkflowFailureError as failure:
        return outcomes.failed(kind, service, failure, as_json, await ending(handle, service, failure.cause))
    if as_json:
        emit_json(result.model_dump(mode="json"))
    else:
        outcomes.succeeded(kind, result)
    return 0


async def _start(client: Client, kind: names.OperationKind, request: AnyRequest) -> Handle:
    service = request.service
    workflow_id = names.service_workflow_id(service)
    try:
        return await client.start_workflow(
            kind.value,
            request,
            id=workflow_id,
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            task_timeout=TASK_TIMEOUT,
            priority=priority_of(kind, request),
            static_summary=f"{kind} {service}",
        )
    except WorkflowAlreadyStartedError:
        running = await client.get_workflow_handle(workflow_id).describe()
        since = f"{running.start_time:%H:%M:%S}Z"
        message = f"{service} is busy: {running.workflow_type} runs since {since} (workflow {workflow_id})"
        raise BusyError(message) from None


async def follow(handle: Handle, shown: View) -> None:
    """Show each change of the operation's steps until its workflow has ended.

    :raises UnreachableError: if Temporal is gone for long; one that is started again soon is waited for
    """
    answered = time.monotonic()
    while True:
        description = await _described(handle)
        if description is None:
            shown.show(None, {})
            if time.monotonic() - answered > _PATIENCE_S:
                raise UnreachableError(f"Temporal does not answer; `{handle.id}` goes on once it does")
        else:
            answered = time.monotonic()
            shown.show(await progress_of(handle), _retries(description))
            if description.status is not WorkflowExecutionStatus.RUNNING:
                return
        await asyncio.sleep(_EVERY_S)


async def _described(handle: Handle) -> WorkflowExecutionDescription | None:
    """None while Temporal is away."""
    try:
        return await handle.describe(rpc_timeout=timedelta(seconds=5))
    except RPCError as error:
        if error.status in (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED):
            return None
        raise


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


def _started(kind: names.OperationKind, service: str, handle: Handle, as_json: bool) -> None:
    if as_json:
        emit_json({"workflow_id": handle.id, "run_id": handle.first_execution_run_id})
    else:
        print(f"{kind} of {service} started as workflow {handle.id}; `interlace follow {service}` watches it")
