"""What is committed of a service, held against its reservations and the ledger."""

from collections.abc import Mapping
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


def committed_claims(connection: Connection, service: str) -> Claims:
    """What the committed deployment takes; nothing where there is none."""
    row = _find(connection, service)
    return _claims(connection, row) if row and row.plan else NOTHING


def is_unsettled(connection: Connection, service: str) -> bool:
    """Whether the ledger, leftovers aside, or the reservations are not those of the committed deployment."""
    row = _find(connection, service)
    if row is not None and row.changed_by is not None:
        return True
    claims = _claims(connection, row) if row and row.plan else NOTHING
    return (
        _is_between(connection, service, row, claims)
        or _holds_otherwise(connection, service, claims)
        or not _same_links(_links(connection, service), claims.links)
    )


def _find(connection: Connection, service: str) -> Any:
    table = services.c
    wanted = (table.name, table.plan, table.deployment, table.network, table.committed_by, table.changed_by)
    return connection.execute(select(*wanted).where(table.name == service)).one_or_none()


def _claims(connection: Connection, row: Row[Any]) -> Claims:
    if row.deployment:
        return claims_of(Deployment.model_validate_json(row.deployment))
    return Claims(_old_instances(connection, row), link_use(Plan.model_validate_json(row.plan)))


def _old_instances(connection: Connection, row: Row[Any]) -> dict[Slot, Claim]:
    """Of a service that was committed before there were deployments: named by its Instantiate."""
    query = select(service_instances.c.document).where(service_instances.c.service == row.name)
    records = map(InstanceRecord.model_validate_json, connection.scalars(query))
    by = row.committed_by or ""
    return {(resource_name(row.name, r.name, by), r.pop): Claim(r.name, r.resources) for r in records}


def _is_between(connection: Connection, service: str, row: Row[Any] | None, claims: Claims) -> bool:
    """Whether the ledger has something else than what is committed, or something half made."""
    columns = (ledger.c.resource_name, ledger.c.pop, ledger.c.kind, ledger.c.state)
    here = (ledger.c.service == service) & (ledger.c.state != ResourceState.LEFTOVER)
    entries = connection.execute(select(*columns).where(here)).all()
    if any(entry.state != ResourceState.CREATED for entry in entries):
        return True
    of_network = {(e.resource_name, e.pop) for e in entries if e.kind == ResourceKind.NETWORK}
    instances = {(e.resource_name, e.pop) for e in entries} - of_network
    needed, allowed = _network(row)
    return instances != {*claims.instances, *_endpoints(row)} or not needed <= of_network <= allowed


def _endpoints(row: Row[Any] | None) -> set[Slot]:
    """Real ones: they take nothing, but are in the ledger."""
    if row is None or not row.plan:
        return set()
    if row.deployment:
        return {slot_of(e) for e in Deployment.model_validate_json(row.deployment).instances if e.endpoint}
    if not row.network:
        return set()
    ends = Plan.model_validate_json(row.plan).endpoints
    return {(resource_name(row.name, end, row.committed_by or ""), pop) for end, pop in ends.items()}


def _network(row: Row[Any] | None) -> tuple[set[Slot], set[Slot]]:
    """The parts of its network that must be there, and those that may: some PoPs have nothing to do."""
    if row is None or not row.plan or not row.network:
        return set(), set()
    network = ServiceNetwork.model_validate_json(row.network)
    needed = {p for p, part in network.pops.items() if part.rules or part.routes or part.shares}
    plan = Plan.model_validate_json(row.plan)
    passed = {pop for route in plan.routes for pop in route.pops}
    allowed = {*network.pops, *plan.placements.values(), *plan.endpoints.values(), *passed}
    return {(network.name, pop) for pop in needed}, {(network.name, pop) for pop in allowed}


def _holds_otherwise(connection: Connection, service: str, claims: Claims) -> bool:
    rows = instance_reservations.c
    columns = (rows.resource_name, rows.pop, rows.vcpus, rows.memory_mib, rows.disk_gib)
    query = select(*columns).where(rows.service == service, ~rows.released)
    held = {(name, pop): Resources.of(v, m, d) for name, pop, v, m, d in connection.execute(query)}
    return held != {slot: claim.resources for slot, claim in claims.instances.items()}


def _links(connection: Connection, service: str) -> dict[LinkUse, float]:
    rows = link_reservations.c
    query = select(rows.graph_link, rows.physical_link, rows.bandwidth_mbps).where(rows.service == service)
    return {(link, physical): mbps for link, physical, mbps in connection.execute(query)}


def _same_links(held: Mapping[LinkUse, float], wanted: Mapping[LinkUse, float]) -> bool:
    return {*held} == {*wanted} and all(abs(held[use] - wanted[use]) <= _ROUNDING_MBPS for use in held)
