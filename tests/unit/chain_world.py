"""A small world for the chain compiler: services placed on a ring of PoPs, and switches that obey rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import networkx as nx

from adaptors.chaining.compile import compile_network
from domain.descriptor import Descriptor
from domain.expansion import expand
from domain.instances import InstanceStatus, VimInstance, VimPort
from domain.networking import Ingress, Label, PopNetwork, Rule, ServiceNetwork
from domain.plans import Plan, Route, ServiceGraph

RING = {
    "north-east": ("north", "east", 2.0),
    "east-south": ("east", "south", 3.0),
    "south-west": ("south", "west", 5.0),
    "west-north": ("west", "north", 7.0),
}
POPS = ("north", "east", "south", "west")


def tunnel(physical_link: str) -> str:
    return f"wg-{physical_link}"


@dataclass(frozen=True)
class World:
    """A service placed by hand, and its network."""

    descriptor: Descriptor
    graph: ServiceGraph
    plan: Plan
    points: Mapping[str, VimInstance]
    network: ServiceNetwork

    def address(self, name: str) -> str:
        return self._port(name).address

    def interface(self, name: str) -> str:
        return self._port(name).switch_interface

    def pop(self, name: str) -> str:
        return {**self.plan.placements, **self.plan.endpoints}[name.partition(".")[0]]

    def _port(self, name: str) -> VimPort:
        holder, _, point = name.partition(".")
        return next(each for each in self.points[holder].ports if point in ("", each.connection_point))


def component(*points: str, instances: int = 1, **more: Any) -> dict[str, Any]:
    resources = {"vcpus": 1, "memory": "1 MiB"}
    return {
        "kind": "vnf",
        "image": "any",
        "resources": resources,
        "connection_points": points,
        "instances": instances,
        **more,
    }


def build(
    document: dict[str, Any],
    places: Mapping[str, str],
    routed: Iterable[str] = (),
    prefix: str = "p",
    points: Mapping[str, VimInstance] | None = None,
) -> World:
    """The world of a service; what `places` leaves out is in the north, what is in `points` is there."""
    head = {"api_version": "interlace/v1", "kind": "Service", "name": "shop", "version": "1"}
    links = {
        name: {"between": between, "bandwidth": "12 Mbit/s"} for name, between in document["links"].items()
    }
    descriptor = Descriptor.model_validate({**head, **document, "links": links})
    graph = expand("shop", descriptor)
    places = {
        **dict.fromkeys([*(i.name for i in graph.instances), *(e.name for e in graph.endpoints)], "north"),
        **places,
    }
    plan = _plan(graph, places)
    made = _points(descriptor, graph, frozenset(routed), prefix)
    made |= {name: each for name, each in (points or {}).items() if name in made}
    return joined(descriptor, graph, plan, made)


def joined(
    descriptor: Descriptor, graph: ServiceGraph, plan: Plan, points: Mapping[str, VimInstance]
) -> World:
    """The world of a service whose ports are known."""
    network = compile_network("shop-network", descriptor, graph, plan, points, tunnel)
    return World(descriptor, graph, plan, points, network)


def _plan(graph: ServiceGraph, places: Mapping[str, str]) -> Plan:
    return Plan(
        placements={each.name: places[each.name] for each in graph.instances},
        endpoints={each.name: places[each.name] for each in graph.endpoints},
        routes=tuple(
            _route(each.name, each.virtual_link, places[each.ends[0]], places[each.ends[1]])
            for each in graph.links
        ),
        cost_per_hour=0,
        currency="EUR",
        solver="hand",
        gap=0,
        solve_ms=0,
    )


def _route(link: str, virtual_link: str, start: str, end: str) -> Route:
    ring = nx.Graph()
    for name, (one, other, latency) in RING.items():
        ring.add_edge(one, other, name=name, weight=latency)
    pops = nx.shortest_path(ring, start, end, weight="weight")
    edges = [ring.edges[pair] for pair in pairwise(pops)]
    return Route(
        link=link,
        virtual_link=virtual_link,
        pops=tuple(pops),
        physical_links=tuple(each["name"] for each in edges),
        bandwidth_mbps=12,
        latency_ms=sum(each["weight"] for each in edges),
    )


def _points(
    descriptor: Descriptor, graph: ServiceGraph, routed: frozenset[str], prefix: str
) -> dict[str, VimInstance]:
    points = {each.name: descriptor.components[each.component].connection_points for each in graph.instances}
    points |= {each.name: ("wire",) for each in graph.endpoints}
    forwarding = {each.name for each in graph.instances if each.component in routed}
    count = iter(range(1, 10_000))
    return {
        name: VimInstance(
            name=f"shop-{name}" if prefix == "p" else f"shop-{name}-{prefix}",
            external_id=name,
            address="",
            status=InstanceStatus.RUNNING,
            tags={},
            resources=graph.instances[0].resources,
            forwarding="routed" if name in forwarding else "terminating",
            ports=tuple(_port(point, next(count), prefix) for point in names),
        )
        for name, names in points.items()
    }


def _port(point: str, number: int, prefix: str) -> VimPort:
    high, low = divmod(number, 250)
    return VimPort(
        connection_point=point,
        switch_interface=f"{prefix}{number}",
        mac=f"02:00:00:00:{high:02x}:{low:02x}",
        address=f"10.0.{high}.{low + 1}",
    )


@dataclass(frozen=True)
class Flow:
    """The header of a packet."""

    destination: str
    protocol: str = "tcp"
    source_port: int | None = 40000
    destination_port: int | None = 443
    label: Label | None = None


@dataclass
class Trip:
    """What a packet passed."""

    ports: list[str] = field(default_factory=list)
    """Names of those by which it entered and left instances, from its origin on."""
    rules: list[str] = field(default_factory=list)
    physical_links: list[str] = field(default_factory=list)
    arrivals: list[tuple[str, str, Label]] = field(default_factory=list)
    """PoP, interface and label of each arrival from the overlay."""
    exits: list[tuple[str, str]] = field(default_factory=list)
    """PoP and interface of each port by which it left a routed instance."""
    instance: str = ""
    """The one that it reached last, by its name in its VIM."""
    delivered: bool = False


class Switches:
    """The switches of all PoPs, with the rules of all given services, or of `parts` where these are given."""

    def __init__(self, *worlds: World, parts: Mapping[str, PopNetwork] | None = None) -> None:
        self._rules: dict[str, list[Rule]] = {}
        self._ports: dict[tuple[str, str], tuple[VimInstance, str, VimPort]] = {}
        for held in [world.network.pops for world in worlds] if parts is None else [parts]:
            for pop, part in held.items():
                self._rules.setdefault(pop, []).extend(part.rules)
        for world in worlds:
            for holder, machine in world.points.items():
                for port in machine.ports:
                    self._ports[world.pop(holder), port.switch_interface] = (machine, holder, port)

    def send(self, pop: str, interface: str, flow: Flow) -> Trip:
        """Follow a packet that an instance sends, or that is on its way, until it arrives or is dropped."""
        sent = (pop, interface) in self._ports
        trip = Trip(ports=[self._name(pop, interface)] if sent else [])
        for _ in range(100):
            rule = self._best(pop, interface, flow)
            if rule is None:
                return trip
            trip.rules.append(rule.name)
            flow = replace(flow, label=rule.label)
            if (pop, rule.out_interface) not in self._ports:
                physical_link = rule.out_interface.removeprefix("wg-")
                ends = RING[physical_link][:2]
                pop, interface = ends[1 - ends.index(pop)], rule.out_interface
                trip.physical_links.append(physical_link)
                trip.arrivals.append((pop, interface, rule.label))
                continue
            machine, _, port = self._ports[pop, rule.out_interface]
            assert rule.label.destination_mac == port.mac
            trip.ports.append(self._name(pop, rule.out_interface))
            trip.instance = machine.name
            if machine.forwarding == "terminating" or flow.destination in {p.address for p in machine.ports}:
                trip.delivered = flow.destination == port.address
                return trip
            exits = [each for each in machine.ports if each != port]
            interface, flow = exits[0].switch_interface, replace(flow, label=None)
            trip.ports.append(self._name(pop, interface))
            trip.exits.append((pop, interface))
        raise AssertionError("the packet goes in circles")

    def _name(self, pop: str, interface: str) -> str:
        _, holder, port = self._ports[pop, interface]
        return holder if port.connection_point == "wire" else f"{holder}.{port.connection_point}"

    def _best(self, pop: str, interface: str, flow: Flow) -> Rule | None:
        fitting = [
            each
            for each in self._rules.get(pop, [])
            if each.in_interface == interface
            and (
                _fits(each.ingress, flow)
                if each.ingress is not None
                else (pop, interface) not in self._ports and each.label == flow.label
            )
        ]
        best = [each for each in fitting if each.priority == max(one.priority for one in fitting)]
        assert len(best) <= 1, f"a switch might take either of {[each.name for each in best]}"
        return best[0] if best else None


def _fits(ingress: Ingress, flow: Flow) -> bool:
    shared = {"source_port": flow.source_port, "destination_port": flow.destination_port, None: None}
    port = shared[ingress.share_of]
    return (
        ingress.destination == flow.destination
        and ingress.protocol in ("any", flow.protocol)
        and (ingress.source_port is None or ingress.source_port == flow.source_port)
        and (ingress.destination_port is None or ingress.destination_port == flow.destination_port)
        and (
            ingress.share_of is None
            or (port is not None and port % (ingress.share_mask + 1) == ingress.share_value)
        )
    )
