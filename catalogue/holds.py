"""Holds: when each schedule fired last, and for how long that counts."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby

from sqlalchemy import delete, insert, select

from catalogue.database import Database, lock_watch
from catalogue.tables import services
from catalogue.watch_tables import holds
from domain.watching import Hold


class Holds:
    """At most one a policy, for as long as the service is there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, hold: Hold) -> None:
        """In place of the policy's former one. Of a service that is gone nothing is held."""
        with self._database.write() as connection:
            lock_watch(connection, hold.service)
            if connection.scalar(select(services.c.name).where(services.c.name == hold.service)) is None:
                return
            former = (holds.c.service == hold.service) & (holds.c.policy == hold.policy)
            connection.execute(delete(holds).where(former))
            connection.execute(insert(holds).values(hold.model_dump()))

    def of(self, service: str, at: datetime) -> tuple[Hold, ...]:
        """Those of a service that hold then, by policy."""
        query = select(holds).where(holds.c.service == service, holds.c.until > at)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(holds.c.policy)).all()
        return tuple(Hold.model_validate(dict(row._mapping)) for row in rows)

    def all(self, at: datetime) -> Mapping[str, tuple[Hold, ...]]:
        """Service -> those that hold then, by policy."""
        query = select(holds).where(holds.c.until > at).order_by(holds.c.service, holds.c.policy)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        found = [Hold.model_validate(dict(row._mapping)) for row in rows]
        return {name: tuple(each) for name, each in groupby(found, key=lambda hold: hold.service)}

    def forget(self, service: str) -> None:
        """Removes all of a service's."""
        with self._database.write() as connection:
            connection.execute(delete(holds).where(holds.c.service == service))
