"""How much there is of what, counted by the database: for metrics, which are asked for again and again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, case, extract, func, select

from catalogue.database import Database
from catalogue.tables import ledger, operations, services

_DAY_S = 86_400.0


class Standing(NamedTuple):
    """A service, without what is large of it."""

    name: str
    tenant: str
    state: str
    revision: int
    since: datetime


class Ended(NamedTuple):
    """The operations of one kind that came to one outcome."""

    kind: str
    state: str
    number: int
    seconds: float
    """That they took together."""
    within: tuple[int, ...]
    """How many took at most each of the seconds that were asked for."""


class Overview:
    """Counts what the other parts keep."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def services(self) -> tuple[Standing, ...]:
        """All of them, by name."""
        columns = (
            services.c.name,
            services.c.tenant,
            services.c.state,
            services.c.revision,
            services.c.since,
        )
        with self._database.read() as connection:
            return tuple(Standing(*row) for row in connection.execute(select(*columns).order_by(columns[0])))

    def ended(self, bounds_s: Sequence[float]) -> tuple[Ended, ...]:
        """The operations that are over, by kind and outcome."""
        with self._database.read() as connection:
            took = _took(connection)
            within = [func.sum(case((took <= bound, 1), else_=0)) for bound in bounds_s]
            groups = (operations.c.kind, operations.c.state)
            query = select(*groups, func.count(), func.sum(took), *within)
            over = query.where(operations.c.finished_at.is_not(None)).group_by(*groups).order_by(*groups)
            return tuple(
                Ended(kind, state, number, float(seconds), tuple(map(int, counts)))
                for kind, state, number, seconds, *counts in connection.execute(over)
            )

    def under_way(self) -> Mapping[str, int]:
        """Kind of operation -> how many are not over."""
        kind = operations.c.kind
        query = select(kind, func.count()).where(operations.c.finished_at.is_(None)).group_by(kind)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def resources(self) -> Mapping[tuple[str, str, str, str], int]:
        """(PoP, kind of VIM, kind of resource, state) -> how many are in the ledger."""
        groups = (ledger.c.pop, ledger.c.vim_kind, ledger.c.kind, ledger.c.state)
        query = select(*groups, func.count()).group_by(*groups)
        with self._database.read() as connection:
            return {(pop, vim, kind, state): n for pop, vim, kind, state, n in connection.execute(query)}


def _took(connection: Connection) -> ColumnElement[Any]:
    """Seconds from an operation's start to its end."""
    start, end = operations.c.started_at, operations.c.finished_at
    if connection.dialect.name == "postgresql":
        return extract("epoch", end) - extract("epoch", start)
    return (func.julianday(end) - func.julianday(start)) * _DAY_S
