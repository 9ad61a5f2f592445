"""A file of records: SQLite in WAL mode, shared by any number of threads and processes."""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

_BUSY_TIMEOUT_S = 30.0

_writing = threading.Lock()
"""SQLite lets those who wait for the write lock sleep, and some for long; threads of ours queue up here."""


class SqliteFile:
    """Opens a short-lived connection for each reading or writing; what is committed outlives any crash."""

    def __init__(self, path: Path, schema: Sequence[str], upgrades: Sequence[Sequence[str]] = ()) -> None:
        """A file, of whatever version it is now.

        :param schema: statements that make version 1 of a new file
        :param upgrades: for each later version, the statements that make it of the one before
        """
        self._path = path
        self._versions = (schema, *upgrades)

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
        opened = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
        with closing(opened) as connection:
            connection.row_factory = sqlite3.Row
            if _version(connection) < len(self._versions):
                self._set_up(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        """Bring the file to the newest version, unless somebody else was quicker."""
        _use_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        for statements in self._versions[_version(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {max(_version(connection), len(self._versions))}")
        connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


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
