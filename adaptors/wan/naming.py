"""Names, addresses and numbers that a link's parts have; all follow from its name and its number."""

from ipaddress import IPv4Address
from typing import Literal

from adaptors.machine.place import Place, short

End = Literal[0, 1]
"""Which of the two PoPs that a link is between."""
ENDS: tuple[End, End] = (0, 1)

WIRE_ENDS = ("end0", "end1")
"""The interfaces within the namespace of a link; `end0` leads to the first PoP."""

_UNDERLAY = IPv4Address("169.254.0.0")
_OVERLAY = IPv4Address("172.31.0.0")
_FIRST_PORT = 1 << 14
_FIRST_VNI = 1 << 14


INSIDE = "inside"
"""The interface of an edge that leads to its switch."""
WIRE = "wire"
"""The interface of an edge that leads to the link."""


def edge(place: Place, link: str, end: End) -> str:
    """The namespace between a switch and the wire. Names of links have no dots."""
    return f"{place.wan(link)}.{end}"


def uplink(link: str) -> str:
    """The interface of a switch's namespace that leads to the edge."""
    return f"w{short(link, 12)}"


def guard(place: Place, link: str, end: End) -> str:
    """The WireGuard interface: its control socket makes the name one of the whole machine."""
    return f"g{place.key}{short(link, 7)}{end}"


def guard_prefix(place: Place) -> str:
    """What the names of all WireGuard interfaces of a home begin with."""
    return f"g{place.key}"


def underlay(number: int, end: End) -> str:
    """The address of an edge on the wire."""
    return str(_UNDERLAY + 4 * number + 1 + end)


def overlay(number: int, end: End) -> str:
    """The address of a switch, between which the tunnel is."""
    return str(_OVERLAY + 4 * number + 1 + end)


def mac(number: int, end: End, place: Literal["wire", "inside", "uplink"]) -> str:
    """The Ethernet address of an interface."""
    return f"02:77:{ord(place[0]):02x}:{end:02x}:{number >> 8:02x}:{number & 0xFF:02x}"


def port(number: int) -> int:
    """WireGuard's UDP port: switches have a tunnel for each of their links."""
    return _FIRST_PORT + number


def vni(number: int) -> int:
    """The VXLAN's network identifier."""
    return _FIRST_VNI + number
