"""Addresses of instances: the same for the same name, unique within a service, and nowhere else.

The hash leaves the service out, so the addresses of two services do overlap: what keeps their packets apart
is steering, as between real tenants.
"""

import hashlib
from collections.abc import Collection, Iterator

GATEWAY_MAC = "02:00:00:00:00:fe"

_FIRST = 2**16  # 10.0.0.0/16 is left free
_ADDRESSES = 2**24


def free_address(instance: str, taken: Collection[str]) -> str:
    """The first free address of 10.0.0.0/8 from the one that the instance's own name gives."""
    return next(address for address in _addresses(instance) if address not in taken)


def free_mac(resource: str, connection_point: str, taken: Collection[str]) -> str:
    """A MAC that the names alone give, unless another port has it."""
    return next(mac for mac in _macs(f"{resource}/{connection_point}") if mac not in taken)


def gateway(number: int) -> str:
    """The next hop behind a port, by its number from 1; a permanent neighbour: nobody answers ARP."""
    return f"169.254.{number}.1"


def _addresses(text: str) -> Iterator[str]:
    start = int.from_bytes(_digest(text)[:4], "big")
    for offset in range(_ADDRESSES):
        number = _FIRST + (start + offset) % (_ADDRESSES - _FIRST)
        if number & 0xFF not in (0, 0xFF):
            yield f"10.{number >> 16}.{number >> 8 & 0xFF}.{number & 0xFF}"


def _macs(text: str) -> Iterator[str]:
    for attempt in range(_ADDRESSES):
        mac = ":".join(["02", *(f"{octet:02x}" for octet in _digest(f"{text}#{attempt}")[:5])])
        if mac != GATEWAY_MAC:
            yield mac


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
