"""The modelled world's instances. Time alone moves them: BUILD until `ready_at`, gone after `gone_at`."""

import hashlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, VimInstance

_ADDRESSES = 2**24


@dataclass(frozen=True)
class Row:
    """One instance of the world."""

    name: str
    external_id: str
    address: str
    spec: str
    tags: dict[str, str]
    resources: Resources
    ready_at: float
    gone_at: float | None

    def status(self) -> InstanceStatus:
        if self.gone_at is not None:
            return InstanceStatus.DELETING
        return InstanceStatus.RUNNING if self.ready_at <= time.time() else InstanceStatus.BUILD

    def instance(self) -> VimInstance:
        return VimInstance(
            name=self.name,
            external_id=self.external_id,
            address=self.address,
            status=self.status(),
            tags=self.tags,
            resources=self.resources,
        )

    def differences(self, spec: InstanceSpec) -> list[str]:
        """The fields in which the spec that this instance was made from is another."""
        mine, other = json.loads(self.spec), json.loads(spec.model_dump_json())
        return sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))


def find(connection: sqlite3.Connection, pop: str, name: str) -> Row | None:
    """The instance of that name that is not gone."""
    query = "SELECT * FROM instances WHERE pop = ? AND name = ? AND (gone_at IS NULL OR gone_at > ?)"
    row = connection.execute(query, (pop, name, time.time())).fetchone()
    return None if row is None else _row(row)


def of_pop(connection: sqlite3.Connection, pop: str) -> list[Row]:
    """All instances of a PoP that are not gone, by name."""
    query = "SELECT * FROM instances WHERE pop = ? AND (gone_at IS NULL OR gone_at > ?) ORDER BY name"
    return [_row(row) for row in connection.execute(query, (pop, time.time()))]


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
        _free_address(connection, spec.pop, spec.name),
        spec.model_dump_json(),
        json.dumps(spec.tags),
        spec.resources.vcpus,
        spec.resources.memory,
        spec.resources.disk,
        time.time() + delay_s,
    )
    connection.execute("INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)", values)


def mark_deleting(connection: sqlite3.Connection, pop: str, name: str, delay_s: float) -> None:
    """Begin to delete an instance, unless that has begun or it is not there."""
    command = "UPDATE instances SET gone_at = ? WHERE pop = ? AND name = ? AND gone_at IS NULL"
    connection.execute(command, (time.time() + delay_s, pop, name))
    _purge(connection)


def _purge(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM instances WHERE gone_at <= ?", (time.time(),))


def _free_address(connection: sqlite3.Connection, pop: str, name: str) -> str:
    """The first free address from the one that the names alone give, so a name tends to keep its own."""
    query = "SELECT 1 FROM instances WHERE address = ?"
    for address in _addresses(pop, name):
        if connection.execute(query, (address,)).fetchone() is None:
            return address
    raise sqlite3.IntegrityError("no address is free")


def _addresses(pop: str, name: str) -> Iterator[str]:
    start = (_hash(pop, 1) << 16) | _hash(f"{pop}/{name}", 2)
    for offset in range(_ADDRESSES):
        number = (start + offset) % _ADDRESSES
        if number & 0xFF not in (0, 0xFF):
            yield f"10.{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}"


def _hash(text: str, octets: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:octets], "big")


def _row(row: sqlite3.Row) -> Row:
    return Row(
        name=row["name"],
        external_id=row["external_id"],
        address=row["address"],
        spec=row["spec"],
        tags=json.loads(row["tags"]),
        resources=Resources.of(row["vcpus"], row["memory_mib"], row["disk_gib"]),
        ready_at=row["ready_at"],
        gone_at=row["gone_at"],
    )
