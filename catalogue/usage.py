"""What is reserved, summed by PoP and by physical link."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from catalogue.tables import instance_reservations, link_reservations, pops
from domain.infrastructure import Resources

NOTHING = Resources.of(0, 0, 0)


def used_in_pops(connection: Connection, *conditions: ColumnElement[bool]) -> dict[str, Resources]:
    """Reserved resources; PoPs without any are left out."""
    table = instance_reservations.c
    sums = (func.sum(table.vcpus), func.sum(table.memory_mib), func.sum(table.disk_gib))
    query: Select[Any] = select(table.pop, *sums).where(*conditions).group_by(table.pop)
    return {pop: Resources.of(int(v), int(m), int(d)) for pop, v, m, d in connection.execute(query)}


def used_by_others(connection: Connection, *conditions: ColumnElement[bool]) -> dict[str, Resources]:
    """What the VIMs say that nobody of ours uses, or that they lack of what was declared; for every PoP."""
    table = pops.c
    query = select(table.name, table.foreign_vcpus, table.foreign_memory_mib, table.foreign_disk_gib)
    return {name: Resources.of(v, m, d) for name, v, m, d in connection.execute(query.where(*conditions))}


def used_on_links(connection: Connection, *conditions: ColumnElement[bool]) -> dict[str, float]:
    """Reserved Mbit/s; links without any are left out."""
    table = link_reservations.c
    query: Select[Any] = select(table.physical_link, func.sum(table.bandwidth_mbps))
    query = query.where(*conditions).group_by(table.physical_link)
    return {link: float(mbps) for link, mbps in connection.execute(query)}
