"""Lifecycle operations and the lease that lets one of them at a time change a service."""

from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from catalogue.commits import set_state
from catalogue.database import Database, now
from catalogue.fencing import lock_lease
from catalogue.names import unknown
from catalogue.tables import leases, operations, services
from domain.errors import BusyError, ExistsError, FencedError, InputError
from domain.names import OperationKind
from domain.phases import OperationState, ServiceState
from domain.records import Lease, OperationRecord

_OF_SERVICE = (services.c.tenant, services.c.state)


class Operations:
    """Who changes, and who changed, which service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self,
        operation_id: str,
        kind: str,
        service: str,
        tenant: str,
        workflow_id: str,
        run_id: str,
        descriptor: str | None = None,
        version: str | None = None,
    ) -> Lease:
        """Takes the lease, in one transaction with what the kind of operation does to the service.

        Instantiate creates it; Terminate ends it in any state; all others need it ACTIVE and leave it so.

        :raises BusyError: if another operation holds it
        :raises InputError: if it is another tenant's, or not in the state for this
        """
        operation = _kind(kind)
        with self._database.write() as connection:
            lease = lock_lease(connection, service)
            if again := _find(connection, operation_id):
                return _same_lease(again, service)
            known = connection.execute(select(*_OF_SERVICE).where(services.c.name == service)).one_or_none()
            if known is not None and operation is not OperationKind.INSTANTIATE:
                _refuse_stranger(service, known.tenant, tenant)
            if lease.holder is not None:
                raise _busy(service, _record(_require(connection, lease.holder)))
            if operation is OperationKind.INSTANTIATE:
                _create_service(connection, service, tenant, descriptor, version)
            elif known is None:
                raise unknown("service", service, connection.scalars(select(services.c.name)))
            elif operation is OperationKind.TERMINATE:
                set_state(connection, service, ServiceState.TERMINATING)
            else:
                _refuse_unready(service, known.state)
            names = {"operation_id": operation_id, "kind": kind, "service": service, "tenant": tenant}
            run = {"workflow_id": workflow_id, "run_id": run_id}
            return _take(connection, lease.fence + 1, {**names, **run})

    def holder(self, service: str) -> OperationRecord | None:
        """The operation that holds the service now."""
        joined = select(operations).join(leases, leases.c.holder == operations.c.operation_id)
        with self._database.read() as connection:
            row = connection.execute(joined.where(leases.c.service == service)).one_or_none()
        return _record(row) if row else None

    def under_way(self) -> dict[str, OperationRecord]:
        """Service -> the operation that holds it."""
        joined = select(operations).join(leases, leases.c.holder == operations.c.operation_id)
        with self._database.read() as connection:
            return {row.service: _record(row) for row in connection.execute(joined)}

    def take_over(self, service: str, from_operation_id: str) -> None:
        """Ends a dead operation's lease: it is ABANDONED, and whatever it still writes is refused."""
        with self._database.write() as connection:
            lease = lock_lease(connection, service)
            dead = _record(_require(connection, from_operation_id))
            if lease.holder not in (None, from_operation_id):
                raise _busy(service, _record(_require(connection, lease.holder)))
            if lease.holder == from_operation_id:
                _end(connection, from_operation_id, OperationState.ABANDONED, dead.failure)
                _release(connection, service, lease.fence + 1)

    def finish(
        self, operation_id: str, fence: int, state: OperationState, failure: str | None = None
    ) -> None:
        """Ends the operation and its lease; the same again changes nothing."""
        with self._database.write() as connection:
            service = _require(connection, operation_id).service
            lease = lock_lease(connection, service)
            if lease.holder == operation_id and lease.fence == fence:
                _end(connection, operation_id, state, failure)
                _release(connection, service, lease.fence)
                return
            ended = _record(_require(connection, operation_id))
            if (ended.fence, ended.state) != (fence, state):
                now_ = f"it is {ended.state} with fence {ended.fence}"
                raise FencedError(
                    f"operation {operation_id} (fence {fence}) cannot finish as {state}: {now_}"
                )

    def get(self, operation_id: str) -> OperationRecord:
        with self._database.read() as connection:
            return _record(_require(connection, operation_id))

    def list(self, service: str | None = None) -> tuple[OperationRecord, ...]:
        """All of them, or those of one service, the newest first."""
        query = select(operations).order_by(operations.c.started_at.desc(), operations.c.operation_id)
        if service is not None:
            query = query.where(operations.c.service == service)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(query)))


def _kind(kind: str) -> OperationKind:
    if kind not in set(OperationKind):
        raise InputError(f"no operation {kind!r} (there is {', '.join(OperationKind)})")
    return OperationKind(kind)


def _same_lease(row: Row[Any], service: str) -> Lease:
    if row.service != service:
        raise ExistsError(f"operation {row.operation_id} exists already, for service {row.service}")
    if row.state != OperationState.PROCESSING:
        raise FencedError(f"operation {row.operation_id} is over: {row.state}")
    return Lease(operation_id=row.operation_id, service=service, fence=row.fence)


def _busy(service: str, by: OperationRecord) -> BusyError:
    who = f"operation {by.operation_id} ({by.kind}, workflow {by.workflow_id}, run {by.run_id})"
    return BusyError(f"service {service} is held by {who} since {by.started_at:%Y-%m-%dT%H:%M:%SZ}")


def _create_service(
    connection: Connection, name: str, tenant: str, descriptor: str | None, version: str | None
) -> None:
    state = connection.scalar(select(services.c.state).where(services.c.name == name))
    if state is not None:
        raise ExistsError(f"service {name} exists already: it is {state}")
    made_of = {"descriptor": descriptor, "version": version}
    values = {"name": name, "tenant": tenant, "state": ServiceState.INSTANTIATING, "since": now(), **made_of}
    connection.execute(insert(services).values(values))


def _refuse_stranger(service: str, owner: str, tenant: str) -> None:
    if owner != tenant:
        raise InputError(f"service {service} belongs to tenant {owner}, not to {tenant}: nothing was changed")


def _refuse_unready(service: str, state: str) -> None:
    """Half a service is not a place to start from."""
    if state != ServiceState.ACTIVE:
        raise InputError(f"service {service} is {state}: finish that with Terminate first")


def _take(connection: Connection, fence: int, operation: dict[str, str]) -> Lease:
    state = {"state": OperationState.PROCESSING, "fence": fence, "started_at": now()}
    connection.execute(insert(operations).values(**operation, **state))
    mine = {"fence": fence, "holder": operation["operation_id"]}
    connection.execute(update(leases).where(leases.c.service == operation["service"]).values(mine))
    return Lease(operation_id=operation["operation_id"], service=operation["service"], fence=fence)


def _end(connection: Connection, operation_id: str, state: OperationState, failure: str | None) -> None:
    values = {"state": state, "failure": failure, "finished_at": now()}
    connection.execute(update(operations).where(operations.c.operation_id == operation_id).values(values))


def _release(connection: Connection, service: str, fence: int) -> None:
    free = {"fence": fence, "holder": None}
    connection.execute(update(leases).where(leases.c.service == service).values(free))


def _find(connection: Connection, operation_id: str) -> Row[Any] | None:
    return connection.execute(
        select(operations).where(operations.c.operation_id == operation_id)
    ).one_or_none()


def _require(connection: Connection, operation_id: str) -> Row[Any]:
    row = _find(connection, operation_id)
    if row is None:
        raise unknown("operation", operation_id, connection.scalars(select(operations.c.operation_id)))
    return row


def _record(row: Row[Any]) -> OperationRecord:
    return OperationRecord.model_validate(dict(row._mapping))
