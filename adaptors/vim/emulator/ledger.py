"""The emulator's file of records."""

from pathlib import Path

from adaptors.vim.sqlite_file import SqliteFile

FILE = "emulator.sqlite"

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

_VERSION_2 = (
    "ALTER TABLE ports RENAME TO ports_1",
    """CREATE TABLE ports (
        resource TEXT NOT NULL REFERENCES instances (name) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        connection_point TEXT NOT NULL,
        interface TEXT NOT NULL,
        switch_interface TEXT NOT NULL UNIQUE,
        mac TEXT NOT NULL UNIQUE,
        address TEXT NOT NULL,
        service TEXT NOT NULL,
        PRIMARY KEY (resource, number)
    )""",
    "INSERT INTO ports SELECT * FROM ports_1",
    "DROP TABLE ports_1",
    "CREATE INDEX ports_by_service ON ports (service, address)",
)
"""A successor has the address of its predecessor while both are there."""


class Ledger(SqliteFile):
    """What the emulator has made, or is making."""

    def __init__(self, run: Path) -> None:
        super().__init__(run / FILE, _SCHEMA, (_VERSION_2,))
