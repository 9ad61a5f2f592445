"""Speaking with the operation under way on a service: Updates, a cancel, and watching it."""

import asyncio
from datetime import timedelta
from typing import NoReturn

from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import InputError, InterlaceError, VimUnavailableError
from domain.infrastructure import Resources
from domain.models import Model
from domain.operation_plans import OperationPlan
from domain.requests import OperationResult
from domain.steering import Told
from interfaces.cli.follow import Handle, detached, progress_of, to_its_end
from interfaces.cli.output import clock
from interfaces.cli.session import catalogue, temporal

_PATIENCE = timedelta(seconds=20)


class Running(Model):
    """The operation under way on a service."""

    kind: str
    workflow_id: str
    run_id: str | None = None
    """None: the latest run."""


class NotSteeredError(InterlaceError):
    """The operation could not be spoken with now."""


def tell(service: str, update: str, said: Model) -> Told:
    """Send an Update and return the operation's answer.

    :raises InputError: if nothing runs, or the operation refuses what was said
    :raises NotSteeredError: if no worker answers
    """
    return asyncio.run(_tell(service, update, said))


async def _tell(service: str, update: str, said: Model) -> Told:
    client = await temporal()
    running = await find_running(client, service)
    try:
        told: Told = await _handle(client, running).execute_update(
            update, said, result_type=Told, rpc_timeout=_PATIENCE
        )
    except WorkflowUpdateFailedError as failure:
        _refuse(running, service, failure)
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        waited = f"for {_PATIENCE.seconds} s"
        raise NotSteeredError(f"no worker answered {waited}; what was said may still reach it") from None
    except RPCError as error:
        raise _gone(error, service) from None
    return told


def _refuse(running: Running, service: str, failure: WorkflowUpdateFailedError) -> NoReturn:
    cause = failure.cause
    message = cause.message if isinstance(cause, ApplicationError) else str(cause)
    if "expected but not found" in message:
        message = f"{running.kind} of {service} cannot be steered: it began before its workers could do that"
    raise InputError(message) from None


def cancel_operation(service: str) -> Running:
    """Cancel what runs on a service.

    :raises InputError: if nothing does
    """

    async def cancel() -> Running:
        client = await temporal()
        running = await find_running(client, service)
        await _handle(client, running).cancel()
        return running

    return asyncio.run(cancel())


def follow_operation(service: str, as_json: bool) -> int:
    """Watch what runs on a service, or ran on it last, to its end. Returns the exit code of its outcome."""
    watched: list[Running] = []

    async def watch() -> int:
        client = await temporal()
        running = await _running_or_last(client, service)
        watched.append(running)
        return await to_its_end(_handle(client, running), running.kind, service, as_json)

    try:
        return asyncio.run(watch())
    except KeyboardInterrupt:
        return detached(watched[0].kind if watched else "the operation", service, as_json)


def resources_of(service: str, step: str) -> Resources | None:
    """What a step of the operation under way asks for now; None where that cannot be told."""

    async def plan_id() -> str | None:
        client = await temporal()
        progress = await progress_of(_handle(client, await find_running(client, service)))
        return progress.plan_id if progress else None

    found = asyncio.run(plan_id())
    if found is None:
        return None
    with catalogue() as store:
        return _asked_by(store.plans.get(found).plan, step)


def _asked_by(plan: OperationPlan, step: str) -> Resources | None:
    named = [each for wave in plan.waves for each in wave.steps if step in (each.id, each.title)]
    instance = next((each.instance for each in named if each.instance), None)
    placed = plan.after.instance(instance) if plan.after and instance else None
    return placed.resources if placed else None


async def find_running(client: Client, service: str) -> Running:
    """The operation that holds the service, under whichever workflow id it was started.

    :raises InputError: if none runs
    """
    with catalogue() as store:
        holder = store.operations.holder(service)
    workflow_id = holder.workflow_id if holder else names.service_workflow_id(service)
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        raise _gone(error, service) from None
    if found.status is not WorkflowExecutionStatus.RUNNING:
        raise _nothing_runs(service)
    return Running(kind=found.workflow_type, workflow_id=workflow_id)


async def _running_or_last(client: Client, service: str) -> Running:
    """What runs; else what ended, for whoever asks a moment late.

    :raises InputError: if nothing ever ran that Temporal still knows
    """
    try:
        return await find_running(client, service)
    except InputError:
        with catalogue() as store:
            past = store.operations.list(service)
        if not past:
            raise
        last = Running(kind=past[0].kind, workflow_id=past[0].workflow_id, run_id=past[0].run_id)
        try:
            await _handle(client, last).describe()
        except RPCError:
            raise _nothing_runs(service) from None
        return last


def _handle(client: Client, running: Running) -> Handle:
    return client.get_workflow_handle(running.workflow_id, run_id=running.run_id, result_type=OperationResult)


def _gone(error: RPCError, service: str) -> InterlaceError:
    if error.status is RPCStatusCode.NOT_FOUND:
        return _nothing_runs(service)
    return VimUnavailableError(f"Temporal does not answer: {error.message}")


def _nothing_runs(service: str) -> InputError:
    """With how the last operation ended; of a service that never was, with the names perhaps meant."""
    with catalogue() as store:
        past = store.operations.list(service)
        if not past:
            store.services.get(service)
            return InputError(f"nothing runs on {service}")
    last = past[0]
    ended = f"{last.kind}, {last.state} ({clock(last.started_at)})"
    return InputError(f"nothing runs on {service}; its last operation was {ended}")
