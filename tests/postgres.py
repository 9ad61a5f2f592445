"""A private PostgreSQL for tests, and the database URLs that the catalogue's tests run on.

Tests use it with `pytest_plugins = ("tests.postgres",)`. The cluster lives in a temporary directory and is
reached through a Unix socket only. Where PostgreSQL is not installed its tests are skipped.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

from catalogue.store import Catalogue, open_catalogue
from tests.catalogues import fill

_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    # No test lets the server crash, and nobody replicates it.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_MIGRATED = "migrated"


class Postgres:
    """A running cluster."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._has_migrated = False

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self._directory}"

    def new_database(self) -> str:
        """Creates one and gives its URL."""
        return self._created("template1")

    def new_catalogue(self) -> str:
        """Creates one of the newest schema: a copy of one that was migrated, which is quicker."""
        if not self._has_migrated:
            self._as_admin(f"CREATE DATABASE {_MIGRATED}")
            open_catalogue(self.url(_MIGRATED)).close()
            self._has_migrated = True
        return self._created(_MIGRATED)

    def _created(self, template: str) -> str:
        name = f"test_{uuid4().hex}"
        self._as_admin(f"CREATE DATABASE {name} TEMPLATE {template}{self._quickest}")
        return self.url(name)

    @cached_property
    def _quickest(self) -> str:
        """Files are copied in half the time of the way by the log, which is the usual since version 15."""
        engine = create_engine(self.url("postgres"))
        with engine.connect() as connection:
            version = connection.dialect.server_version_info or (0,)
        engine.dispose()
        return " STRATEGY = FILE_COPY" if version >= (15,) else ""

    def drop_database(self, url: str) -> None:
        name = url.split("?")[0].rsplit("/", 1)[1]
        self._as_admin(f"DROP DATABASE {name} WITH (FORCE)")

    def _as_admin(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


def missing() -> str | None:
    """Why there can be no PostgreSQL here, or None if there can."""
    if _programs() is None:
        return "PostgreSQL is not installed (no initdb); on Debian: apt-get install postgresql"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser to run it as postgres"
    return None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Starts a cluster and stops it."""
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    data = directory / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        _run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = {**_SETTINGS, "unix_socket_directories": str(directory)}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        _run("pg_ctl", "-D", data, "-w", "-l", directory / "log", "-o", options, "start")
        try:
            yield Postgres(directory)
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _programs() -> Path | None:
    """The newest version that Debian's packages installed, or what is on the path."""
    versions = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if (p / "initdb").exists()]
    if versions:
        return max(versions, key=lambda path: float(path.parent.name))
    found = shutil.which("pg_ctl")
    return Path(found).resolve().parent if found and shutil.which("initdb") else None


def _run(program: str, *arguments: str | Path) -> None:
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_postgres, str((_programs() or Path()) / program), *map(str, arguments)]
    done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed with exit code {done.returncode}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if reason := missing():
        pytest.skip(reason)
    with running_postgres() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite", "postgresql"])
def catalogue_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database, once on each kind: empty, unless the test wants a catalogue in it."""
    migrated = "catalogue" in request.fixturenames
    if request.param == "sqlite":
        if migrated:
            fill(tmp_path / "catalogue.db")
        yield f"sqlite:///{tmp_path}/catalogue.db"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    url = cluster.new_catalogue() if migrated else cluster.new_database()
    yield url
    cluster.drop_database(url)


@pytest.fixture
def catalogue(catalogue_url: str) -> Iterator[Catalogue]:
    """An open catalogue, empty but for its schema."""
    opened = open_catalogue(catalogue_url)
    yield opened
    opened.close()
