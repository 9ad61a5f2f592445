"""Faults to inject into the modelled world; they live in its file, so every process meets them."""

import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from adaptors.vim.modelled.calls import Call
from adaptors.vim.modelled.world import World
from domain.models import Model, Name

FaultKind = Literal["temporary", "permanent", "hang", "lost", "ignored", "outage"]

BEFORE: tuple[FaultKind, ...] = ("temporary", "permanent", "hang")
INSTEAD: tuple[FaultKind, ...] = ("ignored",)
AFTER: tuple[FaultKind, ...] = ("lost",)

_SUBJECT = {
    "lost": (
        ("create", "delete", "configure", "resize", "move", "*"),
        "only the answer to a create, delete, configure, resize or move can be lost",
    ),
    "ignored": (("delete", "configure", "*"), "only a delete or a configure can be accepted and ignored"),
}
"""Kind of fault -> the operations that it makes sense for, and why no others."""


class Fault(Model):
    """What goes wrong, for which calls, how often and when."""

    kind: FaultKind
    """temporary and permanent fail, hang never answers, lost takes effect, then fails; ignored is accepted
    and has no effect; outage fails all."""
    pop: Name | None = None
    """None: every PoP."""
    operation: Literal["create", "delete", "configure", "resize", "move", "read", "list", "*"] = "*"
    """To ask what ails an instance is to read it."""
    component: str | None = None
    """None: every component."""
    times: int | None = Field(default=None, ge=0)
    """How many calls are still to meet it; None: for ever."""
    starts_at: float | None = None
    """Seconds since the epoch; None: at once."""
    ends_at: float | None = None
    """Seconds since the epoch; None: never."""
    message: str = "injected fault"
    """The VIM's words."""

    @model_validator(mode="after")
    def _sensible(self) -> "Fault":
        operations, why = _SUBJECT.get(self.kind, ((self.operation,), ""))
        if self.operation not in operations:
            raise ValueError(why)
        if self.kind == "outage" and (self.operation, self.component, self.times) != ("*", None, None):
            raise ValueError("an outage takes a whole PoP: it has no operation, component or times")
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            raise ValueError("starts_at must be before ends_at")
        return self


class Faults:
    """The faults of the world in a home directory."""

    def __init__(self, home: Path) -> None:
        self._world = World(home)

    def add(self, fault: Fault) -> int:
        """Inject a fault; the number is for `clear`."""
        values = fault.model_dump()
        columns = ", ".join(values)
        marks = ", ".join(f":{column}" for column in values)
        with self._world.writing() as connection:
            cursor = connection.execute(f"INSERT INTO faults ({columns}) VALUES ({marks})", values)
            return cursor.lastrowid or 0

    def list(self) -> dict[int, Fault]:
        """Every fault by its number, those used up (`times` is 0) too."""
        with self._world.reading() as connection:
            return {row["id"]: _fault(row) for row in connection.execute("SELECT * FROM faults ORDER BY id")}

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all; calls that hang by it come back."""
        with self._world.writing() as connection:
            connection.execute("DELETE FROM faults WHERE ?1 IS NULL OR id = ?1", (number,))


def take(world: World, call: Call, kinds: Sequence[FaultKind]) -> tuple[int, Fault] | None:
    """The first fault of these kinds that this call meets, with one of its times used up."""
    with world.reading() as connection:
        if _first(connection, call, kinds) is None:
            return None
    with world.writing() as connection:
        row = _first(connection, call, kinds)
        if row is None:
            return None
        connection.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
        return row["id"], _fault(row)


def find(world: World, call: Call, kinds: Sequence[FaultKind]) -> Fault | None:
    """As `take`, with nothing used up."""
    with world.reading() as connection:
        row = _first(connection, call, kinds)
    return None if row is None else _fault(row)


def stands(world: World, number: int) -> bool:
    """Whether the fault was neither cleared nor has ended."""
    query = "SELECT 1 FROM faults WHERE id = ? AND (ends_at IS NULL OR ends_at > ?)"
    with world.reading() as connection:
        return connection.execute(query, (number, time.time())).fetchone() is not None


def _first(connection: sqlite3.Connection, call: Call, kinds: Sequence[FaultKind]) -> sqlite3.Row | None:
    marks = ", ".join("?" for _ in kinds)
    query = f"""SELECT * FROM faults WHERE kind IN ({marks})
        AND (pop IS NULL OR pop = ?) AND operation IN ('*', ?) AND (component IS NULL OR component = ?)
        AND (times IS NULL OR times > 0)
        AND (starts_at IS NULL OR starts_at <= ?) AND (ends_at IS NULL OR ends_at > ?)
        ORDER BY id LIMIT 1"""
    now = time.time()
    values = (*kinds, call.pop, call.operation, call.component, now, now)
    row: sqlite3.Row | None = connection.execute(query, values).fetchone()
    return row


def _fault(row: sqlite3.Row) -> Fault:
    values = dict(row)
    del values["id"]
    return Fault.model_validate(values)
