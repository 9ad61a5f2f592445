"""Finding the operation that runs on a service, or the one that ran on it last."""

from pydantic import AwareDatetime
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import InputError, InterlaceError
from domain.models import Model
from domain.records import OperationRecord
from domain.requests import OperationResult
from interfaces.cli.holding import Handle, end_of, in_words
from interfaces.cli.output import clock
from interfaces.cli.session import UnreachableError, catalogue


class Running(Model):
    """The operation under way on a service."""

    kind: str
    workflow_id: str
    run_id: str | None = None
    """None: the latest run."""


async def find_running(client: Client, service: str) -> Running:
    """The operation that holds the service, under whichever workflow id it was started.

    :raises InputError: if none runs
    """
    with catalogue() as store:
        holder = store.operations.holder(service)
    workflow_id = holder.workflow_id if holder else names.service_workflow_id(service)
    try:
        if holder and (end := await end_of(client, holder)):
            raise _dead(holder, end)
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        raise gone(error, service) from None
    if found.status is not WorkflowExecutionStatus.RUNNING:
        raise _nothing_runs(service)
    return Running(kind=found.workflow_type, workflow_id=workflow_id)


async def running_or_last(client: Client, service: str) -> Running:
    """What runs; else what ended, for whoever asks a moment late.

    :raises InputError: if nothing ever ran that Temporal still knows
    """
    try:
        return await find_running(client, service)
    except InputError:
        ended = [each for each in (await _latest(client, service), _noted(service)) if each]
        for last in sorted(ended, key=lambda each: each.started_at, reverse=True):
            if await _is_known(client, last.running):
                return last.running
        raise


class _Ended(Model):
    """An operation that is over, for all that is known."""

    running: Running
    started_at: AwareDatetime


async def _latest(client: Client, service: str) -> _Ended | None:
    """The last run of the usual workflow id: also one that was refused before the catalogue heard of it."""
    workflow_id = names.service_workflow_id(service)
    try:
        found = await client.get_workflow_handle(workflow_id).describe()
    except RPCError:
        return None
    running = Running(kind=found.workflow_type, workflow_id=workflow_id, run_id=found.run_id)
    return _Ended(running=running, started_at=found.start_time)


def _noted(service: str) -> _Ended | None:
    """The last operation that the catalogue knows, whatever its workflow id."""
    with catalogue() as store:
        past = store.operations.list(service)
    if not past:
        return None
    last = past[0]
    running = Running(kind=last.kind, workflow_id=last.workflow_id, run_id=last.run_id)
    return _Ended(running=running, started_at=last.started_at)


async def _is_known(client: Client, running: Running) -> bool:
    try:
        await handle_of(client, running).describe()
    except RPCError:
        return False
    return True


def handle_of(client: Client, running: Running) -> Handle:
    """To ask it, or to wait for it."""
    return client.get_workflow_handle(running.workflow_id, run_id=running.run_id, result_type=OperationResult)


def gone(error: RPCError, service: str) -> InterlaceError:
    """What to tell where Temporal knows of no such workflow, or does not answer."""
    if error.status is RPCStatusCode.NOT_FOUND:
        return _nothing_runs(service)
    return UnreachableError(f"Temporal does not answer: {error.message}")


def _dead(holder: OperationRecord, end: str) -> InputError:
    began = f"{holder.kind} of {clock(holder.started_at)}"
    return InputError(f"nothing runs on {holder.service}; {began} is dead: {in_words(end, holder.service)}")


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
