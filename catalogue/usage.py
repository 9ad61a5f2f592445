"""What is reserved, summed by PoP and by physical link."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, func, select

from catalogue.tables import instance_reservations, link_reservations
from domain.infrastructure import Resources

NOTHING = Resources.of(0, 0, 0)


def used_in_pops(connection: Connection, names: Collection[str] | None = None) -> dict[str, Resources]:
    """Reserved resources; PoPs without any are left out."""
    table = instance_reservations.c
    sums = (func.sum(table.vcpus), func.sum(table.memory_mib), func.sum(table.disk_gib))
    query: Select[Any] = select(table.pop, *sums).group_by(table.pop)
    if names is not None:
        query = query.where(table.pop.in_(names))
    return {pop: Resources.of(int(v), int(m), int(d)) for pop, v, m, d in connection.execute(query)}


def used_on_links(connection: Connection, names: Collection[str] | None = None) -> dict[str, float]:
    """Reserved Mbit/s; links without any are left out."""
    table = link_reservations.c
    query: Select[Any] = select(table.physical_link, func.sum(table.bandwidth_mbps))
    query = query.group_by(table.physical_link)
    if names is not None:
        query = query.where(table.physical_link.in_(names))
    return {link: float(mbps) for link, mbps in connection.execute(query)}
