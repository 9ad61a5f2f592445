"""The ledger of external resources: written before the call that makes one, kept until it is gone."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from catalogue.database import Database, now
from catalogue.fencing import require_lease
from catalogue.holding import drop_released
from catalogue.names import unknown
from catalogue.tables import ledger
from domain.errors import ExistsError
from domain.phases import ResourceKind, ResourceState
from domain.records import ResourceRecord


class Ledger:
    """Every external resource that exists or may. What was seen outside is recorded without a lease."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def intend(
        self,
        operation_id: str,
        fence: int,
        service: str,
        component: str,
        instance: str,
        pop: str,
        vim_kind: str,
        resource_name: str,
        tags: Mapping[str, str],
        kind: ResourceKind = ResourceKind.INSTANCE,
    ) -> ResourceRecord:
        """Before the call. A row that is there already is kept, and a leftover is wanted again."""
        owner = {
            "service": service,
            "component": component,
            "instance": instance,
            "operation_id": operation_id,
        }
        what = {
            "resource_name": resource_name,
            "pop": pop,
            "vim_kind": vim_kind,
            "kind": kind,
            "tags": json.dumps(dict(tags)),
        }
        with self._database.write() as connection:
            require_lease(connection, operation_id, fence, service)
            row = _find(connection, resource_name, pop)
            if row is None:
                state = {"state": ResourceState.INTENDED, "since": now()}
                connection.execute(insert(ledger).values(**what, **owner, **state))
            else:
                _adopt(connection, row, owner)
            return _record(_require(connection, resource_name, pop))

    def created(
        self,
        resource_name: str,
        pop: str,
        external_id: str | None,
        address: str | None,
        addresses: Mapping[str, str] = MappingProxyType({}),
    ) -> ResourceRecord:
        """After the call. A leftover stays one: it now has the id by which to delete it."""
        seen: dict[str, Any] = {"external_id": external_id, "address": address}
        seen |= {"addresses": json.dumps(dict(addresses))}
        with self._database.write() as connection:
            row = _require(connection, resource_name, pop)
            if row.state == ResourceState.INTENDED:
                seen |= {"state": ResourceState.CREATED, "since": now()}
            return _change(connection, resource_name, pop, seen)

    def gone(self, resource_name: str, pop: str) -> None:
        """The resource does not exist; its capacity is free too if the service has released it."""
        with self._database.write_capacity() as connection:
            row = _find(connection, resource_name, pop)
            if row is not None:
                connection.execute(delete(ledger).where(_is(resource_name, pop)))
                drop_released(connection, row.service)

    def leave(self, resource_name: str, pop: str, reason: str) -> ResourceRecord:
        """It could not be deleted; the sweep will go on trying."""
        left = {"state": ResourceState.LEFTOVER, "reason": reason, "since": now()}
        with self._database.write() as connection:
            _require(connection, resource_name, pop)
            return _change(connection, resource_name, pop, left)

    def of_service(self, service: str) -> tuple[ResourceRecord, ...]:
        return self._where(ledger.c.service == service)

    def leftovers(self) -> tuple[ResourceRecord, ...]:
        return self._where(ledger.c.state == ResourceState.LEFTOVER)

    def all(self) -> tuple[ResourceRecord, ...]:
        return self._where()

    def _where(self, *conditions: ColumnElement[bool]) -> tuple[ResourceRecord, ...]:
        query = select(ledger).where(*conditions)
        query = query.order_by(ledger.c.service, ledger.c.resource_name, ledger.c.pop)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(query)))


def _is(resource_name: str, pop: str) -> ColumnElement[bool]:
    return (ledger.c.resource_name == resource_name) & (ledger.c.pop == pop)


def _find(connection: Connection, resource_name: str, pop: str) -> Row[Any] | None:
    query = select(ledger).where(_is(resource_name, pop)).with_for_update()
    return connection.execute(query).one_or_none()


def _require(connection: Connection, resource_name: str, pop: str) -> Row[Any]:
    row = _find(connection, resource_name, pop)
    if row is None:
        here = connection.scalars(select(ledger.c.resource_name).where(ledger.c.pop == pop))
        raise unknown(f"resource in the ledger of PoP {pop} named", resource_name, here)
    return row


def _adopt(connection: Connection, row: Row[Any], owner: dict[str, str]) -> None:
    if row.service != owner["service"]:
        taken = f"resource {row.resource_name} in PoP {row.pop}"
        raise ExistsError(f"{taken} belongs to service {row.service}, not to {owner['service']}")
    values: dict[str, Any] = dict(owner)
    if row.state == ResourceState.LEFTOVER:
        values |= {"state": ResourceState.INTENDED, "reason": None, "since": now()}
    connection.execute(update(ledger).where(_is(row.resource_name, row.pop)).values(values))


def _change(connection: Connection, resource_name: str, pop: str, values: dict[str, Any]) -> ResourceRecord:
    connection.execute(update(ledger).where(_is(resource_name, pop)).values(values))
    return _record(_require(connection, resource_name, pop))


def _record(row: Row[Any]) -> ResourceRecord:
    parsed = {"tags": json.loads(row.tags), "addresses": json.loads(row.addresses)}
    return ResourceRecord.model_validate({**row._mapping, **parsed})
