"""The current infrastructure, and its replacement by a new one."""

from collections.abc import Mapping

from pydantic import TypeAdapter
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from catalogue.changes import EMPTY, changes_between
from catalogue.database import Database
from catalogue.holding import with_settled
from catalogue.in_use import complaints
from catalogue.tables import links, pops, settings
from catalogue.usage import NOTHING, used_by_others, used_in_pops, used_on_links
from domain.errors import InputError, InUseError, UnknownError
from domain.infrastructure import Infrastructure, PhysicalLink, Pop, Price, Resources, dangling_link_ends
from domain.models import Name
from domain.objectives import Objective
from domain.records import Change, Usage

_CURRENCY, _OBJECTIVE, _LICENCES = "currency", "objective", "licences"
_Objectives: TypeAdapter[Objective] = TypeAdapter(Objective)
_Licences: TypeAdapter[dict[str, float]] = TypeAdapter(dict[Name, Price])


class InfrastructureStore:
    """PoPs and links with their capacities; what is reserved on them is summed from the reservations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> Infrastructure:
        with self._database.read() as connection:
            current = _load(connection)
        if current is None:
            raise UnknownError("no infrastructure yet: apply an infrastructure file first")
        return current

    def changes(self, new: Infrastructure) -> list[Change]:
        """What `apply` would change."""
        with self._database.read() as connection:
            return changes_between(_load(connection) or EMPTY, new)

    def apply(self, new: Infrastructure) -> list[Change]:
        """Makes it the current one and tells what changed; refuses to take away what is in use."""
        _refuse_dangling(new)
        with self._database.write_capacity() as connection:
            old = _load(connection) or EMPTY
            if taken := complaints(connection, old, new):
                raise InUseError(
                    "the infrastructure is in use; nothing was changed:\n  " + "\n  ".join(taken)
                )
            _store(connection, new)
        return changes_between(old, new)

    def note_others(self, others: Mapping[str, Resources]) -> None:
        """Keep what others use of PoPs, by what their VIMs say: nobody reserves that."""
        with self._database.write_capacity() as connection:
            for name, use in others.items():
                connection.execute(update(pops).where(pops.c.name == name).values(**_unnamed(use)))

    def others(self) -> dict[str, Resources]:
        """What others use of each PoP, as it was last read."""
        with self._database.read() as connection:
            return used_by_others(connection)

    def usage(self, settled: str | None = None) -> Usage:
        """What is reserved, and what others use. Of a service named here, as if it were back at its
        committed deployment.

        So an operation that has reserved its way, and died before it could say so, plans again as at first.
        """
        with self._database.read() as connection:
            in_pops, on_links = used_in_pops(connection), used_on_links(connection)
            if settled is not None:
                in_pops, on_links = with_settled(connection, settled, in_pops, on_links)
            others = used_by_others(connection)
            return Usage(
                pops={name: in_pops.get(name, NOTHING) + use for name, use in others.items()},
                links={name: on_links.get(name, 0.0) for name in connection.scalars(select(links.c.name))},
            )


def _unnamed(use: Resources) -> dict[str, int]:
    numbers = {"foreign_vcpus": use.vcpus, "foreign_memory_mib": use.memory, "foreign_disk_gib": use.disk}
    return {name: max(0, number) for name, number in numbers.items()}


def _refuse_dangling(new: Infrastructure) -> None:
    if dangling := dangling_link_ends(new):
        raise InputError("; ".join(f"{'.'.join(map(str, path))}: {what}" for path, what in dangling))


def _load(connection: Connection) -> Infrastructure | None:
    kept = {row.name: row.value for row in connection.execute(select(settings))}
    if _CURRENCY not in kept:
        return None
    return Infrastructure(
        api_version="interlace/v1",
        kind="Infrastructure",
        currency=kept[_CURRENCY],
        objective=_Objectives.validate_json(kept.get(_OBJECTIVE, '"cost"')),
        licences=_Licences.validate_json(kept.get(_LICENCES, "{}")),
        pops={n: Pop.model_validate_json(d) for n, d in _documents(connection, pops)},
        links={n: PhysicalLink.model_validate_json(d) for n, d in _documents(connection, links)},
    )


def _documents(connection: Connection, table: Table) -> list[tuple[str, str]]:
    rows = connection.execute(select(table.c.name, table.c.document).order_by(table.c.name))
    return [(name, document) for name, document in rows]


def _store(connection: Connection, new: Infrastructure) -> None:
    """PoPs before the links that refer to them; dropped links before dropped PoPs."""
    _put(connection, settings, {name: {"value": value} for name, value in _settings(new).items()})
    _put(connection, pops, {name: _pop_row(pop) for name, pop in new.pops.items()})
    _put(connection, links, {name: _link_row(link) for name, link in new.links.items()})
    connection.execute(delete(links).where(links.c.name.not_in(new.links)))
    connection.execute(delete(pops).where(pops.c.name.not_in(new.pops)))


def _settings(new: Infrastructure) -> dict[str, str]:
    return {
        _CURRENCY: new.currency,
        _OBJECTIVE: _Objectives.dump_json(new.objective).decode(),
        _LICENCES: _Licences.dump_json(new.licences).decode(),
    }


def _put(connection: Connection, table: Table, rows: dict[str, dict[str, object]]) -> None:
    """Each by its name, in two statements however many they are."""
    known = set(connection.scalars(select(table.c.name)))
    fresh = [{"name": name, **row} for name, row in rows.items() if name not in known]
    if fresh:
        connection.execute(insert(table), fresh)
    there = [{"named": name, **row} for name, row in rows.items() if name in known]
    if there:
        connection.execute(update(table).where(table.c.name == bindparam("named")), there)


def _pop_row(pop: Pop) -> dict[str, object]:
    offer = pop.capacity
    numbers = {"vcpus": offer.vcpus, "memory_mib": offer.memory, "disk_gib": offer.disk}
    return {**numbers, "document": pop.model_dump_json()}


def _link_row(link: PhysicalLink) -> dict[str, object]:
    ends = {"first_pop": link.between[0], "second_pop": link.between[1]}
    return {**ends, "bandwidth_mbps": link.bandwidth, "document": link.model_dump_json()}
