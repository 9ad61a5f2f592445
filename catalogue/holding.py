"""The rows of a service's reservations, made to be what it claims."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select

from catalogue.capacity import holding_of
from catalogue.claims import Claim, Claims, Slot, less
from catalogue.committed import committed_claims
from catalogue.tables import instance_reservations, ledger, link_reservations
from catalogue.usage import NOTHING
from domain.infrastructure import Resources


def hold(connection: Connection, operation_id: str, service: str, claims: Claims) -> None:
    """The service holds its claims, and what else of its own is in the ledger: released, until it is gone.

    The transaction must hold the capacity lock.
    """
    released = still_there(connection, service, claims)
    rows, of_links = instance_reservations, link_reservations
    connection.execute(delete(rows).where(rows.c.service == service))
    connection.execute(delete(of_links).where(of_links.c.service == service))
    mine = {"service": service, "operation_id": operation_id}
    wanted = [{**mine, **_row(slot, claim), "released": False} for slot, claim in claims.instances.items()]
    kept = [{**mine, **_row(slot, claim), "released": True} for slot, claim in released.items()]
    if wanted or kept:
        connection.execute(insert(rows), wanted + kept)
    uses = [
        {**mine, "graph_link": link, "physical_link": physical, "bandwidth_mbps": mbps}
        for (link, physical), mbps in claims.links.items()
    ]
    if uses:
        connection.execute(insert(of_links), uses)


def still_there(connection: Connection, service: str, claims: Claims) -> dict[Slot, Claim]:
    """What is reserved and not claimed, but in the ledger: in its full size, even where that was cut down."""
    rows = instance_reservations
    present = connection.execute(select(rows).where(rows.c.service == service)).all()
    idle = {(row.resource_name, row.pop): row for row in present}
    idle = {slot: row for slot, row in idle.items() if slot not in claims.instances}
    if not idle:
        return {}
    slots = select(ledger.c.resource_name, ledger.c.pop).where(ledger.c.service == service)
    in_ledger = {(name, pop) for name, pop in connection.execute(slots)}
    full = committed_claims(connection, service).instances
    return {
        slot: full.get(slot) or Claim(row.instance, Resources.of(row.vcpus, row.memory_mib, row.disk_gib))
        for slot, row in idle.items()
        if slot in in_ledger
    }


def with_settled(
    connection: Connection, service: str, in_pops: Mapping[str, Resources], on_links: Mapping[str, float]
) -> tuple[dict[str, Resources], dict[str, float]]:
    """Sums of all reservations, the service's own as they would be if it settled to what is committed."""
    now = holding_of(connection, service)
    claims = committed_claims(connection, service)
    instances = {**claims.instances, **still_there(connection, service, claims)}
    pops, links = dict(in_pops), dict(on_links)
    for pop, held in now.pops.items():
        pops[pop] = less(pops[pop], held)
    for (_, pop), claim in instances.items():
        pops[pop] = pops.get(pop, NOTHING) + claim.resources
    for link, mbps in now.links.items():
        links[link] = max(links[link] - mbps, 0.0)
    for (_, link), mbps in claims.links.items():
        links[link] = links.get(link, 0.0) + mbps
    return pops, links


def drop_released(connection: Connection, service: str) -> None:
    """Drops the service's released reservations that no resource in the ledger occupies."""
    rows = instance_reservations
    same = (ledger.c.service == rows.c.service) & (ledger.c.resource_name == rows.c.resource_name)
    occupied = exists().where(same & (ledger.c.pop == rows.c.pop))
    connection.execute(delete(rows).where(rows.c.service == service, rows.c.released, ~occupied))


def _row(slot: Slot, claim: Claim) -> dict[str, Any]:
    return {
        "resource_name": slot[0],
        "pop": slot[1],
        "instance": claim.instance,
        "vcpus": claim.resources.vcpus,
        "memory_mib": claim.resources.memory,
        "disk_gib": claim.resources.disk,
    }
