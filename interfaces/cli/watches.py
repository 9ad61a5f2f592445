"""The watches and schedules that services should have, against those that Temporal has."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.installing import InstallingActivities, scheduled
from activities.watched import policies_of
from catalogue.store import Catalogue
from domain import names
from domain.errors import InterlaceError
from domain.phases import ServiceState
from domain.policies import Policies
from interfaces.cli.auditing import Finding, Report
from interfaces.cli.session import temporal

T = TypeVar("T")

_RUNNING = f"WorkflowType = '{names.WATCH}' AND ExecutionStatus = 'Running'"
_WATCHES, _SCHEDULES = names.watch_workflow_id(""), names.schedule_id("", "").rstrip("/") + "/"


@dataclass(frozen=True)
class _Books:
    """What services should have."""

    wanted: Mapping[str, str]
    """Id of a watch or a schedule -> its service, where that is at rest."""
    changing: frozenset[str]
    """Services that an operation works on, or has left half changed."""


def with_watches(catalogue: Catalogue, report: Report) -> Report:
    """The report, and what it is of watches; as it is where Temporal does not answer, which is told."""
    try:
        found = asyncio.run(_asked(lambda client: unwatched(catalogue, client)))
    except (InterlaceError, RPCError) as error:
        return report.model_copy(update={"note": _joined(report.note, f"watches are not compared: {error}")})
    return report.model_copy(update={"findings": (*report.findings, *found)})


def watch_again(catalogue: Catalogue, report: Report, say: Callable[[str], None]) -> None:
    """Mend what a report says of watches."""
    if any(each.problem == "unwatched" or _is_ours(each) for each in report.findings):
        for line in asyncio.run(_asked(lambda client: mend_watches(catalogue, client, report.findings))):
            say(line)


async def _asked(question: Callable[[Client], Awaitable[T]]) -> T:
    return await question(await temporal())


def _joined(*notes: str) -> str:
    return "; ".join(each for each in notes if each)


def _is_ours(found: Finding) -> bool:
    return found.problem == "stray" and found.resource.startswith((_WATCHES, _SCHEDULES))


async def unwatched(catalogue: Catalogue, client: Client) -> list[Finding]:
    """Services whose policies nobody follows, and what follows those of none. Changes nothing."""
    before = _books(catalogue)
    there = {name async for name in _there(client)}
    after = _books(catalogue)  # what an operation has changed meanwhile is its business
    changing = before.changing | after.changing
    steady = {name: who for name, who in after.wanted.items() if before.wanted.get(name) == who}
    known = {*before.wanted, *after.wanted, *(each for each in there if _service(each) in changing)}
    return [*_missing(steady, there), *[each async for each in _strays(client, there, known)]]


async def mend_watches(catalogue: Catalogue, client: Client, found: Sequence[Finding]) -> list[str]:
    """Begin what is missing and end what is too much; what was done, in words."""
    installing, said = InstallingActivities(catalogue, client), []
    for service in sorted({each.service for each in found if each.problem == "unwatched" and each.service}):
        record = catalogue.services.get(service)
        policies = policies_of(catalogue, record.descriptor or "", record.version or "")
        told = await installing.bring(service, record.tenant, Policies(), policies)
        said.append(f"began    {service}: {told}")
    for each in found:
        if _is_ours(each):
            await _end(client, each.resource)
            said.append(f"removed  {each.resource} (stray)")
    return said


def _books(catalogue: Catalogue) -> _Books:
    wanted: dict[str, str] = {}
    changing = set(catalogue.operations.under_way())
    for record in catalogue.services.list():
        if record.state is not ServiceState.ACTIVE or record.descriptor is None:
            changing.add(record.name)
            continue
        policies = policies_of(catalogue, record.descriptor, record.version or "")
        if policies.watched and record.name not in changing:
            wanted[names.watch_workflow_id(record.name)] = record.name
            wanted |= {names.schedule_id(record.name, each): record.name for each in scheduled(policies)}
    return _Books(wanted, frozenset(changing))


def _service(name: str) -> str:
    """Whose watch or schedule it is."""
    return name.split("/")[1]


async def _there(client: Client) -> AsyncIterator[str]:
    async for workflow in client.list_workflows(_RUNNING):
        yield workflow.id
    async for schedule in await client.list_schedules():
        if schedule.id.startswith(_SCHEDULES):
            yield schedule.id


def _missing(wanted: Mapping[str, str], there: set[str]) -> Iterator[Finding]:
    for name in sorted(wanted.keys() - there):
        words = f"the policies of {wanted[name]} ask for it, but Temporal has none"
        yield Finding(problem="unwatched", resource=name, pop=None, detail=words, service=wanted[name])


async def _strays(client: Client, there: set[str], known: set[str]) -> AsyncIterator[Finding]:
    for name in sorted(there - known):
        if await _is_there(client, name):  # lists are a little behind
            yield Finding(problem="stray", resource=name, pop=None, detail="of no service that runs")


async def _is_there(client: Client, name: str) -> bool:
    try:
        if name.startswith(_SCHEDULES):
            await client.get_schedule_handle(name).describe()
            return True
        return (await client.get_workflow_handle(name).describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return False
        raise


async def _end(client: Client, name: str) -> None:
    try:
        if name.startswith(_SCHEDULES):
            await client.get_schedule_handle(name).delete()
        else:
            await client.get_workflow_handle(name).cancel()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
