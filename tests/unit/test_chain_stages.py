"""From one network to the next: whatever switch is ahead of the others, no packet ends where nobody is."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adaptors.chaining.detours import unsteady
from adaptors.chaining.stages import staged
from domain.instances import VimInstance
from domain.networking import Ingress, Label, PopNetwork, Rule, ServiceNetwork
from domain.operation_plans import NetworkStage
from domain.plans import Route
from tests.unit.chain_world import POPS, Flow, Switches, Trip, World, build, joined
from tests.unit.test_chain_compile import ROUTED, shop

EXTEND, SWITCH, SETTLE, _, _, RESTORE = NetworkStage

thorough = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)

COUNTED = (("firewall", 3), ("inspector", 2), ("balancer", 2), ("web", 3))


class Change:
    """Two worlds, the second made of the first."""

    def __init__(self, old: World, new: World) -> None:
        self.old, self.new = old, new

    def parts(self, stages: Mapping[str, NetworkStage | None]) -> dict[str, PopNetwork]:
        """What the PoPs hold, each in its stage; None: before the change."""
        held = {
            stage: staged(self.old.network, self.new.network, stage) if stage else self.old.network.pops
            for stage in set(stages.values())
        }
        return {pop: held[stage].get(pop) or PopNetwork(pop=pop) for pop, stage in stages.items()}

    def switches(self, stages: Mapping[str, NetworkStage | None]) -> Switches:
        return Switches(self.old, self.new, parts=self.parts(stages))

    def component(self, resource: str) -> str:
        return resource.removeprefix("shop-").rsplit("-", 1)[0].removesuffix("-new").rstrip("-123")


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Instances come, go, move, are built anew; those built anew may keep their addresses."""
    classifier: dict[str, Any] = draw(st.sampled_from([{"protocol": "tcp", "port": 443}, {}]))
    counts = [{name: draw(st.integers(1, most)) for name, most in COUNTED} for _ in range(2)]
    names = [f"{name}-{number + 1}" for name, most in COUNTED for number in range(most)] + ["database-1"]
    places = {name: draw(st.sampled_from(POPS)) for name in (*names, "customers")}
    old = build(shop(classifier, None, **counts[0]), places, ROUTED)
    anew = {name for name in names if name in old.points and draw(st.booleans())}
    moved = {name: draw(st.sampled_from(POPS)) if name in anew else place for name, place in places.items()}
    kept = {name: each for name, each in old.points.items() if name not in anew}
    bare = build(shop(classifier, None, **counts[1]), moved, ROUTED, "new", kept)
    keeping = {name for name in anew if name in bare.points and draw(st.booleans())}
    points = {
        name: successor(old.points[name], each)
        if name in keeping
        else elsewhere(each)
        if name not in kept
        else each
        for name, each in bare.points.items()
    }
    return Change(old, joined(bare.descriptor, bare.graph, bare.plan, points))


def elsewhere(made: VimInstance) -> VimInstance:
    """With addresses and MACs of its own."""
    ports = tuple(
        port.model_copy(
            update={
                "address": port.address.replace("10.0", "10.9", 1),
                "mac": port.mac.replace("02", "06", 1),
            }
        )
        for port in made.ports
    )
    return made.model_copy(update={"ports": ports})


def successor(old: VimInstance, made: VimInstance) -> VimInstance:
    """With the addresses of its predecessor, and MACs of its own."""
    ports = tuple(
        port.model_copy(update={"address": before.address})
        for before, port in zip(old.ports, elsewhere(made).ports, strict=True)
    )
    return made.model_copy(update={"ports": ports})


