"""Services: what runs, where, and in which state."""

import json
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from catalogue.alarms import clear_all
from catalogue.claims import claims_of
from catalogue.commits import is_committed_by, set_state, write_deployment, write_plan
from catalogue.committed import committed_claims, is_unsettled
from catalogue.database import Database, now
from catalogue.fencing import require_lease
from catalogue.holding import hold
from catalogue.names import unknown
from catalogue.old_services import old_deployment
from catalogue.reservations import release_all
from catalogue.tables import service_instances, service_links, services
from domain.deployments import Adjustment, Deployment
from domain.names import resource_name
from domain.networking import MODELLED, ServiceNetwork
from domain.networking import Connection as ServiceConnection
from domain.phases import ServiceState
from domain.plans import Plan, ServiceGraph
from domain.records import InstanceRecord, LinkRecord, ServiceRecord
from domain.steering import ServiceView

_OF_RECORD = tuple(column for column in services.c if column.name not in ("network", "deployment"))
"""What a record shows: the rest is large."""


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
        """The service is ACTIVE, and this is how it runs: for an Instantiate that names all its instances.

        The same again changes nothing else.
        """
        slots = {
            name: (resource_name(service, name, operation_id), pop) for name, pop in plan.placements.items()
        }
        with self._database.write() as database:
            require_lease(database, operation_id, fence, service)
            whole = {"deployment": None, "adjustments": None}
            write_plan(database, operation_id, service, graph, plan, connection, slots, whole)

    def commit_deployment(
        self,
        operation_id: str,
        fence: int,
        deployment: Deployment,
        network: ServiceNetwork | None,
        connection: ServiceConnection = MODELLED,
    ) -> None:
        """The service is ACTIVE, this is how it runs, and it holds just that. Again: changes nothing."""
        service = deployment.service
        with self._database.write_capacity() as database:
            require_lease(database, operation_id, fence, service)
            if not is_committed_by(database, operation_id, service):
                hold(database, operation_id, service, claims_of(deployment))
                write_deployment(database, operation_id, deployment, network, connection)

    def restore_committed(self, operation_id: str, fence: int, service: str) -> None:
        """After an undo: it is ACTIVE as committed, and holds just that; or gone where nothing was."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            this = services.c.name == service
            if connection.scalar(select(services.c.plan).where(this)) is None:
                _remove(connection, operation_id, service)
                return
            hold(connection, operation_id, service, committed_claims(connection, service))
            set_state(connection, service, ServiceState.ACTIVE)
            connection.execute(update(services).where(this).values(changed_by=None))

    def deployment(self, name: str) -> Deployment | None:
        """How the service runs; None where nothing is committed."""
        with self._database.read() as connection:
            return _deployment(connection, _find(connection, name))

    def view(self, name: str) -> ServiceView:
        """What is committed of a service, and its revision: 0 where nothing is."""
        with self._database.read() as connection:
            row = _find(connection, name)
            return ServiceView(
                deployment=_deployment(connection, row), revision=row.revision if row is not None else 0
            )

    def unsettled(self, service: str) -> bool:
        """Whether an operation has left it between two deployments. Leftovers do not count."""
        with self._database.read() as connection:
            return is_unsettled(connection, service)

    def keep_network(self, operation_id: str, fence: int, service: str, network: ServiceNetwork) -> None:
        """The network that the service's switches are to be programmed with."""
        with self._database.write() as connection:
            require_lease(connection, operation_id, fence, service)
            kept = {"network": network.model_dump_json()}
            connection.execute(update(services).where(services.c.name == service).values(kept))

    def network(self, name: str) -> ServiceNetwork | None:
        """The network of a service; None where it has none."""
        with self._database.read() as connection:
            row = _require(connection, name)
            return ServiceNetwork.model_validate_json(row.network) if row.network else None

    def restore(self, operation_id: str, fence: int, service: str, state: ServiceState) -> None:
        """Puts a state back after an operation that was undone."""
        with self._database.write() as connection:
            require_lease(connection, operation_id, fence, service)
            set_state(connection, service, state)

    def remove(self, operation_id: str, fence: int, service: str) -> None:
        """Removes the record and releases what was not yet; tolerates that it is not there."""
        with self._database.write_capacity() as connection:
            require_lease(connection, operation_id, fence, service)
            _remove(connection, operation_id, service)

    def get(self, name: str) -> ServiceRecord:
        """A service's record."""
        with self._database.read() as connection:
            return _record(connection, _require(connection, name))

    def find(self, name: str) -> ServiceRecord | None:
        """As `get`; None where there is none."""
        with self._database.read() as connection:
            row = _find(connection, name)
            return _record(connection, row) if row is not None else None

    def list(self, tenant: str | None = None) -> tuple[ServiceRecord, ...]:
        """All of them, or one tenant's, by name."""
        query = select(*_OF_RECORD).order_by(services.c.name)
        if tenant is not None:
            query = query.where(services.c.tenant == tenant)
        with self._database.read() as connection:
            return tuple(_record(connection, row) for row in connection.execute(query).all())


def _find(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(services).where(services.c.name == name)).one_or_none()


def _require(connection: Connection, name: str) -> Row[Any]:
    row = _find(connection, name)
    if row is None:
        raise unknown("service", name, connection.scalars(select(services.c.name)))
    return row


def _deployment(connection: Connection, row: Row[Any] | None) -> Deployment | None:
    if row is None or not row.plan:
        return None
    if row.deployment:
        return Deployment.model_validate_json(row.deployment)
    return old_deployment(connection, row)


def _remove(connection: Connection, operation_id: str, service: str) -> None:
    release_all(connection, operation_id, service)
    clear_all(connection, service, now())
    connection.execute(delete(services).where(services.c.name == service))


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
        revision=row.revision,
        adjustments={
            component: Adjustment.model_validate(each)
            for component, each in json.loads(row.adjustments or "{}").items()
        },
    )
