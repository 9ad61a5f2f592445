"""Alarms: what is wrong with services now, and what was."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from catalogue.database import Database, lock_watch
from catalogue.tables import services
from catalogue.watch_tables import alarms
from domain.watching import Alarm, AlarmKind, AlarmRecord

KEPT = 1000
"""Alarms of a service that are over; older ones are pruned."""
KEPT_FOR = timedelta(days=30)
LIMIT = 1000

_Key = tuple[str, str]
_RECORD = tuple(column for column in alarms.c if column.name != "serial")
_ACTIVE = alarms.c.cleared_at.is_(None)


class Alarms:
    """One row for each time that something was wrong."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reconcile(
        self, service: str, found: Iterable[Alarm], kinds: Collection[AlarmKind], at: datetime
    ) -> tuple[tuple[AlarmRecord, ...], tuple[AlarmRecord, ...]]:
        """Makes what is active of these kinds just that which was found; where it is, nothing is written.

        What stays keeps its time, with the words and the severity of now. For a service that is gone nothing
        is raised.

        :return: those that were raised, and those that were cleared
        """
        wanted = {(each.kind.value, each.subject): each for each in found}
        with self._database.read() as connection:
            if _differences(connection, service, wanted, kinds).are_none:
                return (), ()
        with self._database.write() as connection:
            lock_watch(connection, service)
            found_ = _differences(connection, service, wanted, kinds)
            cleared = _clear(connection, found_.over, at)
            _update(connection, found_.changed)
            return _raise(connection, service, found_.new, at), cleared

    def raise_(self, alarm: Alarm, at: datetime) -> None:
        """It is active from now on; where it was, it has other words and another severity."""
        self.reconcile(alarm.service, (alarm,), (), at)

    def clear(self, service: str, kind: AlarmKind, subject: str, at: datetime) -> bool:
        """It is over; tells whether it was active."""
        with self._database.write() as connection:
            lock_watch(connection, service)
            active = _active(connection, service).get((kind.value, subject))
            return bool(_clear(connection, (active,) if active is not None else (), at))

    def list(
        self, service: str | None = None, cleared: bool = False, limit: int = LIMIT
    ) -> tuple[AlarmRecord, ...]:
        """Those that are active, of all services or of one, the newest first.

        :param cleared: with those that are over
        """
        query = select(*_RECORD).order_by(alarms.c.raised_at.desc(), alarms.c.serial.desc()).limit(limit)
        if not cleared:
            query = query.where(_ACTIVE)
        if service is not None:
            query = query.where(alarms.c.service == service)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(query)))

    def counts(self) -> dict[tuple[str, str, str], int]:
        """(Service, kind, severity) -> how many are active."""
        groups = (alarms.c.service, alarms.c.kind, alarms.c.severity)
        query = select(*groups, func.count()).where(_ACTIVE).group_by(*groups).order_by(*groups)
        with self._database.read() as connection:
            found = connection.execute(query)
            return {(service, kind, severity): number for service, kind, severity, number in found}

    def forget(self, service: str) -> None:
        """Removes all of a service's, active or not."""
        with self._database.write() as connection:
            lock_watch(connection, service)
            connection.execute(delete(alarms).where(alarms.c.service == service))


def clear_all(connection: Connection, service: str, at: datetime) -> None:
    """Nothing is wrong any more with a service that is removed in this transaction."""
    lock_watch(connection, service)
    this = (alarms.c.service == service) & _ACTIVE
    connection.execute(update(alarms).where(this).values(cleared_at=at))


class _Differences(NamedTuple):
    """Between what is active and what was found."""

    new: tuple[Alarm, ...]
    changed: tuple[tuple[int, Alarm], ...]
    over: tuple[Row[Any], ...]

    @property
    def are_none(self) -> bool:
        return not any(self)


def _differences(
    connection: Connection, service: str, wanted: Mapping[_Key, Alarm], kinds: Collection[AlarmKind]
) -> _Differences:
    active = _active(connection, service)
    return _Differences(
        new=tuple(each for key, each in wanted.items() if key not in active),
        changed=tuple(
            (active[key].serial, each)
            for key, each in wanted.items()
            if key in active and _told(active[key]) != (each.component, each.severity.value, each.words)
        ),
        over=tuple(row for key, row in active.items() if key not in wanted and row.kind in kinds),
    )


def _active(connection: Connection, service: str) -> dict[_Key, Row[Any]]:
    query = select(alarms).where(alarms.c.service == service, _ACTIVE).order_by(alarms.c.serial)
    return {(row.kind, row.subject): row for row in connection.execute(query)}


def _told(row: Row[Any]) -> tuple[str | None, str, str]:
    return row.component, row.severity, row.words


def _clear(connection: Connection, over: Collection[Row[Any]], at: datetime) -> tuple[AlarmRecord, ...]:
    if over:
        these = alarms.c.serial.in_([row.serial for row in over])
        connection.execute(update(alarms).where(these).values(cleared_at=at))
    return tuple(_record(row).model_copy(update={"cleared_at": at}) for row in over)


def _update(connection: Connection, changed: Iterable[tuple[int, Alarm]]) -> None:
    for serial, alarm in changed:
        words = alarm.model_dump(mode="json", include={"component", "severity", "words"})
        connection.execute(update(alarms).where(alarms.c.serial == serial).values(words))


def _raise(
    connection: Connection, service: str, new: Collection[Alarm], at: datetime
) -> tuple[AlarmRecord, ...]:
    is_there = select(services.c.name).where(services.c.name == service)
    if not new or connection.scalar(is_there) is None:
        return ()  # nobody would ever clear what is raised for a service that is gone
    _prune(connection, service, at)
    rows = [{**each.model_dump(mode="json"), "raised_at": at} for each in new]
    connection.execute(insert(alarms), rows)
    return tuple(AlarmRecord.model_validate(row) for row in rows)


def _prune(connection: Connection, service: str, at: datetime) -> None:
    """Of all services what is too old, of this one what is too much."""
    connection.execute(delete(alarms).where(alarms.c.cleared_at < at - KEPT_FOR))
    over = select(alarms.c.serial).where(alarms.c.service == service, ~_ACTIVE)
    ordered = over.order_by(alarms.c.cleared_at.desc(), alarms.c.serial.desc())
    if old := connection.scalars(ordered.offset(KEPT)).all():
        connection.execute(delete(alarms).where(alarms.c.serial.in_(old)))


def _record(row: Row[Any]) -> AlarmRecord:
    return AlarmRecord.model_validate({column.name: row._mapping[column.name] for column in _RECORD})
