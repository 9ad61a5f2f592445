"""Connections and transactions, on SQLite or PostgreSQL."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from domain.errors import InputError

DEFAULT_URL = "sqlite:///interlace.db"

BUSY_TIMEOUT_S = 30
_CAPACITY_LOCK = 0x1A7E7ACE
_WATCH_LOCKS = 0x1A7E7ACE
"""With a second number: PostgreSQL keeps locks by two numbers apart from those by one."""
_WRITES = "interlace_writes"


class Database:
    """Transactions that read, and transactions that write."""

    def __init__(self, url: str) -> None:
        self.url = parse_url(url)
        self._engine = _engine(self.url)
        self._writer = self._engine.execution_options(**{_WRITES: True})
        self._turn: AbstractContextManager[object] = nullcontext()
        if is_sqlite(self.url):  # which lets those who wait for its lock sleep, some of them for very long
            self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """All or nothing. On SQLite one writer at a time, from the first statement on."""
        with self._turn, self._writer.begin() as connection:
            yield connection

    @contextmanager
    def write_capacity(self) -> Iterator[Connection]:
        """A write that reads or changes what is free: one at a time on every database."""
        with self.write() as connection:
            lock_capacity(connection)
            yield connection

    def close(self) -> None:
        self._engine.dispose()


def parse_url(text_: str) -> URL:
    """The URL with its driver; refuses what the catalogue cannot run on."""
    try:
        url = make_url(text_)
    except ArgumentError:
        raise InputError("the catalogue's URL is not a database URL, such as " + DEFAULT_URL) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise InputError(f"the catalogue runs on sqlite or postgresql+psycopg, not on {url.drivername}")
    if is_sqlite(url) and url.database in (None, "", ":memory:"):
        raise InputError(f"the catalogue needs a file that outlives the process, such as {DEFAULT_URL}")
    return url


def is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


def lock_capacity(connection: Connection) -> None:
    """On SQLite the transaction itself is the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CAPACITY_LOCK})


def lock_watch(connection: Connection, service: str) -> None:
    """One at a time writes of a service's alarms, decisions, pauses and holds, until the transaction ends.

    Who wants the lock on capacity or the service's lease, too, takes those first.
    """
    if connection.dialect.name == "postgresql":
        lock = text("SELECT pg_advisory_xact_lock(:locks, hashtext(:service))")
        connection.execute(lock, {"locks": _WATCH_LOCKS, "service": service})


def writes(connection: Connection) -> bool:
    """Whether its transaction is one of `Database.write`."""
    return bool(connection.get_execution_options().get(_WRITES, False))


def now() -> datetime:
    return datetime.now(UTC)


def _engine(url: URL) -> Engine:
    if not is_sqlite(url):
        return create_engine(url, pool_pre_ping=True, pool_timeout=60)
    engine = create_engine(url, pool_timeout=60)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions by itself
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes(connection) else "BEGIN")
