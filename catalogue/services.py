"""Services: what runs, where, and in which state."""

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from catalogue.database import Database, now
from catalogue.fencing import require_lease
from catalogue.names import unknown
from catalogue.reservations import release_all
from catalogue.tables import ledger, service_instances, service_links, services
from domain.networking import MODELLED, ServiceNetwork
from domain.networking import Connection as ServiceConnection
from domain.phases import ServiceState
from domain.plans import Plan, ServiceGraph
from domain.records import InstanceRecord, LinkRecord, ServiceRecord


class Services:
    """The truth about services."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def commit(
        self,
        operation_id: str,
        fence: int,
        service: str,
        plan: Plan,
        graph: ServiceGraph,
        connection: ServiceConnection = MODELLED,
    ) -> None:
        """The service is ACTIVE, and this is how it runs. The same again changes nothing else."""
        made_of = {
            "plan": plan.model_dump_json(),
            "descriptor": graph.descriptor,
            "version": graph.version,
            "connection": connection.model_dump_json(),
        }
        with self._database.write() as database:
            require_lease(database, operation_id, fence, service)
            _set_state(database, service, ServiceState.ACTIVE)
            database.execute(update(services).where(services.c.name == service).values(made_of))
            _replace_instances(database, service, plan, graph)
            _replace_links(database, service, plan)

    def keep_network(self, operation_id: str, fence: int, service: str, network: ServiceNetwork) -> None:
        """The network that the service's switches are to be programmed with."""
        with self._database.write() as connection:
            require_lease(connection, operation_id, fence, service)
            kept = {"network": network.model_dump_json()}
            connection.execute(update(services).where(services.c.name == service).values(kept))

    def network(self, name: str) -> ServiceNetwork | None:
        """The network of a service; None where it has none."""
        with self._database.read() as connection:
            row = connection.execute(select(services).where(services.c.name == name)).one_or_none()
            if row is None:
                raise unknown("service", name, connection.scalars(select(services.c.name)))
            return ServiceNetwork.model_validate_json(row.network) if row.network else None

    def restore(self, operation_id: str, fence: int, service: str, state: ServiceState) -> None:
        """Puts a state back after an operation that was undone."""
        with self._database.write() as connection:
            require_lease(connection, operation_id, fence, service)
            _set_state(connection, service, state)

    def remove(self, operation_id: str, fence: int, service: str) -> None:
        """Removes the record and releases what was not yet; tolerates that it is not there."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            release_all(connection, service)
            connection.execute(delete(services).where(services.c.name == service))

    def get(self, name: str) -> ServiceRecord:
        with self._database.read() as connection:
            row = connection.execute(select(services).where(services.c.name == name)).one_or_none()
            if row is None:
                raise unknown("service", name, connection.scalars(select(services.c.name)))
            return _record(connection, row)

    def list(self, tenant: str | None = None) -> tuple[ServiceRecord, ...]:
        """All of them, or one tenant's, by name."""
        query = select(services).order_by(services.c.name)
        if tenant is not None:
            query = query.where(services.c.tenant == tenant)
        with self._database.read() as connection:
            return tuple(_record(connection, row) for row in connection.execute(query).all())


def _set_state(connection: Connection, service: str, state: ServiceState) -> None:
    """Keeps `since` where the state does not change."""
    known = connection.scalar(select(services.c.state).where(services.c.name == service))
    if known is None:
        raise unknown("service", service, connection.scalars(select(services.c.name)))
    if known != state:
        values = {"state": state, "since": now()}
        connection.execute(update(services).where(services.c.name == service).values(values))


def _replace_instances(connection: Connection, service: str, plan: Plan, graph: ServiceGraph) -> None:
    connection.execute(delete(service_instances).where(service_instances.c.service == service))
    known = _resources(connection, service)
    for position, instance in enumerate(graph.instances):
        pop = plan.placements[instance.name]
        address, external_id = known.get((instance.name, pop), (None, None))
        record = InstanceRecord(
            name=instance.name,
            component=instance.component,
            kind=instance.kind,
            pop=pop,
            resources=instance.resources,
            address=address,
            external_id=external_id,
        )
        row = {"service": service, "name": instance.name, "position": position, "pop": pop}
        connection.execute(insert(service_instances).values(**row, document=record.model_dump_json()))


def _resources(connection: Connection, service: str) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(instance, PoP) -> (address, external id), of the first resource that has an address."""
    query = select(ledger).where(ledger.c.service == service, ledger.c.address.is_not(None))
    rows = connection.execute(query.order_by(ledger.c.resource_name.desc()))
    return {(row.instance, row.pop): (row.address, row.external_id) for row in rows}


def _replace_links(connection: Connection, service: str, plan: Plan) -> None:
    connection.execute(delete(service_links).where(service_links.c.service == service))
    for position, route in enumerate(plan.routes):
        record = LinkRecord(
            name=route.link,
            virtual_link=route.virtual_link,
            pops=route.pops,
            physical_links=route.physical_links,
            bandwidth_mbps=route.bandwidth_mbps,
            latency_ms=route.latency_ms,
        )
        row = {"service": service, "name": route.link, "position": position}
        connection.execute(insert(service_links).values(**row, document=record.model_dump_json()))


def _record(connection: Connection, row: Row[Any]) -> ServiceRecord:
    instances, links = service_instances.c, service_links.c
    of_instances = (
        select(instances.document).where(instances.service == row.name).order_by(instances.position)
    )
    of_links = select(links.document).where(links.service == row.name).order_by(links.position)
    return ServiceRecord(
        name=row.name,
        state=row.state,
        descriptor=row.descriptor,
        version=row.version,
        tenant=row.tenant,
        since=row.since,
        plan=Plan.model_validate_json(row.plan) if row.plan else None,
        connection=ServiceConnection.model_validate_json(row.connection) if row.connection else None,
        instances=tuple(map(InstanceRecord.model_validate_json, connection.scalars(of_instances))),
        links=tuple(map(LinkRecord.model_validate_json, connection.scalars(of_links))),
    )
