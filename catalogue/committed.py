"""What is committed of a service, held against its reservations and the ledger."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from catalogue.claims import NOTHING, Claim, Claims, LinkUse, Slot, claims_of, link_use, slot_of
from catalogue.tables import instance_reservations, ledger, link_reservations, service_instances, services
from domain.deployments import Deployment
from domain.infrastructure import Resources
from domain.names import resource_name
from domain.networking import ServiceNetwork
from domain.phases import ResourceKind, ResourceState
from domain.plans import Plan
from domain.records import InstanceRecord

_ROUNDING_MBPS = 1e-6
_COLUMNS = tuple(
    services.c[name] for name in ("name", "plan", "deployment", "network", "committed_by", "changed_by")
)


@dataclass(frozen=True)
class Committed:
    """What must be reserved and in the ledger while no operation is under way."""

    claims: Claims = NOTHING
    endpoints: Set[Slot] = frozenset()
    """Real ones: they take nothing."""
    network: Set[Slot] = frozenset()
    """The parts of its network that have something to do."""
    idle_network: Set[Slot] = frozenset()
    """Those that may be there too."""


_NOTHING = Committed()


def committed_claims(connection: Connection, service: str) -> Claims:
    """What the committed deployment takes; nothing where there is none."""
    return _committed(connection, _find(connection, service)).claims


def is_unsettled(connection: Connection, service: str) -> bool:
    """Whether the ledger, leftovers aside, or the reservations are not those of the committed deployment."""
    row = _find(connection, service)
    if row is not None and row.changed_by is not None:
        return True
    committed = _committed(connection, row)
    sizes = {slot: claim.resources for slot, claim in committed.claims.instances.items()}
    return (
        _is_made_otherwise(connection, service, committed)
        or _instances(connection, service) != sizes
        or not _same_links(_links(connection, service), committed.claims.links)
    )


def _find(connection: Connection, service: str) -> Any:
    return connection.execute(select(*_COLUMNS).where(services.c.name == service)).one_or_none()


def _committed(connection: Connection, row: Row[Any] | None) -> Committed:
    if row is None or not row.plan:
        return _NOTHING
    plan = Plan.model_validate_json(row.plan)
    needed, idle = _network(row, plan)
    if row.deployment:
        deployment = Deployment.model_validate_json(row.deployment)
        endpoints = {slot_of(each) for each in deployment.instances if each.endpoint}
        return Committed(claims_of(deployment), endpoints, needed, idle)
    claims = Claims(_old_instances(connection, row), link_use(plan))
    ends = plan.endpoints.items() if row.network else ()
    return Committed(claims, {(_named(row, end), pop) for end, pop in ends}, needed, idle)


def _old_instances(connection: Connection, row: Row[Any]) -> dict[Slot, Claim]:
    """Of a service that was committed before there were deployments."""
    query = select(service_instances.c.document).where(service_instances.c.service == row.name)
    records = map(InstanceRecord.model_validate_json, connection.scalars(query))
    return {(_named(row, each.name), each.pop): Claim(each.name, each.resources) for each in records}


def _named(row: Row[Any], instance: str) -> str:
    """By its Instantiate, which built all."""
    return resource_name(row.name, instance, row.committed_by or "")


def _network(row: Row[Any], plan: Plan) -> tuple[set[Slot], set[Slot]]:
    """The parts that must be there, and those that may: some PoPs have nothing to do."""
    if not row.network:
        return set(), set()
    network = ServiceNetwork.model_validate_json(row.network)
    busy = {pop for pop, part in network.pops.items() if part.is_programmed or part.routes or part.shares}
    passed = {pop for route in plan.routes for pop in route.pops}
    touched = {*network.pops, *plan.placements.values(), *plan.endpoints.values(), *passed}
    return {(network.name, pop) for pop in busy}, {(network.name, pop) for pop in touched - busy}


def _is_made_otherwise(connection: Connection, service: str, committed: Committed) -> bool:
    """Whether the ledger has something else than what is committed, or something half made."""
    columns = (ledger.c.resource_name, ledger.c.pop, ledger.c.kind, ledger.c.state)
    here = (ledger.c.service == service) & (ledger.c.state != ResourceState.LEFTOVER)
    entries = connection.execute(select(*columns).where(here)).all()
    of_network = {(e.resource_name, e.pop) for e in entries if e.kind == ResourceKind.NETWORK}
    instances = {(e.resource_name, e.pop) for e in entries if e.kind != ResourceKind.NETWORK}
    return (
        any(entry.state != ResourceState.CREATED for entry in entries)
        or instances != {*committed.claims.instances, *committed.endpoints}
        or of_network - committed.idle_network != committed.network
    )


def _instances(connection: Connection, service: str) -> dict[Slot, Resources]:
    rows = instance_reservations.c
    columns = (rows.resource_name, rows.pop, rows.vcpus, rows.memory_mib, rows.disk_gib)
    query = select(*columns).where(rows.service == service, ~rows.released)
    return {(name, pop): Resources.of(v, m, d) for name, pop, v, m, d in connection.execute(query)}


def _links(connection: Connection, service: str) -> dict[LinkUse, float]:
    rows = link_reservations.c
    query = select(rows.graph_link, rows.physical_link, rows.bandwidth_mbps).where(rows.service == service)
    return {(link, physical): mbps for link, physical, mbps in connection.execute(query)}


def _same_links(held: Mapping[LinkUse, float], wanted: Mapping[LinkUse, float]) -> bool:
    return {*held} == {*wanted} and all(abs(held[use] - wanted[use]) <= _ROUNDING_MBPS for use in held)