def talks(world: World) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Who sends what to whom, and what they answer."""
    for name in world.plan.placements:
        if name.startswith("balancer"):
            for source in (40000, 40001, 40002, 40006):
                request = {"source_port": source, "destination_port": 443}
                yield "customers", f"{name}.front", request
                yield f"{name}.front", "customers", {"source_port": 443, "destination_port": source}
            for web in (each for each in world.plan.placements if each.startswith("web")):
                yield f"{name}.back", f"{web}.http", {}
                yield f"{web}.http", f"{name}.back", {}
        if name.startswith("web"):
            yield f"{name}.data", "database-1.sql", {}
            yield "database-1.sql", f"{name}.data", {}


def sent(switches: Switches, world: World, start: str, end: str, ports: Mapping[str, int]) -> Trip:
    flow = Flow(world.address(end), **ports)  # type: ignore[arg-type]
    return switches.send(world.pop(start), world.interface(start), flow)


def mixtures(draw: Any, earlier: NetworkStage | None, later: NetworkStage) -> dict[str, NetworkStage | None]:
    ahead = draw(st.sets(st.sampled_from(POPS)))
    return {pop: later if pop in ahead else earlier for pop in POPS}


def holder(change: Change, name: str) -> set[str]:
    """What may take packets for an instance: itself as it was or as it will be."""
    name = name.partition(".")[0]
    return {world.points[name].name for world in (change.old, change.new) if name in world.points}


@thorough
@given(changes(), st.data())
@pytest.mark.parametrize(("earlier", "later"), [(None, EXTEND), (EXTEND, SWITCH)])
def test_what_spoke_before_goes_on_whatever_switch_is_ahead(
    earlier: NetworkStage | None, later: NetworkStage, change: Change, data: st.DataObject
) -> None:
    before = Switches(change.old)
    now = change.switches(mixtures(data.draw, earlier, later))
    for start, end, ports in talks(change.old):
        trip = sent(now, change.old, start, end, ports)
        assert trip.delivered, f"{start} to {end}: {trip}"
        assert trip.instance in holder(change, end)
        was = sent(before, change.old, start, end, ports)
        flow = Flow(change.old.address(end), **ports)  # type: ignore[arg-type]
        for pop, interface in was.exits:
            assert now.send(pop, interface, flow).delivered, "it was in a function when the switches changed"
        for pop, interface, label in was.arrivals:
            on = now.send(pop, interface, Flow(flow.destination, label=label, **ports))  # type: ignore[arg-type]
            assert on.delivered, "it was between two switches"


@thorough
@given(changes(), st.data())
@pytest.mark.parametrize(("earlier", "later"), [(EXTEND, SWITCH), (SWITCH, SETTLE)])
def test_what_has_come_by_the_new_way_gets_its_answers(
    earlier: NetworkStage, later: NetworkStage, change: Change, data: st.DataObject
) -> None:
    now = change.switches(mixtures(data.draw, earlier, later))
    told = {
        port.address for each in change.old.points.values() for port in each.ports
    }  # whoever was not there before is spoken to only once all have switched
    for start, end, ports in talks(change.new):
        if earlier is EXTEND and change.new.address(end) not in told:
            continue
        trip = sent(now, change.new, start, end, ports)
        assert trip.delivered, f"{start} to {end}: {trip}"
        assert trip.instance in holder(change, end)


@thorough
@given(changes())
def test_each_stage_alone_is_one_network_for_all(change: Change) -> None:
    for stage, world in ((EXTEND, change.old), (SWITCH, change.new), (SETTLE, change.new)):
        now = change.switches(dict.fromkeys(POPS, stage))
        for start, end, ports in talks(world):
            trip = sent(now, world, start, end, ports)
            alone = sent(Switches(world), world, start, end, ports)
            assert (trip.ports, trip.physical_links) == (alone.ports, alone.physical_links)


@thorough
@given(changes())
def test_who_is_new_speaks_with_everybody_before_the_switch(change: Change) -> None:
    now = change.switches(dict.fromkeys(POPS, EXTEND))
    addresses = {port.address for each in change.old.points.values() for port in each.ports}
    for start, end, ports in talks(change.new):
        if change.new.address(start) not in addresses and change.new.address(end) not in addresses:
            assert sent(now, change.new, start, end, ports).delivered


@thorough
@given(changes())
def test_rules_have_names_of_their_own_and_the_new_ones_keep_theirs(change: Change) -> None:
    for stage in NetworkStage:
        for pop, part in staged(change.old.network, change.new.network, stage).items():
            names = [rule.name for rule in part.rules]
            assert len(names) == len(set(names))
            deeds = [
                (rule.in_interface, rule.ingress, rule.priority, None if rule.ingress else rule.label)
                for rule in part.rules
            ]
            assert len(deeds) == len(set(deeds)), "no two rules take the same"
            if stage in (SWITCH, SETTLE):
                assert (
                    {rule.name: rule for rule in change.new.network.pops[pop].rules}.items()
                    <= {rule.name: rule for rule in part.rules}.items()
                    if pop in change.new.network.pops
                    else True
                )


def test_the_ends_of_a_change_are_the_networks_themselves() -> None:
    old, new = build(shop(), {}, ROUTED), build(shop(web=2), {"web-2": "east"}, ROUTED)
    assert staged(None, new.network, SETTLE) == new.network.pops
    assert staged(None, new.network, EXTEND) == staged(None, new.network, SWITCH) == new.network.pops
    assert staged(old.network, new.network, SETTLE) == new.network.pops
    back = staged(old.network, new.network, RESTORE)
    assert back.pop("east") == PopNetwork(pop="east"), "it has nothing of the network that is restored"
    assert back == old.network.pops
    assert all(part == PopNetwork(pop=pop) for pop, part in staged(None, old.network, RESTORE).items())
    for stage in (EXTEND, SWITCH):
        assert staged(old.network, old.network, stage) == old.network.pops


def test_shares_are_wide_enough_for_both_networks_and_routes_lead_to_all() -> None:
    old = build(shop(web=1), {"web-1": "east"}, ROUTED)
    kept = dict(old.points)
    new = build(shop(web=2), {"web-1": "east", "web-2": "south"}, ROUTED, "new", kept)
    for stage in (EXTEND, SWITCH):
        part = staged(old.network, new.network, stage)["north"]
        widths = {(each.name, each.physical_link): each.bandwidth_mbps for each in part.shares}
        for each in (*old.network.pops["north"].shares, *new.network.pops["north"].shares):
            assert widths[each.name, each.physical_link] >= each.bandwidth_mbps
        assert len(widths) == len(part.shares)
        routes = {route.destination for route in part.routes["shop-balancer-1"]}
        assert {new.address("web-1.http"), new.address("web-2.http")} <= routes


@pytest.mark.parametrize("ahead", list(product([False, True], repeat=4)))
@pytest.mark.parametrize(("earlier", "later"), [(None, EXTEND), (EXTEND, SWITCH), (SWITCH, SETTLE)])
def test_a_link_that_stays_may_change_its_way_over_the_wan(
    earlier: NetworkStage | None, later: NetworkStage, ahead: tuple[bool, ...]
) -> None:
    places = {"balancer-1": "south", "web-1": "south", "database-1": "south"}
    old = build(shop(), places, ROUTED)
    routes = tuple(_turned(route) if len(route.pops) > 2 else route for route in old.plan.routes)
    plan = old.plan.model_copy(update={"routes": routes})
    change = Change(old, joined(old.descriptor, old.graph, plan, old.points))
    assert change.new.network != old.network
    now = change.switches({pop: later if first else earlier for pop, first in zip(POPS, ahead, strict=True)})
    for start, end, ports in talks(old):
        assert sent(now, old, start, end, ports).delivered


def _turned(route: Route) -> Route:
    """The other way round the ring."""
    assert route.pops == ("north", "east", "south")
    links = ("west-north", "south-west")
    return route.model_copy(update={"pops": ("north", "west", "south"), "physical_links": links})


LABEL = Label(source_mac="02:00:00:00:00:01", destination_mac="02:00:00:00:00:02")
BACK_AND_FORTH = (
    {"s": "sp", "p": "pq", "q": "qr", "r": "rt", "t": "td", "d": "out"},
    {"s": "sr", "r": "rt", "t": "tp", "p": "pq", "q": "qd", "d": "out"},
)
"""PoP -> the link by which the label leaves: the new way passes r-t before p-q, the old one after it."""


def way(leaves: Mapping[str, str]) -> ServiceNetwork:
    """One label, led from PoP to PoP."""
    pops, arrived = {}, "in"
    for pop, out in leaves.items():
        ingress = Ingress(destination="10.0.0.1") if arrived == "in" else None
        rule = Rule(
            name=pop, in_interface=arrived, ingress=ingress, label=LABEL, out_interface=out, priority=100
        )
        pops[pop] = PopNetwork(pop=pop, rules=(rule,))
        arrived = out
    return ServiceNetwork(name="n", service="s", pops=pops, segments=())


def test_a_way_over_the_wan_that_turns_back_on_itself_is_told() -> None:
    old, new = map(way, BACK_AND_FORTH)
    [words] = unsteady(old, new)
    assert words.startswith("1 ways over the WAN turn back")
    assert unsteady(old, way({"s": "sp", "p": "pr", "r": "rt", "t": "td", "d": "out"})) == ()


def test_functions_that_stay_and_are_passed_in_another_order_are_told() -> None:
    forth, back = shop(), shop()
    turned = ["customers", "inspector.a", "inspector.b", "firewall.out", "firewall.in"]
    back["chains"]["shopping"]["path"] = [*turned, "balancer.front", "balancer.back", "web.http"]
    back["links"]["access"] = ["customers", "inspector.a"]
    back["links"]["inner"] = ["inspector.b", "firewall.out"]
    back["links"]["clean"] = ["firewall.in", "balancer.front"]
    old = build(forth, {}, ROUTED)
    new = build(back, {}, ROUTED, points=old.points)
    assert unsteady(old.network, old.network) == unsteady(None, old.network) == ()
    [words] = unsteady(old.network, new.network)
    assert words.startswith("chain shopping: functions that stay are passed in another order")
