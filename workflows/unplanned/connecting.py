"""Connecting a placed service: links between PoPs, chains on their switches, and proof that they carry."""

from itertools import pairwise

from temporalio.exceptions import ApplicationError

from domain import names
from domain.networking import Connection
from domain.phases import ResourceKind
from domain.requests import ExternalResource, NetworkStep, PlannedService, Solution
from workflows.unplanned.operation import Operation, Undo


def networked_kind(solution: Solution) -> str | None:
    """The kind of VIM whose switches are to be programmed; None where packets are only modelled.

    :raises ApplicationError: if the service spans VIMs of kinds that no network joins
    """
    kinds = sorted(set(solution.vim_kinds.values()))
    if not set(kinds) & set(names.NETWORKED_KINDS):
        return None
    if len(kinds) > 1:
        message = f"the plan spans VIMs of the kinds {', '.join(kinds)}, and no network joins them"
        raise ApplicationError(message, type="InfeasibleError", non_retryable=True)
    return kinds[0]


async def connect(operation: Operation, planned: PlannedService, tenant: str, kind: str) -> Connection:
    """Join the PoPs, program their switches, and probe every chain before anybody relies on it."""
    plan = planned.plan
    passed = {pop for route in plan.routes for pop in route.pops}
    pops = sorted({*plan.placements.values(), *plan.endpoints.values(), *passed})
    await operation.call_vim(names.COMPILE, planned, kind, step="work out the network")
    operation.on_undo(*(_removal(operation, pop, kind) for pop in pops))
    links = {link: pair for route in plan.routes for link, pair in _hops(route.physical_links, route.pops)}
    steps = [
        NetworkStep(held=operation.held, tenant=tenant, pops=pair, physical_link=link)
        for link, pair in sorted(links.items())
    ]
    joins = [(step, f"join {' and '.join(step.pops)}") for step in steps]
    await operation.all_of(
        (operation.call_vim(names.JOIN, step, kind, step=title), None) for step, title in joins
    )
    programs = [NetworkStep(held=operation.held, tenant=tenant, pops=(pop,)) for pop in pops]
    await operation.all_of(
        (operation.call_vim(names.PROGRAM, step, kind, step=f"program the switch of {step.pops[0]}"), None)
        for step in programs
    )
    return await operation.ask_vim(names.VERIFY, planned, kind, Connection, step="probe every chain")


def _hops(links: tuple[str, ...], pops: tuple[str, ...]) -> list[tuple[str, tuple[str, str]]]:
    pairs = [(min(pair), max(pair)) for pair in pairwise(pops)]
    return list(zip(links, pairs, strict=True))


def _removal(operation: Operation, pop: str, kind: str) -> Undo:
    held = operation.held
    resource = ExternalResource(
        service=held.service,
        name=names.network_name(held.service, held.operation_id),
        instance="network",
        pop=pop,
        vim_kind=kind,
        kind=ResourceKind.NETWORK,
    )
    return lambda: operation.delete_or_leave(resource)
