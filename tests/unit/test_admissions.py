"""What clouds are told of a service's network: who may speak to whom, and what is steered."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from adaptors.chaining.stages import staged
from adaptors.network.admissions import ANYBODY, admitted, complete
from domain.errors import InputError
from domain.instances import VimInstance
from domain.networking import Admission, ServiceNetwork
from domain.operation_plans import NetworkStage
from tests.unit.chain_world import World, build, component

SHOP: dict[str, Any] = {
    "endpoints": {"customers": {"pop": "north"}},
    "components": {
        "firewall": component("outside", "inside"),
        "web": component("http", "data", instances=2),
        "db": component("sql"),
    },
    "links": {
        "entry": ("customers", "firewall.outside"),
        "front": ("firewall.inside", "web.http"),
        "back": ("web.data", "db.sql"),
    },
    "chains": {
        "shopping": {
            "classifier": {"protocol": "tcp", "port": 80},
            "path": ("customers", "firewall.outside", "firewall.inside", "web.http"),
        }
    },
}


def told(world: World, **changed: VimInstance) -> ServiceNetwork:
    """What the clouds are told of a placed service; its users' ends are not in any of them."""
    points = {name: each for name, each in world.points.items() if name not in world.plan.endpoints}
    known = complete(world.descriptor, world.graph, {**points, **changed})
    return admitted("shop-network", world.descriptor, world.graph, world.plan, known)


def shop(places: Mapping[str, str], routed: Iterable[str] = ("firewall",)) -> World:
    return build(SHOP, places, routed)


def into(network: ServiceNetwork, target: str) -> list[Admission]:
    return [each for part in network.pops.values() for each in part.admissions if each.target == target]


def test_only_who_is_linked_is_admitted() -> None:
    world = shop({})
    db = world.points["db-1"].name
    webs = {world.points[f"web-{number}"].name for number in (1, 2)}
    assert {(each.source, each.connection_point) for each in into(told(world), db)} == {
        (web, "sql") for web in webs
    }


def test_users_are_admitted_to_what_their_chain_is_for() -> None:
    world = shop({})
    found = into(told(world), world.points["firewall-1"].name)
    assert [(each.protocol, each.port) for each in found if ANYBODY in each.sources] == [("tcp", 80)]


def test_users_of_a_plain_link_are_admitted_to_all_of_it() -> None:
    document = {
        "endpoints": {"customers": {"pop": "north"}},
        "components": {"web": component("http")},
        "links": {"entry": ("customers", "web.http")},
    }
    world = build(document, {})
    (found,) = into(told(world), world.points["web-1"].name)
    assert (found.sources, found.protocol, found.port) == ((ANYBODY,), "any", None)


def test_behind_a_function_the_origin_is_admitted_too_for_packets_keep_its_address() -> None:
    world = shop({})
    found = into(told(world), world.points["web-1"].name)
    assert any(ANYBODY in each.sources and each.port == 80 for each in found)


def test_who_is_at_another_pop_is_admitted_by_its_addresses_there() -> None:
    world = shop({"db-1": "south"})
    web = world.points["web-1"].model_copy(update={"sources": ("192.0.2.0/28",)})
    found = into(told(world, **{"web-1": web}), world.points["db-1"].name)
    other = f"{world.address('web-2.data')}/32"
    assert {(each.source, each.sources) for each in found} == {
        (None, ("192.0.2.0/28",)),
        (None, (other,)),
    }


def test_who_speaks_to_another_pop_is_let_out_to_whom_it_is_linked_with_and_nobody_else() -> None:
    world = shop({"db-1": "south"})
    network = told(world)
    db = f"{world.address('db-1.sql')}/32"
    webs = {world.points[f"web-{number}"].name for number in (1, 2)}
    assert {(each.source, each.destinations) for each in network.pops["north"].departures} == {
        (web, (db,)) for web in webs
    }
    assert {each.source for each in network.pops["south"].departures} == {world.points["db-1"].name}
    assert told(shop({})).pops["north"].departures == ()


def test_who_begins_a_chain_that_leaves_is_let_out_to_where_its_packets_are_addressed() -> None:
    document = {
        "components": {
            "client": component("out"),
            "firewall": component("outside", "inside"),
            "web": component("http"),
        },
        "links": {"one": ("client.out", "firewall.outside"), "two": ("firewall.inside", "web.http")},
        "chains": {
            "way": {
                "classifier": {"protocol": "tcp", "port": 80},
                "path": ("client.out", "firewall.outside", "firewall.inside", "web.http"),
            }
        },
    }
    world = build(document, {"firewall-1": "east"}, ("firewall",))
    client, web = world.points["client-1"].name, f"{world.address('web-1.http')}/32"
    found = told(world).pops[world.plan.placements["client-1"]].departures
    assert (client, (web,), "tcp", 80) in {(e.source, e.destinations, e.protocol, e.port) for e in found}


