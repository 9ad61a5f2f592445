"""The modelled world's file: SQLite in WAL mode, shared by any number of threads and processes."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

FILE = "modelled-vim.sqlite"

_BUSY_TIMEOUT_S = 30.0

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS instances (
        pop TEXT NOT NULL,
        name TEXT NOT NULL,
        external_id TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL UNIQUE,
        spec TEXT NOT NULL,
        tags TEXT NOT NULL,
        vcpus INTEGER NOT NULL,
        memory_mib INTEGER NOT NULL,
        disk_gib INTEGER NOT NULL,
        ready_at REAL NOT NULL,
        gone_at REAL,
        PRIMARY KEY (pop, name)
    )""",
    """CREATE TABLE IF NOT EXISTS faults (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        pop TEXT,
        operation TEXT NOT NULL,
        component TEXT,
        times INTEGER,
        starts_at REAL,
        ends_at REAL,
        message TEXT NOT NULL
    )""",
)


class World:
    """Opens a short-lived connection for each reading or writing; what is committed outlives any crash."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._path = home / FILE
        with self.writing() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A consistent snapshot."""
        with self._connected() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("ROLLBACK")

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that holds the world's only write lock from its start."""
        with self._connected() as connection:
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
            _use_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            yield connection


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
