"""How many bits a packet of a service takes on the wire, so that what is reserved is what services get."""

from adaptors.machine.mtu import TENANT_MTU

_ETHERNET = 14
_VXLAN = _ETHERNET + 20 + 8 + 8
_WIREGUARD = 20 + 8 + 32 + _ETHERNET
"""Added to what the qdisc of a WireGuard interface counts."""
_SUPERFRAMES = 1.06
"""Segments of a superframe are encrypted one by one, but the qdisc counts the headers of that once."""


def overhead(encrypted: bool) -> int:
    """Bytes on the wire beyond those that the qdisc of the tunnel counts, for each packet."""
    return _WIREGUARD if encrypted else 0


def counted_mbps(mbps: float, encrypted: bool) -> float:
    """Rate on the wire of so many Mbit/s of full IP packets."""
    full = TENANT_MTU + _VXLAN + (_WIREGUARD if encrypted else _ETHERNET)
    return mbps * full / TENANT_MTU


def wire_mbps(mbps: float, encrypted: bool) -> float:
    """Rate of a wire that carries so many Mbit/s of IP packets, whatever the mixture of reservations."""
    return counted_mbps(mbps, encrypted) * _SUPERFRAMES
