"""Capacity taken for services: checked and taken in one transaction, one at a time."""

from sqlalchemy import Connection, delete, exists, insert, or_, tuple_, update

from catalogue.capacity import shortages, wanted_on_links
from catalogue.database import Database
from catalogue.fencing import require_lease
from catalogue.tables import instance_reservations, ledger, link_reservations
from domain.errors import ReservationConflictError
from domain.plans import Plan, ServiceGraph


class Reservations:
    """What each service holds of PoPs and physical links."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(self, operation_id: str, fence: int, service: str, graph: ServiceGraph, plan: Plan) -> None:
        """Takes all that the plan wants, or nothing. Again for the same operation, it replaces the former."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            _drop_replaced(connection, operation_id, service, plan)
            if lacking := shortages(connection, graph, plan):
                where = "; ".join(lacking)
                raise ReservationConflictError(f"service {service}: the plan does not fit any more: {where}")
            _take_instances(connection, operation_id, service, graph, plan)
            _take_links(connection, operation_id, service, plan)

    def release(self, operation_id: str, fence: int, service: str) -> None:
        """Gives back all but what resources in the ledger still occupy; that follows when they are gone."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            release_all(connection, service)


def release_all(connection: Connection, service: str) -> None:
    """`release` inside a transaction that holds the capacity lock."""
    rows = instance_reservations
    connection.execute(delete(link_reservations).where(link_reservations.c.service == service))
    connection.execute(update(rows).where(rows.c.service == service).values(released=True))
    drop_released(connection, service)


def drop_released(connection: Connection, service: str) -> None:
    """Drops the service's released reservations that no resource in the ledger occupies."""
    rows = instance_reservations
    same = (ledger.c.service == rows.c.service) & (ledger.c.instance == rows.c.instance)
    occupied = exists().where(same & (ledger.c.pop == rows.c.pop))
    connection.execute(delete(rows).where(rows.c.service == service, rows.c.released, ~occupied))


def _drop_replaced(connection: Connection, operation_id: str, service: str, plan: Plan) -> None:
    """The operation's own former rows, and leftovers that the plan's instances will adopt in place."""
    rows, of_links = instance_reservations, link_reservations
    adopted = tuple_(rows.c.instance, rows.c.pop).in_(list(plan.placements.items()))
    mine = or_(rows.c.operation_id == operation_id, adopted)
    connection.execute(delete(rows).where(rows.c.service == service, mine))
    connection.execute(delete(of_links).where(of_links.c.service == service))


def _take_instances(
    connection: Connection, operation_id: str, service: str, graph: ServiceGraph, plan: Plan
) -> None:
    rows = [
        {
            "service": service,
            "instance": instance.name,
            "pop": plan.placements[instance.name],
            "operation_id": operation_id,
            "vcpus": instance.resources.vcpus,
            "memory_mib": instance.resources.memory,
            "disk_gib": instance.resources.disk,
            "released": False,
        }
        for instance in graph.instances
    ]
    if rows:
        connection.execute(insert(instance_reservations), rows)


def _take_links(connection: Connection, operation_id: str, service: str, plan: Plan) -> None:
    mine = {"service": service, "operation_id": operation_id}
    rows = [
        {**mine, "graph_link": link, "physical_link": physical, "bandwidth_mbps": mbps}
        for (link, physical), mbps in wanted_on_links(plan).items()
    ]
    if rows:
        connection.execute(insert(link_reservations), rows)
