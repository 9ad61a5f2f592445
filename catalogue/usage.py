"""What is reserved, summed by PoP and by physical link."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from catalogue.tables import instance_reservations, link_reservations
from domain.infrastructure import Resources

NOTHING = Resources.of(0, 0, 0)


def used_in_pops(connection: Connection, *conditions: ColumnElement[bool]) -> dict[str, Resources]:
    """Reserved resources; PoPs without any are left out."""
    table = instance_reservations.c
    sums = (func.sum(table.vcpus), func.sum(table.memory_mib), func.sum(table.disk_gib))
    query: Select[Any] = select(table.pop, *sums).where(*conditions).group_by(table.pop)
    return {pop: Resources.of(int(v), int(m), int(d)) for pop, v, m, d in connection.execute(query)}


def used_on_links(connection: Connection, *conditions: ColumnElement[bool]) -> dict[str, float]:
    """Reserved Mbit/s; links without any are left out."""
    table = link_reservations.c
    query: Select[Any] = select(table.physical_link, func.sum(table.bandwidth_mbps))
    query = query.where(*conditions).group_by(table.physical_link)
    return {link: float(mbps) for link, mbps in connection.execute(query)}
