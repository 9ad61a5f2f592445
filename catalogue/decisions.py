"""What policies began, or could not, and what became of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, text, update

from catalogue.database import Database, lock_watch
from catalogue.watch_tables import decision_counts, decisions
from domain.watching import Decision

KEPT = 1000
"""Decisions of a service; older ones are pruned."""
UNDER_WAY = "under way"
_OPEN = (UNDER_WAY, "busy")

_COUNT = text(
    """
    INSERT INTO decision_counts (kind, outcome, number) VALUES (:kind, :outcome, 1)
    ON CONFLICT (kind, outcome) DO UPDATE SET number = decision_counts.number + 1
    """
)


class Decisions:
    """One row for each, whatever becomes of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, decision: Decision) -> None:
        """Keeps it, or what has become of it. One that has ended is never under way again."""
        with self._database.write() as connection:
            lock_watch(connection, decision.service)
            this = decisions.c.decision_id == decision.decision_id
            former = connection.scalar(select(decisions.c.outcome).where(this))
            if former is None:
                connection.execute(insert(decisions).values(decision.model_dump()))
                _prune(connection, decision.service)
            elif former in _OPEN or decision.outcome not in _OPEN:
                connection.execute(update(decisions).where(this).values(decision.model_dump()))
            else:
                return  # said late
            if decision.outcome not in (UNDER_WAY, former):
                connection.execute(_COUNT, decision.model_dump(mode="json", include={"kind", "outcome"}))

    def list(
        self, service: str | None = None, since: datetime | None = None, limit: int = 50
    ) -> tuple[Decision, ...]:
        """Of all services or of one, the newest first.

        :param since: only those that were decided then or later
        """
        query = select(decisions).order_by(decisions.c.decided_at.desc(), decisions.c.decision_id)
        if service is not None:
            query = query.where(decisions.c.service == service)
        if since is not None:
            query = query.where(decisions.c.decided_at >= since)
        with self._database.read() as connection:
            return tuple(map(_decision, connection.execute(query.limit(limit))))

    def counts(self) -> dict[tuple[str, str], int]:
        """(Kind of operation, outcome) -> how often a decision came to it, ever."""
        query = select(decision_counts).order_by(decision_counts.c.kind, decision_counts.c.outcome)
        with self._database.read() as connection:
            return {(kind, outcome): number for kind, outcome, number in connection.execute(query)}

    def forget(self, service: str) -> None:
        """Removes all of a service's; they still count."""
        with self._database.write() as connection:
            lock_watch(connection, service)
            connection.execute(delete(decisions).where(decisions.c.service == service))


def _prune(connection: Connection, service: str) -> None:
    mine = select(decisions.c.decision_id).where(decisions.c.service == service)
    ordered = mine.order_by(decisions.c.decided_at.desc(), decisions.c.decision_id)
    if old := connection.scalars(ordered.offset(KEPT)).all():
        connection.execute(delete(decisions).where(decisions.c.decision_id.in_(old)))


def _decision(row: Row[Any]) -> Decision:
    return Decision.model_validate(dict(row._mapping))
