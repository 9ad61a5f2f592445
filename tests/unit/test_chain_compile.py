"""Compiled rules, obeyed by switches: packets go just the ways that the descriptor and the plan say."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import InputError
from domain.networking import HostRoute, Rule, Segment
from tests.unit.chain_world import POPS, RING, Flow, Switches, Trip, World, build, component

ROUTED = ("firewall", "inspector")
SPREAD = {"firewall-1": "east", "firewall-2": "west", "balancer-1": "south", "web-1": "west"}


def shop(
    classifier: Mapping[str, Any] | None = None, chains: Mapping[str, Any] | None = None, **instances: int
) -> dict[str, Any]:
    """Customers, through firewalls and inspectors, to balancers; these to web servers, and they to data."""

    def count(name: str) -> int:
        return instances.get(name, 1)

    path = ["customers", "firewall.out", "firewall.in", "inspector.a", "inspector.b"]
    path += ["balancer.front", "balancer.back", "web.http"]
    chosen = {"protocol": "tcp", "port": 443} if classifier is None else classifier
    shopping = {"classifier": chosen, "path": path}
    return {
        "endpoints": {"customers": {"pop": "north"}},
        "components": {
            "firewall": component("out", "in", instances=count("firewall")),
            "inspector": component("a", "b", instances=count("inspector")),
            "balancer": component("front", "back", instances=count("balancer")),
            "web": component(
                "http", "data", instances=count("web"), health_check={"type": "http", "port": 8080}
            ),
            "database": component("sql", health_check={"type": "tcp", "port": 5432}),
        },
        "links": {
            "access": ["customers", "firewall.out"],
            "inner": ["inspector.a", "firewall.in"],
            "clean": ["inspector.b", "balancer.front"],
            "pages": ["balancer.back", "web.http"],
            "queries": ["web.data", "database.sql"],
        },
        "chains": {"shopping": shopping, **(chains or {})},
    }


def send(switches: Switches, world: World, start: str, end: str, **header: Any) -> Trip:
    return switches.send(
        world.pop(start), world.interface(start), Flow(destination=world.address(end), **header)
    )


def rules(world: World) -> list[Rule]:
    return [rule for part in world.network.pops.values() for rule in part.rules]


def holders(trip: Trip) -> list[str]:
    return [name.partition(".")[0] for name in trip.ports]


def planned(world: World, trip: Trip) -> tuple[list[str], float]:
    """Physical links and latency that the plan has for the hops of a trip."""
    routes = {route.link.split("/", 1)[1]: route for route in world.plan.routes}
    links: list[str] = []
    latency = 0.0
    names = holders(trip)
    for one, other in zip(names[::2], names[1::2], strict=True):
        forward = routes.get(f"{one}/{other}")
        route = forward or routes[f"{other}/{one}"]
        links += route.physical_links if forward else route.physical_links[::-1]
        latency += route.latency_ms
    return links, latency


@st.composite
def worlds(draw: st.DrawFn) -> World:
    counts = {
        name: draw(st.integers(1, most))
        for name, most in (("firewall", 5), ("inspector", 2), ("balancer", 2), ("web", 2))
    }
    known: list[dict[str, Any]] = [{"protocol": "tcp", "port": 443}, {"protocol": "tcp"}, {}]
    classifier = draw(st.sampled_from(known))
    names = [f"{name}-{number + 1}" for name, count in counts.items() for number in range(count)]
    places = {name: draw(st.sampled_from(POPS)) for name in (*names, "database-1", "customers")}
    return build(shop(classifier, None, **counts), places, ROUTED)


thorough = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@thorough
@given(worlds(), st.integers(32768, 65535))
def test_packets_pass_the_chain_in_order_and_return_the_same_way(world: World, source: int) -> None:
    switches = Switches(world)
    for balancer in (each for each in world.plan.placements if each.startswith("balancer")):
        there = send(switches, world, "customers", f"{balancer}.front", source_port=source)
        back = send(
            switches, world, f"{balancer}.front", "customers", source_port=443, destination_port=source
        )
        assert there.delivered and back.delivered
        assert [name.split("-")[0] + name.partition(".")[2] for name in there.ports] == [
            "customers",
            *("firewallout", "firewallin", "inspectora", "inspectorb"),
            "balancerfront",
        ]
        assert back.ports == there.ports[::-1]
        assert back.physical_links == there.physical_links[::-1]
        assert there.physical_links == planned(world, there)[0]


@thorough
@given(worlds())
def test_a_probe_of_a_segment_passes_its_rules_with_the_planned_latency(world: World) -> None:
    switches = Switches(world)
    ports = {
        port.address: (holder, port) for holder, machine in world.points.items() for port in machine.ports
    }
    assert len({each.name for each in world.network.segments}) == len(world.network.segments)
    for segment in world.network.segments:
        holder, port = ports[segment.origin_address]
        trip = switches.send(segment.origin_pop, port.switch_interface, probe(segment))
        assert trip.delivered
        assert tuple(trip.rules) == segment.rules
        assert segment.latency_ms == planned(world, trip)[1]
        assert world.points[holder].name == segment.origin
        assert segment.target_pop == world.pop(trip.ports[-1])


def probe(segment: Segment) -> Flow:
    if segment.protocol == "icmp":
        return Flow(segment.target_address, "icmp", None, None)
    return Flow(segment.target_address, segment.protocol, 0xF000 | segment.share_value, segment.port or 9)


@thorough
@given(worlds(), st.sampled_from(["tcp", "udp", "icmp"]), st.integers(1, 65535))
def test_nobody_reaches_whom_it_is_not_joined_with(world: World, protocol: str, port: int) -> None:
    switches = Switches(world)
    joined = {frozenset(each.ends) for each in world.graph.links}
    chained = {frozenset(("customers", each)) for each in world.plan.placements if "balancer" in each}
    sockets = (None, None) if protocol == "icmp" else (port, port)
    for start, end in product(every_port(world), repeat=2):
        flow = Flow(world.address(end), protocol, *sockets)
        names = holders(switches.send(world.pop(start), world.interface(start), flow))
        assert all(frozenset(pair) in joined for pair in zip(names[::2], names[1::2], strict=False))
        if len(names) > 1 and not names[0].startswith(ROUTED):
            replies = names[0].startswith("balancer") and end.startswith("firewall") and end.endswith(".in")
            assert replies or frozenset((names[0], names[-1])) in joined | chained


def every_port(world: World) -> Iterator[str]:
    for holder, machine in world.points.items():
        for port in machine.ports:
            yield holder if port.connection_point == "wire" else f"{holder}.{port.connection_point}"


@thorough
@given(worlds())
def test_rules_have_unique_names_and_no_two_match_alike(world: World) -> None:
    names = [rule.name for rule in rules(world)]
    assert len(set(names)) == len(names)
    for part in world.network.pops.values():
        matches = [(r.in_interface, r.ingress, r.label if r.ingress is None else None) for r in part.rules]
        assert len(set(matches)) == len(matches)


@thorough
@given(worlds())
def test_shares_cover_every_physical_link_of_every_route_both_ways(world: World) -> None:
    shares = [share for part in world.network.pops.values() for share in part.shares]
    found = {(each.name, each.physical_link, each.from_pop) for each in shares}
    assert len(found) == len(shares)
    assert found == {
        (route.link, link, pop)
        for route in world.plan.routes
        for index, link in enumerate(route.physical_links)
        for pop in route.pops[index : index + 2]
    }
    assert all(share.from_pop in RING[share.physical_link][:2] for share in shares)
    for pop, part in world.network.pops.items():
        assert part.pop == pop and all(share.from_pop == pop for share in part.shares)


def test_a_share_has_the_label_of_the_traffic_that_leaves_there() -> None:
    world = build(shop(), {"firewall-1": "south"}, ROUTED)
    mac = {name: world.points[name].ports[0].mac for name in ("customers", "firewall-1")}
    shares = [s for part in world.network.pops.values() for s in part.shares if s.name.startswith("access")]
    assert [(s.from_pop, s.physical_link, s.label.source_mac, s.bandwidth_mbps) for s in shares] == [
        ("east", "east-south", mac["customers"], 12),
        ("east", "north-east", mac["firewall-1"], 12),
        ("north", "north-east", mac["customers"], 12),
        ("south", "east-south", mac["firewall-1"], 12),
    ]


def test_compiling_again_gives_the_same() -> None:
    assert build(shop(), SPREAD, ROUTED).network == build(shop(), SPREAD, ROUTED).network


@pytest.mark.parametrize("firewalls", [2, 3, 4, 5, 16, 17])
def test_flows_are_dealt_to_all_ways(firewalls: int) -> None:
    world = build(shop(firewall=firewalls), {}, ROUTED)
    trips = [
        send(Switches(world), world, "customers", "balancer-1.front", source_port=40000 + number)
        for number in range(32)
    ]
    used = [holders(trip)[1] for trip in trips]
    assert all(trip.delivered for trip in trips)
    assert len(set(used)) == firewalls
    counts = [used.count(name) for name in set(used)]
    assert max(counts) - min(counts) <= 2


def test_what_has_no_ports_goes_the_first_way() -> None:
    world = build(shop({"protocol": "any"}, firewall=2), {}, ROUTED)
    switches = Switches(world)
    header: dict[str, Any] = {"protocol": "icmp", "source_port": None, "destination_port": None}
    there = send(switches, world, "customers", "balancer-1.front", **header)
    back = send(switches, world, "balancer-1.front", "customers", **header)
    assert there.delivered and "firewall-1.out" in there.ports
    assert back.ports == there.ports[::-1]


@pytest.mark.parametrize(
    ("classifier", "taken", "dropped"),
    [
        ({"protocol": "tcp", "port": 443}, [("tcp", 443)], [("tcp", 80), ("udp", 443), ("icmp", None)]),
        ({"protocol": "any", "port": 53}, [("tcp", 53), ("udp", 53)], [("tcp", 80), ("icmp", None)]),
        ({"protocol": "udp"}, [("udp", 1), ("udp", 53)], [("tcp", 1), ("icmp", None)]),
        ({"protocol": "icmp"}, [("icmp", None)], [("tcp", 443)]),
        ({}, [("tcp", 1), ("udp", 2), ("icmp", None), ("sctp", None)], []),
    ],
)
@pytest.mark.parametrize("firewalls", [1, 2])
def test_a_chain_takes_what_its_classifier_says(
    classifier: dict[str, Any],
    taken: list[tuple[str, int | None]],
    dropped: list[tuple[str, int | None]],
    firewalls: int,
) -> None:
    world = build(shop(classifier, firewall=firewalls), {}, ROUTED)
    for protocol, port in (*taken, *dropped):
        source = None if port is None else 40000
        trip = send(
            *(Switches(world), world, "customers", "balancer-1.front"),
            protocol=protocol,
            source_port=source,
            destination_port=port,
        )
        assert trip.delivered == ((protocol, port) in taken)


def test_services_with_the_same_addresses_never_meet() -> None:
    one, other = build(shop(), SPREAD, ROUTED, "a"), build(shop(), {}, ROUTED, "b")
    inputs = [{(r.in_interface, r.ingress) for r in rules(world) if r.ingress} for world in (one, other)]
    assert not {interface for interface, _ in inputs[0]} & {interface for interface, _ in inputs[1]}
    assert {ingress for _, ingress in inputs[0]} == {ingress for _, ingress in inputs[1]}


def aims(world: World) -> list[tuple[str, str, int | None]]:
    return [(each.name, each.protocol, each.port) for each in world.network.segments]


def test_segments_are_probed_with_what_their_ends_understand() -> None:
    assert aims(build(shop(web=2), SPREAD, ROUTED)) == [
        ("shopping: customers > balancer-1.front", "tcp", 443),
        ("shopping: balancer-1.back > web-1.http", "tcp", 8080),
        ("shopping: balancer-1.back > web-2.http", "tcp", 8080),
        ("queries: web-1.data > database-1.sql", "tcp", 5432),
        ("queries: web-2.data > database-1.sql", "tcp", 5432),
    ]


@pytest.mark.parametrize(
    ("classifier", "firewalls", "aim"),
    [
        ({}, 1, ("icmp", None)),
        ({}, 2, ("tcp", None)),
        ({"protocol": "tcp"}, 1, ("tcp", None)),
        ({"protocol": "udp", "port": 53}, 2, ("udp", 53)),
        ({"protocol": "icmp"}, 1, ("icmp", None)),
        ({"port": 80}, 1, ("tcp", 80)),
    ],
)
def test_the_first_segment_is_probed_within_its_classifier(
    classifier: dict[str, Any], firewalls: int, aim: tuple[str, int | None]
) -> None:
    found = build(shop(classifier, firewall=firewalls), {}, ROUTED).network.segments[:firewalls]
    assert {(each.protocol, each.port) for each in found} == {aim}
    assert [(s.share_value, s.share_mask) for s in found] == [(n, firewalls - 1) for n in range(firewalls)]


def test_an_instance_knows_the_way_to_those_it_speaks_with() -> None:
    world = build(shop(), {}, ROUTED)
    routes = {
        resource: {(route.destination, route.connection_point) for route in found}
        for part in world.network.pops.values()
        for resource, found in part.routes.items()
    }
    at = world.address
    assert routes["shop-balancer-1"] == {
        (at("customers"), "front"),
        (at("inspector-1.b"), "front"),
        (at("firewall-1.in"), "front"),
        (at("web-1.http"), "back"),
    }
    assert routes["shop-firewall-1"] == {(at("customers"), "out"), (at("inspector-1.a"), "in")}
    assert routes["shop-customers"] == {(at("firewall-1.out"), "wire"), (at("balancer-1.front"), "wire")}


@thorough
@given(worlds(), st.integers(32768, 65535))
def test_replies_to_a_function_that_sends_under_its_own_address_come_back_the_same_way(
    world: World, source: int
) -> None:
    switches = Switches(world)
    there = send(switches, world, "customers", "balancer-1.front", source_port=source)
    firewall = holders(there)[1]
    replied = send(
        switches, world, "balancer-1.front", f"{firewall}.in", source_port=443, destination_port=source
    )
    assert replied.delivered
    assert replied.ports == there.ports[2:][::-1]
    routes = world.network.pops[world.pop("balancer-1")].routes["shop-balancer-1"]
    assert HostRoute(destination=world.address(f"{firewall}.in"), connection_point="front") in routes


def beside() -> dict[str, Any]:
    """A chain by a firewall between two that are joined directly as well."""
    return {
        "endpoints": {"customers": {"pop": "north"}},
        "components": {"firewall": component("out", "in"), "web": component("admin", "http")},
        "links": {
            "direct": ["customers", "web.http"],
            "access": ["customers", "firewall.out"],
            "clean": ["firewall.in", "web.http"],
        },
        "chains": {
            "pages": {
                "classifier": {"protocol": "tcp", "port": 80},
                "path": ["customers", "firewall.out", "firewall.in", "web.http"],
            }
        },
    }


def test_a_chain_goes_before_a_plain_link_and_leaves_it_the_rest() -> None:
    world = build(beside(), {}, ["firewall"])
    switches = Switches(world)
    chained = send(switches, world, "customers", "web-1.http", destination_port=80)
    plain = send(switches, world, "customers", "web-1.http", destination_port=22)
    assert holders(chained) == ["customers", "firewall-1", "firewall-1", "web-1"]
    assert holders(plain) == ["customers", "web-1"]
    assert [name for name, _, _ in aims(world)] == [
        "pages: customers > web-1.http",
        "direct: customers > web-1.http",
    ]


def test_a_link_whose_packets_all_go_by_a_chain_is_not_probed() -> None:
    document = beside()
    document["chains"]["pages"]["classifier"] = {}
    world = build(document, {}, ["firewall"])
    assert [name for name, _, _ in aims(world)] == ["pages: customers > web-1.http"]
    assert holders(send(Switches(world), world, "customers", "web-1.http")) == [
        *("customers", "firewall-1", "firewall-1", "web-1")
    ]


def test_a_server_may_answer_the_translator_in_front_of_it() -> None:
    world = build(shop(), SPREAD, ROUTED)
    trip = send(Switches(world), world, "balancer-1.front", "inspector-1.b", source_port=443)
    assert trip.delivered and trip.ports == ["balancer-1.front", "inspector-1.b"]


def test_a_routed_instance_that_no_chain_passes_is_pinged() -> None:
    document = beside() | {"chains": {}}
    world = build(document, {}, ["firewall"])
    assert aims(world) == [
        ("direct: customers > web-1.http", "icmp", None),
        ("access: customers > firewall-1.out", "icmp", None),
        ("clean: web-1.http > firewall-1.in", "icmp", None),
    ]


def test_a_chain_may_end_at_a_routed_instance() -> None:
    document = beside()
    document["chains"]["pages"]["path"] = ["customers", "firewall.out", "firewall.in"]
    world = build(document, {}, ["firewall"])
    assert ("pages: customers > firewall-1.out", "tcp", 80) in aims(world)


def test_a_narrower_chain_between_the_same_ends_goes_first() -> None:
    document = beside()
    document["chains"]["rest"] = {"path": ["customers", "web.http"]}
    world = build(document, {}, ["firewall"])
    switches = Switches(world)
    assert "firewall-1" in holders(send(switches, world, "customers", "web-1.http", destination_port=80))
    assert "firewall-1" not in holders(send(switches, world, "customers", "web-1.http", destination_port=81))


def refusal(document: dict[str, Any], *routed: str) -> str:
    with pytest.raises(InputError) as caught:
        build(document, {}, routed)
    return str(caught.value)


def test_chains_that_contradict_each_other_are_refused() -> None:
    document = beside()
    document["chains"]["rest"] = {
        "classifier": {"protocol": "tcp", "port": 80},
        "path": ["customers", "web.http"],
    }
    assert "chains 'pages', 'rest' lead the same packets different ways" in refusal(document, "firewall")


def test_a_chain_that_would_catch_the_packets_of_another_at_a_common_instance_is_refused() -> None:
    document = shop({}, {"audit": {"path": ["auditors", "firewall.out", "firewall.in", "balancer.front"]}})
    document["endpoints"]["auditors"] = {"pop": "south"}
    document["links"] |= {"audits": ["auditors", "firewall.out"], "short": ["firewall.in", "balancer.front"]}
    assert "chains 'audit', 'shopping'" in refusal(document, *ROUTED)
    document["chains"]["audit"]["classifier"] = {"protocol": "tcp", "port": 22}
    assert "chains 'audit', 'shopping'" in refusal(document, *ROUTED)


def test_a_routed_component_must_be_left_by_another_point() -> None:
    document = beside()
    document["links"]["clean"] = ["firewall.out", "web.http"]
    document["chains"]["pages"]["path"] = ["customers", "firewall.out", "web.http"]
    assert refusal(document, "firewall") == (
        "chain 'pages' passes through component 'firewall' but enters and leaves it by the same"
        " connection point, 'out'"
    )
    document["components"]["firewall"]["connection_points"] = ["out"]
    assert refusal(document, "firewall") == (
        "chain 'pages' passes through component 'firewall', which routes packets but has only one"
        " connection point"
    )


def test_a_chain_may_not_lead_back_to_where_it_began() -> None:
    document = beside()
    document["links"]["clean"] = ["firewall.in", "customers"]
    document["chains"]["pages"]["path"] = ["customers", "firewall.out", "firewall.in", "customers"]
    assert refusal(document, "firewall") == "chain 'pages' leads from 'customers' back to itself"


def test_parallel_ways_do_not_hide_another_chain_with_the_same_classifier() -> None:
    document = beside()
    document["components"]["firewall"]["instances"] = 2
    document["chains"]["rest"] = {
        "classifier": document["chains"]["pages"]["classifier"],
        "path": ["customers", "web.http"],
    }
    assert "chains 'pages', 'rest' lead the same packets different ways" in refusal(document, "firewall")


def test_where_a_chain_and_a_link_lead_to_one_address_by_two_points_the_chain_is_used() -> None:
    document: dict[str, Any] = {
        "components": {
            "app": component("near", "guarded"),
            "firewall": component("out", "in"),
            "database": component("sql"),
        },
        "links": {
            "direct": ["app.near", "database.sql"],
            "outer": ["app.guarded", "firewall.out"],
            "inner": ["firewall.in", "database.sql"],
        },
        "chains": {"queries": {"path": ["app.guarded", "firewall.out", "firewall.in", "database.sql"]}},
    }
    world = build(document, {}, ["firewall"])
    found = {route.destination: route for route in world.network.pops["north"].routes["shop-app-1"]}
    assert found[world.address("database-1.sql")].connection_point == "guarded"
    assert [name for name, _, _ in aims(world)] == ["queries: app-1.guarded > database-1.sql"]
