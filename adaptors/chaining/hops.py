"""A placed service as ends and hops: where packets enter and leave, and the stretches of link between."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from domain.descriptor import Descriptor
from domain.errors import InputError
from domain.instances import VimInstance, VimPort
from domain.networking import Label
from domain.plans import GraphLink, Plan, Route, ServiceGraph
from domain.semantics import owner

T = TypeVar("T")


@dataclass(frozen=True)
class End:
    """A port of a placed instance or endpoint."""

    name: str
    """`web-1.data`, or the name of an endpoint."""
    holder: str
    """The instance or endpoint."""
    component: str
    """Of the instance; an endpoint's own name."""
    resource: str
    """The holder's name in its VIM."""
    pop: str
    port: VimPort
    order: int
    """Of the port among the holder's."""
    routed: bool
    """Packets pass through the holder, rather than end there."""


@dataclass(frozen=True)
class Hop:
    """One part of a virtual link in one direction, with its way over the WAN."""

    link: GraphLink
    start: End
    end: End
    pops: tuple[str, ...]
    physical_links: tuple[str, ...]
    """Those between one PoP and the next."""
    bandwidth_mbps: float
    latency_ms: float

    @property
    def label(self) -> Label:
        return Label(source_mac=self.start.port.mac, destination_mac=self.end.port.mac)

    def back(self) -> "Hop":
        """The same in the other direction."""
        return Hop(
            self.link,
            self.end,
            self.start,
            self.pops[::-1],
            self.physical_links[::-1],
            self.bandwidth_mbps,
            self.latency_ms,
        )


def hops(
    descriptor: Descriptor, graph: ServiceGraph, plan: Plan, points: Mapping[str, VimInstance]
) -> dict[str, Hop]:
    """Name of each graph link -> the hop from its first end to its second."""
    places = {**plan.placements, **plan.endpoints}
    routes = {route.link: route for route in plan.routes}
    return {
        link.name: _hop(
            link,
            _find(routes, link.name, "route of the plan"),
            *(
                _end(port, holder, places, points)
                for port, holder in zip(descriptor.links[link.virtual_link].between, link.ends, strict=True)
            ),
        )
        for link in graph.links
    }


def _hop(link: GraphLink, route: Route, start: End, end: End) -> Hop:
    return Hop(link, start, end, route.pops, route.physical_links, route.bandwidth_mbps, route.latency_ms)


def _end(port: str, holder: str, places: Mapping[str, str], points: Mapping[str, VimInstance]) -> End:
    machine = _find(points, holder, "instance in a VIM")
    point = port.partition(".")[2]
    found = [
        (order, each)
        for order, each in enumerate(machine.ports)
        if not point or each.connection_point == point
    ]
    if not found:
        raise InputError(f"{machine.name} has no port {point or holder!r} in its VIM")
    order, vim_port = found[0]
    return End(
        name=f"{holder}.{point}" if point else holder,
        holder=holder,
        component=owner(port),
        resource=machine.name,
        pop=_find(places, holder, "PoP in the plan"),
        port=vim_port,
        order=order,
        routed=machine.forwarding == "routed",
    )


def _find(known: Mapping[str, T], name: str, what: str) -> T:
    if name not in known:
        raise InputError(f"{name}: no {what}")
    return known[name]
