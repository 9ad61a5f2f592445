"""Which connection point of an instance leads to whom."""

from collections.abc import Iterable

from adaptors.chaining.hops import End, Hop
from adaptors.chaining.stretches import Stretch
from domain.networking import HostRoute

Routes = dict[str, dict[str, tuple[HostRoute, ...]]]
"""PoP -> resource -> its routes."""

_BY_CHAIN, _BY_LINK = 0, 1


def host_routes(hops: Iterable[Hop], stretches: Iterable[Stretch]) -> Routes:
    """To the peers that an instance itself speaks with; not to those whose packets only pass through it.

    A target may get packets under the address of any routed instance that they came through.

    Where two connection points lead to the same address, a chain's goes first, then that declared first.
    """
    wanted: list[tuple[int, End, str]] = []
    for each in stretches:
        wanted += [(_BY_CHAIN, *peer) for peer in _both(each.origin, each.target)]
        for way in each.ways:
            wanted += [(_BY_LINK, each.target, exit_.port.address) for _, exit_ in each.inner_exits(way)]
    for hop in hops:
        wanted += [(_BY_LINK, *peer) for peer in _both(hop.start, hop.end)]
    found: dict[tuple[str, str], dict[str, End]] = {}
    for _, end, address in sorted(wanted, key=lambda each: (each[0], each[1].order)):
        found.setdefault((end.pop, end.resource), {}).setdefault(address, end)
    routes: Routes = {}
    for (pop, resource), ways in sorted(found.items()):
        routes.setdefault(pop, {})[resource] = tuple(
            HostRoute(destination=address, connection_point=end.port.connection_point)
            for address, end in sorted(ways.items(), key=lambda each: each[1].order)
        )
    return routes


def leads_to(routes: Routes, start: End, end: End) -> bool:
    """Whether an instance sends by this end what it has for the other."""
    wanted = HostRoute(destination=end.port.address, connection_point=start.port.connection_point)
    return wanted in routes[start.pop][start.resource]


def _both(one: End, other: End) -> list[tuple[End, str]]:
    return [(one, other.port.address), (other, one.port.address)]
