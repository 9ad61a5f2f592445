"""The modelled world's file."""

import sqlite3
import weakref
from pathlib import Path

from adaptors.vim.sqlite_file import SqliteFile

FILE = "modelled-vim.sqlite"

VERSION_1 = (
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

VERSION_2 = (
    "ALTER TABLE instances RENAME TO instances_1",
    """CREATE TABLE instances (
        pop TEXT NOT NULL,
        name TEXT NOT NULL,
        external_id TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL,
        service TEXT NOT NULL,
        spec TEXT NOT NULL,
        tags TEXT NOT NULL,
        vcpus INTEGER NOT NULL,
        memory_mib INTEGER NOT NULL,
        disk_gib INTEGER NOT NULL,
        ready_at REAL NOT NULL,
        gone_at REAL,
        error TEXT,
        PRIMARY KEY (pop, name)
    )""",
    """INSERT INTO instances SELECT pop, name, external_id, address, json_extract(tags, '$.service'), spec,
        tags, vcpus, memory_mib, disk_gib, ready_at, gone_at, NULL FROM instances_1""",
    "DROP TABLE instances_1",
    "CREATE INDEX instances_by_address ON instances (address)",
    "CREATE INDEX instances_by_service ON instances (pop, service, name)",
    "CREATE INDEX instances_going ON instances (gone_at) WHERE gone_at IS NOT NULL",
    "CREATE INDEX usage ON instances (pop, gone_at, vcpus, memory_mib, disk_gib)",
)
"""Two may have one address; an instance may fail; what is asked often has an index."""


VERSION_3 = ("ALTER TABLE instances ADD COLUMN host INTEGER NOT NULL DEFAULT 1",)
"""Which host an instance is on, by a number that changes with each move."""


class World(SqliteFile):
    """All instances of the modelled PoPs, and the faults injected into them.

    One connection idles as long as this lives: where the last one closes, SQLite writes its log back into the
    file and removes it, and the next one makes it anew, which is most of what a call takes.
    """

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        super().__init__(home / FILE, VERSION_1, (VERSION_2, VERSION_3))
        with self.reading():
            idle = sqlite3.connect(home / FILE, check_same_thread=False, isolation_level=None)
            weakref.finalize(self, idle.close)
            idle.execute("SELECT 1 FROM faults").fetchone()  # only now is the log open
