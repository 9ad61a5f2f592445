"""Brings a database to the newest schema: `python -m catalogue.migrate [URL]`. Safe to run many at once."""

import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from catalogue.database import BUSY_TIMEOUT_S, DEFAULT_URL, Database, is_sqlite, parse_url
from domain.errors import InputError, InterlaceError

NEWEST = "0005"
"""The last of migrations/versions."""
URL_VARIABLE = "INTERLACE_CATALOGUE_URL"
PASSWORD_FILE_VARIABLE = "INTERLACE_CATALOGUE_PASSWORD_FILE"

_in_process = threading.Lock()  # Alembic keeps its context in a global


def upgrade(url: str) -> None:
    """Runs the missing migrations, all in one transaction, while nobody else does.

    Where none is missing nothing is locked, so that nobody who writes is waited for.
    """
    if _has_newest(url):
        return
    with _in_process, _between_processes(parse_url(url)), _opened(url) as database:
        _migrate(database)


def _has_newest(url: str) -> bool:
    """False, too, where it cannot be told: then the migrations say why."""
    parsed = parse_url(url)
    if is_sqlite(parsed) and not Path(parsed.database or "").exists():
        return False  # and to ask would make one
    with _opened(url) as database:
        try:
            with database.read() as connection:
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        except DBAPIError:
            return False
    return found == [NEWEST]


def _migrate(database: Database) -> None:
    from alembic import command
    from alembic.config import Config

    with database.write_capacity() as connection:
        config = Config()
        scripts = Path(__file__).parent / "migrations"
        config.set_main_option("script_location", str(scripts).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _between_processes(url: URL) -> Iterator[None]:
    """A file lock for SQLite, whose switch to WAL does not wait; PostgreSQL locks in the transaction."""
    if not is_sqlite(url):
        yield
        return
    path = Path(url.database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(path.name + ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _use_wal(path)
        yield


def _use_wal(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _with_password(url: str) -> str:
    """With the one from its file, where the URL has none."""
    path, parsed = os.environ.get(PASSWORD_FILE_VARIABLE), parse_url(url)
    if not path or is_sqlite(parsed) or parsed.password:
        return url
    try:
        password = Path(path).read_text().strip()
    except OSError as error:
        raise InputError(f"{PASSWORD_FILE_VARIABLE}: {path} cannot be read: {error.strerror}") from error
    return parsed.set(password=password).render_as_string(hide_password=False)


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    url = given[0] if given else os.environ.get(URL_VARIABLE, DEFAULT_URL)
    try:
        url = _with_password(url)
        upgrade(url)
    except InterlaceError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(f"the catalogue at {parse_url(url).render_as_string(hide_password=True)} has the newest schema")
    return 0


if __name__ == "__main__":
    sys.exit(main())
