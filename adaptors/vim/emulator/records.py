"""What the emulator knows of its instances and their ports, whatever happens to its processes."""

import sqlite3
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adaptors.machine.place import interface, port_interface
from adaptors.vim.emulator.addresses import free_address, free_mac
from domain.infrastructure import Resources
from domain.instances import HINTS, Forwarding, InstanceSpec, InstanceStatus, VimInstance, VimPort


@dataclass(frozen=True)
class Port:
    """A connection point: one interface of the instance and one of the switch."""

    number: int
    """From 1, in the order of the connection points."""
    connection_point: str
    interface: str
    switch_interface: str
    mac: str
    address: str


@dataclass(frozen=True)
class Record:
    """One instance."""

    spec: InstanceSpec
    external_id: str
    forwarding: Forwarding
    status: InstanceStatus
    detail: str
    created: float
    ports: tuple[Port, ...]

    @property
    def name(self) -> str:
        return self.spec.name

    def instance(self, status: InstanceStatus | None = None) -> VimInstance:
        """As the port shows it."""
        return VimInstance(
            name=self.name,
            external_id=self.external_id,
            address=self.ports[0].address if self.ports else "",
            status=status or self.status,
            tags=self.spec.tags,
            resources=self.spec.resources,
            forwarding=self.forwarding,
            ports=tuple(_shown(port) for port in self.ports),
        )

    def differences(self, spec: InstanceSpec) -> list[str]:
        """The fields in which the spec that this instance was made from is another.

        One that names just the addresses that the instance has been given is not.
        """
        specs = (self.spec, spec)
        mine, other = (each.model_dump(mode="json", exclude={"addresses", *HINTS}) for each in specs)
        given = {port.connection_point: port.address for port in self.ports}
        moved = any(given.get(point, address) != address for point, address in spec.addresses.items())
        found = sorted(key for key in mine.keys() | other.keys() if mine.get(key) != other.get(key))
        return [*found, *(["addresses"] if moved else [])]


def find(connection: sqlite3.Connection, name: str) -> Record | None:
    """The instance of that name, at whatever PoP."""
    row = connection.execute("SELECT * FROM instances WHERE name = ?", (name,)).fetchone()
    return None if row is None else _record(connection, row)


def everywhere(connection: sqlite3.Connection, pop: str | None = None) -> list[Record]:
    """All instances of a PoP, or of all, by name."""
    query = "SELECT * FROM instances WHERE ?1 IS NULL OR pop = ?1 ORDER BY name"
    return [_record(connection, row) for row in connection.execute(query, (pop,)).fetchall()]


def usage(connection: sqlite3.Connection, pop: str) -> Resources:
    """What a PoP's instances hold; each until it is gone."""
    used = Resources.of(0, 0, 0)
    for (spec,) in connection.execute("SELECT spec FROM instances WHERE pop = ?", (pop,)).fetchall():
        used += InstanceSpec.model_validate_json(spec).resources
    return used


def insert(connection: sqlite3.Connection, spec: InstanceSpec, forwarding: Forwarding) -> Record:
    """Begin to build an instance."""
    values = (
        spec.name,
        spec.pop,
        str(uuid.uuid4()),
        spec.model_dump_json(),
        forwarding,
        InstanceStatus.BUILD.value,
        "",
        time.time(),
    )
    connection.execute("INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    for number, point in enumerate(spec.connection_points, start=1):
        _insert_port(connection, spec, number, point)
    record = find(connection, spec.name)
    assert record is not None
    return record


def mark(connection: sqlite3.Connection, name: str, status: InstanceStatus, detail: str = "") -> None:
    """Note how an instance stands now."""
    command = "UPDATE instances SET status = ?, detail = ? WHERE name = ?"
    connection.execute(command, (status.value, detail, name))


def change(connection: sqlite3.Connection, spec: InstanceSpec) -> None:
    """Note what an instance has become after a change of its config."""
    connection.execute("UPDATE instances SET spec = ? WHERE name = ?", (spec.model_dump_json(), spec.name))


def forget(connection: sqlite3.Connection, name: str) -> None:
    """The instance is gone."""
    connection.execute("DELETE FROM instances WHERE name = ?", (name,))


def _insert_port(connection: sqlite3.Connection, spec: InstanceSpec, number: int, point: str) -> None:
    service = spec.tags["service"]
    instance = spec.tags["instance"]
    used = _column(connection, "SELECT address FROM ports WHERE service = ?", (service,))
    used |= frozenset(spec.addresses.values())
    macs = _column(connection, "SELECT mac FROM ports", ())
    values = (
        spec.name,
        number,
        point,
        interface(point),
        port_interface(spec.name, point),
        free_mac(spec.name, point, macs),
        spec.addresses.get(point) or free_address(instance if number == 1 else f"{instance}/{number}", used),
        service,
    )
    connection.execute("INSERT INTO ports VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)


def _column(connection: sqlite3.Connection, query: str, values: Sequence[Any]) -> frozenset[str]:
    return frozenset(row[0] for row in connection.execute(query, values))


def _record(connection: sqlite3.Connection, row: sqlite3.Row) -> Record:
    query = """SELECT number, connection_point, interface, switch_interface, mac, address
        FROM ports WHERE resource = ? ORDER BY number"""
    return Record(
        spec=InstanceSpec.model_validate_json(row["spec"]),
        external_id=row["external_id"],
        forwarding=row["forwarding"],
        status=InstanceStatus(row["status"]),
        detail=row["detail"],
        created=row["created"],
        ports=tuple(Port(**dict(each)) for each in connection.execute(query, (row["name"],))),
    )


def _shown(port: Port) -> VimPort:
    return VimPort(
        connection_point=port.connection_point,
        switch_interface=port.switch_interface,
        mac=port.mac,
        address=port.address,
    )
