"""What Nova's diagnostics tell of servers; most clouds tell them to administrators only."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from openstack.compute.v2.server import Server
from openstack.exceptions import ConflictException, NotFoundException

from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.servers import Point, points_of, servers_of
from adaptors.vim.port import Figures, PortCounters

_NS = 1e-9


def measured(place: Place, names: Collection[str]) -> dict[str, Figures]:
    """Instance -> what is measured of it; of one that does not run, or has just gone, nothing is."""
    servers = servers_of(place.connection, place.pop)
    known: dict[str, Server] = {each.name: each for each in reversed(servers) if each.name in names}
    found = {}
    for name, server in known.items():
        try:
            told = place.compute.get_server_diagnostics(server.id)
        except (ConflictException, NotFoundException):
            continue
        found[name] = figures(told, points_of(server))
    return found


def figures(told: Any, points: Iterable[Point]) -> Figures:
    """Of a server's diagnostics, whichever of them its hypervisor knows. Pure."""
    times = [each["time"] for each in told.cpu_details or () if each.get("time") is not None]
    memory = (told.memory_details or {}).get("used")
    cards = {str(each.get("mac_address", "")).lower(): each for each in told.nic_details or ()}
    return Figures(
        cpu_s=sum(times) * _NS if times else None,
        memory_mib=memory or None,
        ports={
            point.connection_point: _port(cards[point.mac.lower()])
            for point in points
            if point.connection_point and point.mac.lower() in cards
        },
    )


def _port(card: Mapping[str, Any]) -> PortCounters:
    return PortCounters(
        rx_packets=card.get("rx_packets") or 0,
        rx_bytes=card.get("rx_octets") or 0,
        rx_dropped=card.get("rx_drop") or 0,
        tx_packets=card.get("tx_packets") or 0,
        tx_bytes=card.get("tx_octets") or 0,
        tx_dropped=card.get("tx_drop") or 0,
    )
