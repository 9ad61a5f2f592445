"""Addresses of modelled instances: one each, given by their names alone or asked for by their specs."""

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address

from domain.instances import InstanceSpec

_ADDRESSES = 2**24


def address_asked(spec: InstanceSpec) -> str | None:
    """What a spec asks for; a modelled instance has one address, that of its first connection point."""
    return spec.addresses.get(spec.connection_points[0]) if spec.connection_points else None


def address_for(connection: sqlite3.Connection, spec: InstanceSpec) -> str:
    """The address that the spec asks for; else the first free one, so a name tends to keep its own."""
    return address_asked(spec) or _free(connection, spec.pop, spec.name)


def complaint(connection: sqlite3.Connection, spec: InstanceSpec) -> str | None:
    """Why an instance cannot have the address that its spec asks for; None where it can.

    Only another instance of its service is in its way: a predecessor is to be replaced, and the addresses of
    two services may overlap.
    """
    address = address_asked(spec)
    if address is None:
        return None
    try:
        IPv4Address(address)
    except AddressValueError as error:
        return f"address {address!r} is not IPv4: {error}"
    query = """SELECT name, pop, tags FROM instances
        WHERE address = ? AND service = ? AND (gone_at IS NULL OR gone_at > ?)"""
    for name, pop, tags in connection.execute(query, (address, spec.tags["service"], time.time())):
        if json.loads(tags)["instance"] != spec.tags["instance"]:
            return f"address {address} is taken by instance {name} at PoP {pop}"
    return None


def _free(connection: sqlite3.Connection, pop: str, name: str) -> str:
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
