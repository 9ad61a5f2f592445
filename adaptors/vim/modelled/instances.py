"""The modelled world's instances.

Time moves them: BUILD until `ready_at`, gone after `gone_at`. Where there is an `error`, they have failed.
"""

import json
import sqlite3
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from adaptors.vim.modelled.addresses import address_asked, address_for
from domain.infrastructure import Resources
from domain.instances import HINTS, InstanceSpec, InstanceStatus, VimInstance


@dataclass(frozen=True)
class Row:
    """One instance of the world."""

    name: str
    external_id: str
    address: str
    spec: str
    """What it was made from, as JSON; a change of its config changes it."""
    tags: dict[str, str]
    resources: Resources
    ready_at: float
    gone_at: float | None
    error: str | None
    """The words with which it failed."""
    host: int
    """A number: hosts are not modelled, only that an instance was moved to another one."""

    def status(self) -> InstanceStatus:
        if self.gone_at is not None:
            return InstanceStatus.DELETING
        if self.error is not None:
            return InstanceStatus.ERROR
        return InstanceStatus.RUNNING if self.ready_at <= time.time() else InstanceStatus.BUILD

    def ailment(self) -> str | None:
        """What is wrong with it; None where it runs."""
        status = self.status()
        if status is InstanceStatus.RUNNING:
            return None
        return self.error if status is InstanceStatus.ERROR else f"it is in {status}"

    def instance(self) -> VimInstance:
        return VimInstance(
            name=self.name,
            external_id=self.external_id,
            address=self.address,
            status=self.status(),
            tags=self.tags,
            resources=self.resources,
        )

    def made_from(self) -> InstanceSpec:
        return InstanceSpec.model_validate_json(self.spec)

    def differences(self, spec: InstanceSpec) -> list[str]:
        """The fields in which the spec that this instance was made from is another.

        That it was made without a word on addresses, and was given those that the spec names, is none.
        """
        specs = (self.made_from(), spec)
        mine, other = (each.model_dump(mode="json", exclude={"addresses", *HINTS}) for each in specs)
        found = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
        return [*found, *(["addresses"] if address_asked(spec) not in (None, self.address) else [])]


def find(connection: sqlite3.Connection, pop: str, name: str) -> Row | None:
    """The instance of that name that is not gone."""
    query = "SELECT * FROM instances WHERE pop = ? AND name = ? AND (gone_at IS NULL OR gone_at > ?)"
    row = connection.execute(query, (pop, name, time.time())).fetchone()
    return None if row is None else _row(row)


def of_pop(connection: sqlite3.Connection, pop: str, tags: Mapping[str, str] | None = None) -> list[Row]:
    """All instances of a PoP that are not gone and carry all of these tags, by name."""
    wanted = tags or {}
    query = "SELECT * FROM instances WHERE pop = ? AND (gone_at IS NULL OR gone_at > ?)"
    values: list[object] = [pop, time.time()]
    if "service" in wanted:
        query += " AND service = ?"
        values.append(wanted["service"])
    rows = map(_row, connection.execute(f"{query} ORDER BY name", values))
    return [row for row in rows if wanted.items() <= row.tags.items()]


def pops_of(connection: sqlite3.Connection, name: str) -> list[str]:
    """The PoPs that have an instance of that name."""
    query = "SELECT pop FROM instances WHERE name = ? AND (gone_at IS NULL OR gone_at > ?) ORDER BY pop"
    return [pop for (pop,) in connection.execute(query, (name, time.time()))]


def names(connection: sqlite3.Connection, pop: str | None) -> list[str]:
    """The names of the instances of a PoP, or of all."""
    query = """SELECT name FROM instances
        WHERE (?1 IS NULL OR pop = ?1) AND (gone_at IS NULL OR gone_at > ?2) ORDER BY name"""
    return [name for (name,) in connection.execute(query, (pop, time.time()))]


def usage(connection: sqlite3.Connection, pop: str) -> tuple[int, Resources]:
    """How many instances a PoP has and what they hold; one in deletion holds it until it is gone."""
    query = """SELECT count(*), ifnull(sum(vcpus), 0), ifnull(sum(memory_mib), 0), ifnull(sum(disk_gib), 0)
        FROM instances WHERE pop = ? AND (gone_at IS NULL OR gone_at > ?)"""
    count, vcpus, memory_mib, disk_gib = connection.execute(query, (pop, time.time())).fetchone()
    return count, Resources.of(vcpus, memory_mib, disk_gib)


def insert(connection: sqlite3.Connection, spec: InstanceSpec, delay_s: float) -> None:
    """Begin to build an instance."""
    _purge(connection)
    values = (
        spec.pop,
        spec.name,
        str(uuid.uuid4()),
        address_for(connection, spec),
        spec.tags["service"],
        spec.model_dump_json(),
        json.dumps(spec.tags),
        spec.resources.vcpus,
        spec.resources.memory,
        spec.resources.disk,
        time.time() + delay_s,
    )
    connection.execute(
        "INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, 1)", values
    )


def rebuild(connection: sqlite3.Connection, pop: str, name: str, delay_s: float) -> None:
    """Begin to build an instance that failed anew, in its place."""
    command = "UPDATE instances SET error = NULL, ready_at = ? WHERE pop = ? AND name = ?"
    connection.execute(command, (time.time() + delay_s, pop, name))


def change(connection: sqlite3.Connection, spec: InstanceSpec) -> None:
    """Note what an instance has become after a change of its config or its resources."""
    command = """UPDATE instances SET spec = ?, vcpus = ?, memory_mib = ?, disk_gib = ?
        WHERE pop = ? AND name = ?"""
    size = (spec.resources.vcpus, spec.resources.memory, spec.resources.disk)
    connection.execute(command, (spec.model_dump_json(), *size, spec.pop, spec.name))


def rehost(connection: sqlite3.Connection, pop: str, name: str) -> None:
    """An instance is on another host from now on."""
    connection.execute("UPDATE instances SET host = host + 1 WHERE pop = ? AND name = ?", (pop, name))


def fail(connection: sqlite3.Connection, pop: str, name: str, words: str) -> None:
    """An instance fails, unless it is being deleted."""
    command = "UPDATE instances SET error = ? WHERE pop = ? AND name = ? AND gone_at IS NULL"
    connection.execute(command, (words, pop, name))


def remove(connection: sqlite3.Connection, pop: str, name: str) -> None:
    """An instance is gone at once."""
    connection.execute("DELETE FROM instances WHERE pop = ? AND name = ?", (pop, name))


def mark_deleting(connection: sqlite3.Connection, pop: str, name: str, delay_s: float) -> None:
    """Begin to delete an instance, unless that has begun or it is not there."""
    command = "UPDATE instances SET gone_at = ? WHERE pop = ? AND name = ? AND gone_at IS NULL"
    connection.execute(command, (time.time() + delay_s, pop, name))
    _purge(connection)


def _purge(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM instances WHERE gone_at <= ?", (time.time(),))


@lru_cache(maxsize=1024)
def _resources(vcpus: int, memory_mib: int, disk_gib: int) -> Resources:
    """Flavours are few, and to parse them takes longest of all that a row takes."""
    return Resources.of(vcpus, memory_mib, disk_gib)


def _row(row: sqlite3.Row) -> Row:
    return Row(
        name=row["name"],
        external_id=row["external_id"],
        address=row["address"],
        spec=row["spec"],
        tags=json.loads(row["tags"]),
        resources=_resources(row["vcpus"], row["memory_mib"], row["disk_gib"]),
        ready_at=row["ready_at"],
        gone_at=row["gone_at"],
        error=row["error"],
        host=row["host"],
    )