def test_an_instance_without_ports_is_known_by_its_address() -> None:
    world = shop({"db-1": "south"})
    bare = world.points["db-1"].model_copy(update={"ports": (), "address": "198.51.100.7"})
    found = into(told(world, **{"db-1": bare}), world.points["web-1"].name)
    assert ("198.51.100.7/32",) in {each.sources for each in found}


def test_who_has_no_address_yet_can_be_admitted_nowhere() -> None:
    world = shop({"db-1": "south"})
    bare = world.points["db-1"].model_copy(update={"ports": (), "address": ""})
    with pytest.raises(InputError, match=r"db-1.*no address"):
        told(world, **{"db-1": bare})


def test_a_function_is_steered_through_where_it_is() -> None:
    world = shop({"firewall-1": "east", "web-1": "south", "web-2": "south"})
    network = told(world)
    chains = {pop: part.chains for pop, part in network.pops.items()}
    assert len(chains["east"]) == 2 and not chains["south"]
    firewall = world.points["firewall-1"].name
    for chain in chains["east"]:
        assert (chain.protocol, chain.port, chain.source) == ("tcp", 80, None)
        assert [hop.ports for hop in chain.hops] == [((firewall, "outside", "inside"),)]
    assert {chain.destinations for chain in chains["east"]} == {
        (f"{world.address(f'web-{number}.http')}/32",) for number in (1, 2)
    }
    assert len({chain.name for chain in chains["east"]}) == 2


def test_targets_of_one_address_are_one_chain() -> None:
    world = shop({"firewall-1": "east", "web-1": "south", "web-2": "south"})
    shared = {
        name: world.points[name].model_copy(update={"ports": (), "address": "10.96.0.7"})
        for name in ("web-1", "web-2")
    }
    (chain,) = told(world, **shared).pops["east"].chains
    assert chain.destinations == ("10.96.0.7/32",)


def test_functions_at_two_pops_are_two_chains() -> None:
    document = {
        "components": {
            "client": component("out"),
            "firewall": component("outside", "inside"),
            "monitor": component("left", "right"),
            "web": component("http"),
        },
        "links": {
            "one": ("client.out", "firewall.outside"),
            "two": ("firewall.inside", "monitor.left"),
            "three": ("monitor.right", "web.http"),
        },
        "chains": {
            "way": {
                "path": (
                    "client.out",
                    "firewall.outside",
                    "firewall.inside",
                    "monitor.left",
                    "monitor.right",
                    "web.http",
                )
            }
        },
    }
    together = build(document, {}, ("firewall", "monitor"))
    (one,) = told(together).pops["north"].chains
    assert [len(hop.ports) for hop in one.hops] == [1, 1]
    assert one.source == (together.points["client-1"].name, "out")
    apart = told(build(document, {"monitor-1": "east"}, ("firewall", "monitor")))
    assert [len(apart.pops[pop].chains) for pop in ("north", "east")] == [1, 1]
    assert apart.pops["east"].chains[0].source is None


def test_while_a_network_changes_both_are_admitted_and_the_winner_steers() -> None:
    old, new = told(shop({})), told(shop({"db-1": "south"}))
    extend, switch = (staged(old, new, stage) for stage in (NetworkStage.EXTEND, NetworkStage.SWITCH))
    for stage in (extend, switch):
        for pop in ("north", "south"):
            parts = [network.pops[pop].admissions for network in (old, new) if pop in network.pops]
            assert set(stage[pop].admissions) == {each for part in parts for each in part}
    assert extend["north"].chains == old.pops["north"].chains
    assert switch["north"].chains == new.pops["north"].chains
    assert staged(old, new, NetworkStage.SETTLE)["north"] == new.pops["north"]


def test_what_is_gone_already_is_neither_admitted_nor_steered_through() -> None:
    world = shop({"firewall-1": "east"})
    network = told(world)
    firewall, web = (world.points[name].name for name in ("firewall-1", "web-1"))
    assert network.pops["east"].instances == {firewall}
    left = network.pops["east"].without({firewall})
    assert left.admissions == () and left.chains == ()
    north = network.pops["north"]
    assert {each.target for each in north.without({web}).admissions} == north.instances - {web}
    assert north.without(()) == north


def test_a_chain_goes_on_by_the_parallel_instances_that_are_left() -> None:
    document = {
        **SHOP,
        "components": {**SHOP["components"], "firewall": component("outside", "inside", instances=2)},
    }
    world = build(document, {}, ("firewall",))
    one, other = (world.points[f"firewall-{number}"].name for number in (1, 2))
    for chain in told(world).pops["north"].chains:
        left = chain.without({one})
        assert left is not None and [port[0] for port in left.hops[0].ports] == [other]
        assert chain.without({one, other}) is None
