"""What Temporal knows of the watch of a service and of its schedules."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import AwareDatetime, ValidationError
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain import names
from domain.errors import InterlaceError
from domain.models import Model
from domain.watching import LookDetails, PolicyFinding
from interfaces.cli.session import temporal

_LOOK_S = 3.0
"""For all questions together."""
_PATIENCE = timedelta(seconds=2)
_AT_A_TIME = 16


class Watching(Model):
    """How the watch of a service stands."""

    runs: bool | None
    """None: Temporal does not answer."""
    said: str = ""
    """Why it does not run, does not look, or is not known."""
    looked_at: AwareDatetime | None = None
    findings: tuple[PolicyFinding, ...] = ()
    """What each policy went by at the last look."""
    notes: tuple[str, ...] = ()
    """What was told at the last look."""


class Firing(Model):
    """What Temporal has of a schedule."""

    policy: str
    next_at: AwareDatetime | None
    paused: str | None = None
    """Why a person has paused it there; None: it is not paused."""


class Seen(Model):
    """What Temporal says of a service's watch, and of those schedules that it has."""

    watching: Watching
    schedules: tuple[Firing, ...] = ()


def ask(service: str, schedules: Sequence[str]) -> Seen:
    """What could be learned in a few seconds.

    :param schedules: names of policies
    """
    try:
        return asyncio.run(asyncio.wait_for(_ask(service, schedules), _LOOK_S))
    except TimeoutError:
        silence = f"Temporal does not answer within {_LOOK_S:g} s"
    except RPCError as error:
        silence = f"Temporal does not answer: {error.message}"
    except InterlaceError as error:
        silence = str(error)
    return Seen(watching=Watching(runs=None, said=silence))


def watched_services() -> frozenset[str] | None:
    """The services whose watches run; None where Temporal does not answer."""
    try:
        return asyncio.run(asyncio.wait_for(_watched_services(), _LOOK_S))
    except (InterlaceError, RPCError, TimeoutError):
        return None


async def _watched_services() -> frozenset[str]:
    client, prefix = await temporal(), names.watch_workflow_id("")
    query = f"WorkflowType = '{names.WATCH}' AND ExecutionStatus = 'Running'"
    return frozenset([each.id.removeprefix(prefix) async for each in client.list_workflows(query)])


async def _ask(service: str, schedules: Sequence[str]) -> Seen:
    client, few = await temporal(), asyncio.Semaphore(_AT_A_TIME)

    async def firing(policy: str) -> Firing | None:
        async with few:
            return await firing_of(client, service, policy)

    watching, *found = await asyncio.gather(watching_of(client, service), *map(firing, schedules))
    return Seen(watching=watching, schedules=tuple(each for each in found if each))


async def watching_of(client: Client, service: str) -> Watching:
    """How the service's watch stands, and what it saw last.

    :raises RPCError: if Temporal does not answer
    """
    handle = client.get_workflow_handle(names.watch_workflow_id(service))
    try:
        described = await handle.describe(rpc_timeout=_PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Watching(runs=False, said=f"there is no workflow {handle.id}")
        raise
    if described.status is not WorkflowExecutionStatus.RUNNING:
        ended = described.status.name if described.status else "not running"
        return Watching(runs=False, said=f"its workflow {handle.id} is {ended}")
    return await _running(client, described)


async def _running(client: Client, described: WorkflowExecutionDescription) -> Watching:
    pending = described.raw_description.pending_activities
    look = next((each for each in pending if each.activity_type.name == names.LOOK), None)
    if look is None:
        return Watching(runs=True)
    silence = _silence(look)
    if not look.heartbeat_details.payloads:
        return Watching(runs=True, said=silence)
    try:
        [found] = await client.data_converter.decode(look.heartbeat_details.payloads, [LookDetails])
    except ValidationError:
        return Watching(runs=True, said="what it saw last was told by another version of Interlace")
    return Watching(runs=True, said=silence, looked_at=found.at, findings=found.findings, notes=found.notes)


def _silence(look: PendingActivityInfo) -> str:
    """Why nobody looks at this moment; empty where somebody does."""
    if look.state != PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED:
        return ""
    if look.HasField("last_failure"):
        return f"the last attempt failed, it is tried again: {look.last_failure.message}"
    return f"no worker has taken it yet (task queue {names.MONITORING_QUEUE})"


async def firing_of(client: Client, service: str, policy: str) -> Firing | None:
    """When a schedule fires next; None where Temporal has no such schedule.

    :raises RPCError: if Temporal does not answer
    """
    handle = client.get_schedule_handle(names.schedule_id(service, policy))
    try:
        described = await handle.describe(rpc_timeout=_PATIENCE)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    state, times = described.schedule.state, described.info.next_action_times
    paused = (state.note or "no reason given") if state.paused else None
    next_at: datetime | None = times[0] if times and not state.paused else None
    return Firing(policy=policy, next_at=next_at, paused=paused)
