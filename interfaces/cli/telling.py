"""Speaking with the operation under way on a service: Updates, a cancel, and watching it."""

import asyncio
from datetime import timedelta
from typing import NoReturn

from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from domain.errors import InputError, InterlaceError
from domain.infrastructure import Resources
from domain.models import Model
from domain.operation_plans import OperationPlan
from domain.phases import Phase
from domain.steering import Told
from interfaces.cli.finding import Running, find_running, gone, handle_of, running_or_last
from interfaces.cli.follow import detached, to_its_end
from interfaces.cli.holding import progress_of
from interfaces.cli.session import catalogue, temporal

_PATIENCE = timedelta(seconds=20)
_TOO_LATE = {
    Phase.UNDOING: "is being undone already",
    Phase.COMMITTING: "cannot be cancelled any more: its outcome is being committed",
}


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
        told: Told = await handle_of(client, running).execute_update(
            update, said, result_type=Told, rpc_timeout=_PATIENCE
        )
    except WorkflowUpdateFailedError as failure:
        _refuse(running, service, failure)
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        waited = f"for {_PATIENCE.seconds} s"
        raise NotSteeredError(f"no worker answered {waited}; what was said may still reach it") from None
    except RPCError as error:
        raise gone(error, service) from None
    return told


def _refuse(running: Running, service: str, failure: WorkflowUpdateFailedError) -> NoReturn:
    cause = failure.cause
    message = cause.message if isinstance(cause, ApplicationError) else str(cause)
    if "expected but not found" in message:
        message = f"{running.kind} of {service} cannot be steered: it began before its workers could do that"
    raise InputError(message) from None


def cancel_operation(service: str) -> Running:
    """Cancel what runs on a service.

    :raises InputError: if nothing does, or it can be cancelled no more
    """
    return asyncio.run(_cancel(service))


async def _cancel(service: str) -> Running:
    client = await temporal()
    running = await find_running(client, service)
    handle = handle_of(client, running)
    progress = await progress_of(handle)
    if progress and progress.phase in _TOO_LATE:
        raise InputError(f"{running.kind} of {service} {_TOO_LATE[progress.phase]}")
    await handle.cancel()
    return running


def follow_operation(service: str, as_json: bool) -> int:
    """Watch what runs on a service, or ran on it last, to its end. Returns the exit code of its outcome."""
    watched: list[Running] = []

    async def watch() -> int:
        client = await temporal()
        running = await running_or_last(client, service)
        watched.append(running)
        return await to_its_end(handle_of(client, running), running.kind, service, as_json)

    try:
        return asyncio.run(watch())
    except KeyboardInterrupt:
        return detached(watched[0].kind if watched else "the operation", service, as_json)


def resources_of(service: str, step: str) -> Resources | None:
    """What a step of the operation under way asks for now; None where that cannot be told."""

    async def plan_id() -> str | None:
        client = await temporal()
        progress = await progress_of(handle_of(client, await find_running(client, service)))
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
