"""Whether what a service has just been given is really there, and the words for when it is not."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from catalogue.claims import Claims
from catalogue.tables import instance_reservations, link_reservations, links, pops
from catalogue.usage import NOTHING, used_by_others, used_in_pops, used_on_links
from domain.infrastructure import Resources

_ROUNDING_MBPS = 1e-6


@dataclass(frozen=True)
class Holding:
    """What one service holds now, by PoP and by physical link."""

    pops: Mapping[str, Resources]
    links: Mapping[str, float]


def holding_of(connection: Connection, service: str) -> Holding:
    """Sums of the service's own reservations."""
    of_service = instance_reservations.c.service == service
    on_links = link_reservations.c.service == service
    return Holding(used_in_pops(connection, of_service), used_on_links(connection, on_links))


def vanished(connection: Connection, claims: Claims) -> list[str]:
    """PoPs and links of the claims that are not there any more."""
    in_pops = {pop for _, pop in claims.instances}
    on_links = {physical for _, physical in claims.links}
    missing = [f"PoP {name}" for name in sorted(in_pops - _known(connection, pops, in_pops))]
    missing += [f"link {name}" for name in sorted(on_links - _known(connection, links, on_links))]
    return [f"{each} is not part of the infrastructure any more" for each in missing]


def _known(connection: Connection, table: Table, names: set[str]) -> set[str]:
    return set(connection.scalars(select(table.c.name).where(table.c.name.in_(names))))


def shortages(connection: Connection, service: str, before: Holding) -> list[str]:
    """Where the service holds more than before and not all of it is there; empty if it is."""
    after = holding_of(connection, service)
    return [*_in_pops(connection, before.pops, after.pops), *_on_links(connection, before.links, after.links)]


def _in_pops(
    connection: Connection, before: Mapping[str, Resources], after: Mapping[str, Resources]
) -> list[str]:
    table = pops.c
    query = select(table.name, table.vcpus, table.memory_mib, table.disk_gib).where(table.name.in_(after))
    offers = {name: Resources.of(v, m, d) for name, v, m, d in connection.execute(query)}
    others = used_by_others(connection, table.name.in_(after))
    ours = used_in_pops(connection, instance_reservations.c.pop.in_(after))
    used = {name: ours[name] + others[name] for name in offers}
    found = []
    for pop, held in sorted(after.items()):
        if lacking := _lacking(before.get(pop, NOTHING), held, used[pop], offers[pop]):
            found.append(f"PoP {pop}: {lacking}")
    return found


def _lacking(before: Resources, after: Resources, used: Resources, offer: Resources) -> str:
    kinds = (
        ("vcpus", after.vcpus - before.vcpus, used.vcpus, offer.vcpus),
        ("MiB memory", after.memory - before.memory, used.memory, offer.memory),
        ("GiB disk", after.disk - before.disk, used.disk, offer.disk),
    )
    return "; ".join(
        f"{more} {unit} wanted, {whole - (taken - more)} free of {whole}"
        for unit, more, taken, whole in kinds
        if more > 0 and taken > whole
    )


def _on_links(connection: Connection, before: Mapping[str, float], after: Mapping[str, float]) -> list[str]:
    query = select(links.c.name, links.c.bandwidth_mbps).where(links.c.name.in_(after))
    offers = {name: float(mbps) for name, mbps in connection.execute(query)}
    used = used_on_links(connection, link_reservations.c.physical_link.in_(after))
    found = []
    for link, held in sorted(after.items()):
        more, whole = held - before.get(link, 0.0), offers[link]
        if more > _ROUNDING_MBPS and used[link] > whole + _ROUNDING_MBPS:
            free = whole - (used[link] - more)
            found.append(f"link {link}: {more:g} Mbit/s wanted, {free:g} free of {whole:g}")
    return found
