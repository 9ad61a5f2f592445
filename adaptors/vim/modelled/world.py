"""The modelled world's file."""

from pathlib import Path

from adaptors.vim.sqlite_file import SqliteFile

FILE = "modelled-vim.sqlite"

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


class World(SqliteFile):
    """All instances of the modelled PoPs, and the faults injected into them."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        super().__init__(home / FILE, _SCHEMA)
        with self.reading():
            pass  # a world that cannot be opened is told at once
