"""The emulator's file: SQLite in WAL mode, shared by any number of threads and processes."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

FILE = "emulator.sqlite"

_BUSY_TIMEOUT_S = 30.0

_writing = threading.Lock()
"""SQLite lets those who wait for the write lock sleep, and some for long; threads of ours queue up here."""

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS instances (
        name TEXT PRIMARY KEY,
        pop TEXT NOT NULL,
        external_id TEXT NOT NULL UNIQUE,
        spec TEXT NOT NULL,
        forwarding TEXT NOT NULL,
        status TEXT NOT NULL,
        detail TEXT NOT NULL,
        created REAL NOT NULL
    )""",
    """CREATE TABLE IF NOT EXISTS ports (
        resource TEXT NOT NULL REFERENCES instances (name) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        connection_point TEXT NOT NULL,
        interface TEXT NOT NULL,
        switch_interface TEXT NOT NULL UNIQUE,
        mac TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL,
        service TEXT NOT NULL,
        PRIMARY KEY (resource, number),
        UNIQUE (service, address)
    )""",
)


class Ledger:
    """Opens a short-lived connection for each reading or writing; what is committed outlives any crash."""

    def __init__(self, run: Path) -> None:
        self._path = run / FILE

    def exists(self) -> bool:
        """Whether anything was ever written."""
        return self._path.exists()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent snapshot."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the file's only write lock from its start."""
        with _writing, self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(
            sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                _set_up(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection


def _set_up(connection: sqlite3.Connection) -> None:
    _use_wal(connection)
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.execute("COMMIT")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; unlike other statements the switch does not wait for the lock by itself."""
    deadline = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.005)
