"""The operations that hold services: whether each is at work, waits for somebody, or has died."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import InterlaceError, UnknownError
from domain.models import Model
from domain.phases import ServiceState
from domain.records import OperationRecord
from domain.requests import OperationProgress, OperationResult
from interfaces.cli.session import catalogue, temporal
from interfaces.cli.steps import held

Handle = WorkflowHandle[object, OperationResult]
_LOOK_S = 3.0
"""For all looks together: a list must not wait for what does not answer."""
_AT_A_TIME = 16
_PATIENCE = timedelta(seconds=2)
_HOW = {
    WorkflowExecutionStatus.TERMINATED.name: "was ended by force (TERMINATED)",
    WorkflowExecutionStatus.TIMED_OUT.name: "timed out (TIMED_OUT)",
    RPCStatusCode.NOT_FOUND.name: "is not known to Temporal (NOT_FOUND)",
}


class Condition(Model):
    """How an operation that holds a service stands."""

    progress: OperationProgress | None = None
    """None where no worker tells, or nothing runs."""
    end: str | None = None
    """How its workflow ended without giving the service back; None while it runs."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What a human should see: held, paused, dead."""
        if self.end:
            return ("dead",)
        if self.progress is None:
            return ()
        waits = {"held": bool(held(self.progress)), "paused": self.progress.paused is not None}
        return tuple(word for word, true in waits.items() if true)


def conditions(operations: Iterable[OperationRecord]) -> dict[str, Condition] | None:
    """Of each service what could be learned in a few seconds; None where Temporal does not answer."""
    wanted = tuple(operations)
    if not wanted:
        return {}
    try:
        return asyncio.run(_conditions(wanted))
    except (InterlaceError, RPCError, TimeoutError):
        return None


async def _conditions(operations: tuple[OperationRecord, ...]) -> dict[str, Condition]:
    client = await asyncio.wait_for(temporal(), _LOOK_S)
    few = asyncio.Semaphore(_AT_A_TIME)

    async def look(operation: OperationRecord) -> Condition:
        async with few:
            return await condition_of(client, operation)

    tasks = {each.service: asyncio.ensure_future(look(each)) for each in operations}
    _, late = await asyncio.wait(tasks.values(), timeout=_LOOK_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    return {name: task.result() for name, task in tasks.items() if _succeeded(task)}


def _succeeded(task: "asyncio.Task[Condition]") -> bool:
    return not task.cancelled() and task.exception() is None


async def condition_of(client: Client, operation: OperationRecord) -> Condition:
    """How an operation stands that holds its service.

    :raises RPCError: if Temporal does not answer
    """
    if end := await end_of(client, operation):
        return Condition(end=end)
    handle = client.get_workflow_handle(operation.workflow_id, result_type=OperationResult)
    return Condition(progress=await progress_of(handle))


async def end_of(client: Client, operation: OperationRecord) -> str | None:
    """How the workflow of a service's holder ended without giving the service back; None where it did not.

    :raises RPCError: if Temporal does not answer
    """
    end = await _status(client, operation.workflow_id, operation.run_id)
    if end == WorkflowExecutionStatus.RUNNING.name:
        return None
    if await _status(client, operation.workflow_id, None) == WorkflowExecutionStatus.RUNNING.name:
        return None  # one that was reset goes on in another run
    with catalogue() as store:
        holder = store.operations.holder(operation.service)
    holds = holder is not None and holder.operation_id == operation.operation_id
    return end if holds else None  # else it has just ended as it should


async def _status(client: Client, workflow_id: str, run_id: str | None) -> str:
    handle = client.get_workflow_handle(workflow_id, run_id=run_id)
    try:
        described = await handle.describe(rpc_timeout=_PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return error.status.name
        raise
    return described.status.name if described.status else ""


async def progress_of(handle: Handle) -> OperationProgress | None:
    """How far the operation is; None where no worker answers."""
    try:
        progress: OperationProgress = await handle.query(
            names.PROGRESS_QUERY, result_type=OperationProgress, rpc_timeout=_PATIENCE
        )
    except RPCError:
        return None
    return progress


def in_words(end: str, service: str) -> str:
    """How a workflow died, and what puts right what it left."""
    how = _HOW.get(end, f"ended ({end}) without giving {service} back")
    return f"its workflow {how}: {remedy(service)}"


def remedy(service: str) -> str:
    """What puts right what a dead operation left; only a service that is ACTIVE can be come back to."""
    with catalogue() as store:
        try:
            state = store.services.get(service).state
        except UnknownError:
            return f"nothing is left of {service}"
    if state is ServiceState.ACTIVE:
        return f"the next operation on {service} first puts right what it left"
    return f"{service} is {state}, `interlace terminate {service}` takes away what it left"
