"""All that is there of a service: what the catalogue holds, table by table, and what the VIMs run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, DateTime, RowMapping, Table, or_, select

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.world import World
from adaptors.vim.registry import open_vim
from catalogue.database import Database
from catalogue.store import Catalogue
from catalogue.tables import metadata, operations, plans
from domain.instances import PopAccess

_SUFFIX = 8
"""So many characters of the id of an operation or plan are in the names of what it builds."""


@dataclass(frozen=True)
class Facts:
    """What is there, and what the names of the service's own making stand for."""

    sections: dict[str, list[Any]]
    names: dict[str, str]


def facts_of(home: Path, catalogue: Catalogue, service: str) -> Facts:
    """Read everything of a service, past all activities, and past faults of modelled VIMs."""
    database = Database(f"sqlite:///{home / 'catalogue.db'}")
    try:
        with database.read() as connection:
            ids = _ids(connection, service)
            sections = {
                f"catalogue {table.name}": _rows(connection, table, service, ids) for table in _tables()
            }
    finally:
        database.close()
    sections["world"] = list(_world(home, catalogue, service))
    return Facts({name: rows for name, rows in sections.items() if rows}, _names(service, ids))


def _tables() -> Iterator[Table]:
    """Every table that has rows of services, whatever it is called."""
    for table in metadata.sorted_tables:
        if _owner(table) is not None:
            yield table


def _owner(table: Table) -> Column[Any] | None:
    columns = table.c
    if table.name == "services":
        return columns["name"]
    return next((columns[name] for name in ("service", "plan_id") if name in columns), None)


def _rows(connection: Connection, table: Table, service: str, ids: Mapping[str, str]) -> list[Any]:
    owner = _owner(table)
    assert owner is not None
    found = connection.execute(select(table).where(or_(owner == service, owner.in_(list(ids)))))
    return [_plain(table, row) for row in found.mappings()]


def _plain(table: Table, row: RowMapping) -> dict[str, Any]:
    """A row without its times; that one is set is told."""
    return {column.name: _unfolded(row[column.name], isinstance(column.type, DateTime)) for column in table.c}


def _unfolded(value: Any, is_time: bool) -> Any:
    if is_time or hasattr(value, "tzinfo"):
        return value is not None
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _counted(json.loads(value))
    return value


def _counted(document: Any) -> Any:
    """A compiled network in numbers: its rules name hashes, and whether they are right is probed."""
    if not isinstance(document, dict) or not {"pops", "segments"} <= document.keys():
        return document
    pops = document["pops"]
    return {
        "name": document.get("name"),
        "segments": len(document["segments"]),
        "pops": {
            name: {key: len(part[key]) for key in ("rules", "routes", "shares")}
            for name, part in pops.items()
        },
    }


def _ids(connection: Connection, service: str) -> dict[str, str]:
    """The ids of the service's operations and plans, by their order."""
    found: dict[str, str] = {}
    for what, table, key, moment in (
        ("operation", operations, operations.c.operation_id, operations.c.started_at),
        ("plan", plans, plans.c.plan_id, plans.c.created_at),
    ):
        rows = connection.scalars(select(key).where(table.c.service == service).order_by(moment))
        found |= {each: f"<{what} {number}>" for number, each in enumerate(rows, start=1)}
    return found


def _names(service: str, ids: Mapping[str, str]) -> dict[str, str]:
    suffixes: dict[str, str] = {}
    for each, meaning in ids.items():
        suffixes.setdefault(each[-_SUFFIX:], f"<of {meaning[1:-1]}>")
    return {**suffixes, **ids, service: "<service>"}


def _world(home: Path, catalogue: Catalogue, service: str) -> Iterator[Any]:
    for name, pop in catalogue.infrastructure.get().pops.items():
        if pop.vim.kind == "modelled":
            yield from _modelled(home, name, service)
            continue
        access = PopAccess(
            name=name, capacity=pop.capacity, settings=pop.vim.settings, credential=pop.vim.credential
        )
        for instance in open_vim(pop.vim.kind, access, home).list({"service": service}):
            ports = [(port.connection_point, port.address) for port in instance.ports]
            told = instance.model_dump(mode="json", exclude={"external_id", "ports"})
            yield {"pop": name, **told, "ports": ports}


def _modelled(home: Path, pop: str, service: str) -> Iterator[Any]:
    with World(home).reading() as connection:
        for row in instances.of_pop(connection, pop):
            if row.tags["service"] == service:
                spec = json.loads(row.spec)
                yield {
                    "pop": pop,
                    "status": str(row.status()),
                    "address": row.address,
                    "demanded": spec.pop("addresses", {}),
                    "spec": spec,
                    "tags": row.tags,
                }
