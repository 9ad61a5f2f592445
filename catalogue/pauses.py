"""Pauses: a person has told the policies of a service to leave it alone for a while."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, insert, select

from catalogue.database import Database, lock_watch
from catalogue.names import unknown
from catalogue.tables import services
from catalogue.watch_tables import pauses
from domain.watching import Pause


class Pauses:
    """At most one a service, for as long as the service is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, pause: Pause) -> None:
        """In place of a former one.

        :raises UnknownError: if there is no such service
        """
        with self._database.write() as connection:
            lock_watch(connection, pause.service)
            known = select(services.c.name)
            if connection.scalar(known.where(services.c.name == pause.service)) is None:
                raise unknown("service", pause.service, connection.scalars(known))
            connection.execute(delete(pauses).where(pauses.c.service == pause.service))
            connection.execute(insert(pauses).values(pause.model_dump()))

    def remove(self, service: str) -> bool:
        """Tells whether there was one."""
        with self._database.write() as connection:
            return connection.execute(delete(pauses).where(pauses.c.service == service)).rowcount > 0

    def of(self, service: str, at: datetime) -> Pause | None:
        """The one that holds then."""
        query = select(pauses).where(pauses.c.service == service, pauses.c.until > at)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return Pause.model_validate(dict(row._mapping)) if row is not None else None

    def all(self, at: datetime) -> Mapping[str, Pause]:
        """Service -> the pause that holds then."""
        query = select(pauses).where(pauses.c.until > at).order_by(pauses.c.service)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {row.service: Pause.model_validate(dict(row._mapping)) for row in rows}
