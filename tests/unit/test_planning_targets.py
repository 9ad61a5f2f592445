"""What each operation aims at: what changes, what stays, and in which words a request is refused."""

from typing import Any

import pytest

from domain.deployments import Adjustment
from domain.errors import InfeasibleError, InputError, UnknownError
from domain.infrastructure import Location, Prices, Resources
from domain.names import OperationKind
from domain.steering import Survey
from placement.topology import Usage
from planning.in_place import to_be_counted
from planning.scope import scope
from planning.target import ALL_AT_ONCE
from tests.unit.target_world import HERE, Shop, changed, descriptor, infrastructure, newer, single, usage_of

SCALE, MIGRATE, HEAL, UPDATE = (
    OperationKind.SCALE,
    OperationKind.MIGRATE,
    OperationKind.HEAL,
    OperationKind.UPDATE,
)
BIG = {"vcpus": 2, "memory": "2 GiB"}


@pytest.fixture(scope="module")
def shop() -> Shop:
    """On north but for web-2, which is on south."""
    return Shop()


def refused(shop: Shop, kind: OperationKind, error: type[Exception] = InputError, **request: Any) -> str:
    with pytest.raises(error) as caught:
        shop.deployed(kind, **request)
    return str(caught.value)


# --- what stays --------------------------------------------------------------------------------------


def test_the_shop_of_these_tests(shop: Shop) -> None:
    assert {name for name, pop in shop.places.items() if pop != "north"} == {"web-2"}
    assert shop.places["web-2"] == "south"


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        (SCALE, {"component": "web", "by": 1}),
        (MIGRATE, {"moves": {"balancer": "west"}}),
        (HEAL, {"instances": ["web-2"], "force": True}),
    ],
)
def test_all_else_stays_though_elsewhere_is_cheaper(
    shop: Shop, kind: OperationKind, request_: dict[str, Any]
) -> None:
    dear = changed(HERE, "north", prices=Prices(vcpu_hour=9.0))
    after = shop.on(dear).deployed(kind, **request_)
    moved = {"balancer-1"} if kind is MIGRATE else set()
    for name, pop in shop.places.items():
        assert name in moved or after.plan.placements[name] == pop


def test_what_the_infrastructure_no_longer_suits_leaves_and_is_told(shop: Shop) -> None:
    poorer = shop.on(changed(HERE, "north", capabilities=frozenset()))
    aim = poorer.target(SCALE, component="web", by=1)
    assert aim.notes == ("firewall-1 leaves north: it needs dpdk (only south)",)
    assert poorer.deployed(SCALE, component="web", by=1).plan.placements["firewall-1"] == "south"


def test_an_endpoint_by_location_stays_though_a_nearer_pop_was_added() -> None:
    located = descriptor(("users: {pop: north}", "users: {location: {latitude: 50, longitude: 10}}"))
    where = changed(HERE, "north", location=Location(latitude=52, longitude=10))
    shop = Shop(located, where)
    assert shop.now.plan.endpoints == {"users": "north"}
    nearer = shop.on(changed(where, "west", location=Location(latitude=50, longitude=10)))
    assert nearer.deployed(SCALE, component="web", by=1).plan.endpoints == {"users": "north"}


def test_a_target_keeps_the_graph_free_of_pins(shop: Shop) -> None:
    aim = shop.target(SCALE, component="web", by=1)
    assert all(part.allowed_pops is None for part in aim.graph.instances)
    pinned = {part.name: part.allowed_pops for part in aim.asked.instances}
    assert pinned == {**{name: frozenset({pop}) for name, pop in shop.places.items()}, "web-3": None}


def test_nothing_runs() -> None:
    shop = Shop()
    shop.running = None
    assert refused(shop, SCALE, UnknownError, component="web", by=1) == (
        "no service s1 runs: instantiate it first"
    )


def test_where_an_instance_was_tried_in_vain_it_is_not_placed_again(shop: Shop) -> None:
    new = Shop.__new__(Shop)
    new.described, new.where, new.turn, new.running = shop.described, HERE, 1, None
    avoid = {"database-1": frozenset({"north", "south"})}
    made = new.deployed(OperationKind.INSTANTIATE, descriptor="shop", avoid=avoid)
    assert made.plan.placements["database-1"] == "west"
    healed = shop.target(HEAL, survey=shop.ailing("web-1"), avoid={"web-1": frozenset({"north"})})
    assert "web-1 leaves north: it was tried there in vain" in healed.notes
    text = refused(
        shop, MIGRATE, InfeasibleError, moves={"web-1": "west"}, avoid={"web-1": frozenset({"west"})}
    )
    assert text == "web-1 is to move to west, where it was tried in vain: choose another PoP"


# --- scale -------------------------------------------------------------------------------------------


def test_scaling_out_builds_the_next_numbers(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="web", instances=4)
    assert shop.rebuilt(after) == {"web-3", "web-4"}
    assert after.adjustments == {"web": Adjustment(instances=4)}
    assert sum(link.bandwidth_mbps for link in after.graph.links if link.virtual_link == "pages") == 20


def test_scaling_in_removes_the_highest_numbers(shop: Shop) -> None:
    after = shop.after(SCALE, component="web", by=2).deployed(SCALE, component="web", by=-1)
    assert [one.name for one in after.instances if one.component == "web"] == ["web-1", "web-2", "web-3"]


def test_back_to_the_described_number_nothing_is_adjusted(shop: Shop) -> None:
    more = shop.after(SCALE, component="web", by=1)
    assert more.deployed(SCALE, component="web", by=-1).adjustments == {}


def test_the_next_scaling_keeps_what_the_last_one_changed(shop: Shop) -> None:
    more = shop.after(SCALE, component="web", by=1).after(SCALE, component="web", resources=BIG)
    assert more.now.adjustments["web"].instances == 3
    assert {one.resources.vcpus for one in more.now.instances if one.component == "web"} == {2}
    again = more.deployed(SCALE, component="firewall", image="firewall:2")
    assert set(again.adjustments) == {"web", "firewall"}


@pytest.mark.parametrize("change", [{"resources": BIG}, {"image": "web:9"}])
def test_another_flavour_or_image_builds_all_instances_anew_where_they_are(
    shop: Shop, change: dict[str, Any]
) -> None:
    after = shop.deployed(SCALE, component="web", **change)
    assert shop.rebuilt(after) == {"web-1", "web-2"}
    assert after.plan.placements == shop.places


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"component": "wep", "by": 1}, "s1 has no component 'wep'; did you mean 'web'?"),
        ({"component": "users", "by": 1}, "users is an endpoint: only components are scaled"),
        ({"component": "web", "instances": 5}, "web has 2 instances; its descriptor allows 1 to 4: not 5"),
        ({"component": "web", "by": 3}, "web has 2 instances; its descriptor allows 1 to 4: +3 makes 5"),
        ({"component": "web", "by": -2}, "web has 2 instances; its descriptor allows 1 to 4: -2 makes 0"),
        (
            {"component": "database", "by": 2},
            "database has 1 instance, and its descriptor allows no other number (+2 makes 3): give"
            " components.database of a new version `scaling: {min: 1, max: 3}`, and update to it",
        ),
        ({"component": "database", "by": -1}, "database has 1 instance: -1 makes 0, but one is the least"),
        ({"component": "web", "instances": 2}, "web has 2 instances already"),
        ({"component": "web", "image": "web:1"}, "web runs web:1 already"),
        (
            {"component": "web", "resources": {"vcpus": 1, "memory": "1 GiB"}, "instances": 2},
            "web has 2 instances already;"
            " web has 1 vcpu, 1024 MiB of memory and 0 GiB of disk for each instance already",
        ),
    ],
)
def test_scalings_that_are_refused(shop: Shop, request_: dict[str, Any], words: str) -> None:
    assert refused(shop, SCALE, **request_) == words


def test_what_is_so_already_is_told_where_something_else_changes(shop: Shop) -> None:
    aim = shop.target(SCALE, component="web", instances=2, image="web:2")
    assert aim.notes == ("web has 2 instances already",)


def test_a_service_does_not_grow_beyond_what_can_be_placed() -> None:
    wide = ("{min: 1, max: 2}", "{min: 1, max: 1000}")
    many = ("image: balancer:1", "image: balancer:1\n    instances: 11")
    shop = Shop(newer(wide, many))
    text = refused(shop, SCALE, component="firewall", instances=1000)
    assert text == "links.clean: 11000 instance pairs; at most 10000 are allowed"


def test_scaling_a_service_with_dead_instances_is_allowed(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="web", by=1, survey=shop.ailing("balancer-1"))
    assert shop.rebuilt(after) == {"web-3"}


def test_an_instance_that_stays_needs_no_room_but_one_that_is_exchanged_does() -> None:
    full = Shop(where=infrastructure(north=5))
    assert full.deployed(SCALE, component="web", by=1)
    text = refused(full, SCALE, InfeasibleError, component="balancer", resources=BIG)
    assert text == ("balancer-1 fits on no PoP: may run on north only; north has 0 of 5 vcpus free, needs 2")


def test_one_that_never_runs_twice_takes_its_predecessors_room() -> None:
    full = Shop(where=infrastructure(north=5))
    assert "balancer-1 fits on no PoP" in refused(
        full, SCALE, InfeasibleError, component="balancer", image="balancer:2"
    )
    for survey in (single("balancer:1"), single("balancer:2")):
        aim = full.target(SCALE, component="balancer", image="balancer:2", survey=survey)
        assert aim.ends_first == {"balancer-1"}
        assert full.placed(aim, Usage()).plan.placements == full.places


def test_by_its_descriptor_too_an_instance_never_runs_twice() -> None:
    alone = descriptor(("image: database:1", "image: database:1\n    lifecycle: {single: true}"))
    shop = Shop(alone)
    assert shop.target(SCALE, component="web", by=1).ends_first == {"database-1"}


# --- migrate -----------------------------------------------------------------------------------------


def test_a_component_moves_with_all_its_instances_and_an_instance_alone(shop: Shop) -> None:
    after = shop.deployed(MIGRATE, moves={"database": "west", "web-2": "east"})
    assert after.plan.placements == {**shop.places, "database-1": "west", "web-2": "east"}
    assert shop.rebuilt(after) == {"database-1", "web-2"}


def test_what_is_said_of_an_instance_goes_before_what_is_said_of_its_component(shop: Shop) -> None:
    after = shop.deployed(MIGRATE, moves={"web-1": "west", "web": "east"})
    assert (after.plan.placements["web-1"], after.plan.placements["web-2"]) == ("west", "east")


def test_what_of_a_component_is_there_already_stays(shop: Shop) -> None:
    free = Shop(descriptor(("  anti_affinity: [[web]]\n", "  anti_affinity: []\n")))
    apart = free.after(MIGRATE, moves={"web-2": "west"})
    after = apart.deployed(MIGRATE, moves={"web": "west"})
    assert apart.rebuilt(after) == {"web-1"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"moves": {"wep": "west"}}, "s1 has no component or instance 'wep'; did you mean 'web'?"),
        ({"moves": {"web": "wets"}}, "there is no PoP 'wets'; did you mean 'west'?"),
        ({"moves": {"database": "north"}}, "database is on north already"),
        (
            {"moves": {"users": "south"}},
            "users is an endpoint: its descriptor says where it is, in a new version say",
        ),
        ({"moves": {"firewall": "west"}}, "firewall-1 cannot be on west: it needs dpdk (only north, south)"),
        (
            {"moves": {"database": "east"}},
            "database-1 cannot be on east: its descriptor forbids region outback",
        ),
        (
            {"moves": {"web-1": "south"}},
            "web-1 must not share a PoP with web-2: both would be on south",
        ),
        ({"evacuate": "wets"}, "there is no PoP 'wets'; did you mean 'west'?"),
        ({"evacuate": "west"}, "s1 has nothing on west"),
        ({"optimise": True}, "nothing moves: no other placement saves more than its moves would cost"),
    ],
)
def test_moves_that_are_refused(shop: Shop, request_: dict[str, Any], words: str) -> None:
    assert refused(shop, MIGRATE, **request_) == words


def test_what_must_share_a_pop_moves_together() -> None:
    shop = Shop(descriptor(("  anti_affinity: [[web]]\n", "  affinity: [[balancer, database]]\n")))
    text = refused(shop, MIGRATE, moves={"database": "west"})
    assert text == "database-1 must share a PoP with balancer-1: move them to west as well"
    after = shop.deployed(MIGRATE, moves={"database": "west", "balancer": "west"})
    assert shop.rebuilt(after) == {"database-1", "balancer-1"}


def test_a_pop_without_room_is_told_with_what_it_has(shop: Shop) -> None:
    tight = shop.on(infrastructure(west=1))
    text = refused(tight, MIGRATE, InfeasibleError, moves={"database": "west"})
    assert text.startswith("database-1 fits on no PoP: may run on west only")
    assert text.endswith("west has 1 of 1 vcpus free, needs 2")


def test_an_evacuated_pop_is_left_by_all_but_the_endpoints(shop: Shop) -> None:
    aim = shop.target(MIGRATE, evacuate="north")
    assert aim.notes == ("endpoint users stays on north: there the service meets its users",)
    after = shop.deployed(MIGRATE, evacuate="north")
    assert "north" not in after.plan.placements.values()
    assert after.plan.placements["web-2"] == "south"
    assert after.plan.endpoints == {"users": "north"}


def test_only_an_endpoint_is_no_reason_to_evacuate(shop: Shop) -> None:
    away = shop.after(MIGRATE, evacuate="north")
    assert refused(away, MIGRATE, evacuate="north") == (
        "s1 has nothing on north but the endpoint users, and endpoints are not moved"
    )


def test_a_component_leaves_the_pops_where_it_is_and_all_else_stays(shop: Shop) -> None:
    after = shop.deployed(MIGRATE, leave=("database",))
    assert shop.rebuilt(after) == {"database-1"}
    assert after.plan.placements["database-1"] == "south", "the cheapest of the others"
    both = shop.deployed(MIGRATE, leave=("web",))
    moved = {both.plan.placements[name] for name in ("web-1", "web-2")}
    assert moved == {"west", "east"}, "they do not change places"


def test_several_components_leave_together(shop: Shop) -> None:
    after = shop.deployed(MIGRATE, leave=("database", "balancer"))
    assert shop.rebuilt(after) == {"database-1", "balancer-1"}


@pytest.mark.parametrize(
    ("component", "words"),
    [
        ("wbe", "s1 has no component or instance 'wbe'; did you mean 'web'?"),
        ("web-1", "web-1 is an instance: name its component, web, or say where it is to go"),
        ("users", "users is an endpoint: its descriptor says where it is, in a new version say"),
    ],
)
def test_what_cannot_leave_is_refused(shop: Shop, component: str, words: str) -> None:
    assert refused(shop, MIGRATE, leave=(component,)) == words


def test_what_may_be_nowhere_else_does_not_leave(shop: Shop) -> None:
    plain = shop.on(changed(HERE, "south", capabilities=frozenset()))
    assert refused(plain, MIGRATE, InfeasibleError, leave=("firewall",)) == (
        "firewall-1 cannot leave north: not on east: it needs dpdk (only north);"
        " not on south: it needs dpdk (only north); not on west: it needs dpdk (only north)"
    )
    full = shop.on(infrastructure(south=1, west=1, east=1))
    assert refused(full, MIGRATE, InfeasibleError, leave=("database",)).startswith(
        "database-1 fits on no PoP"
    )


def test_what_must_share_a_pop_leaves_together() -> None:
    shop = Shop(descriptor(("  anti_affinity: [[web]]\n", "  affinity: [[balancer, database]]\n")))
    text = refused(shop, MIGRATE, leave=("database",))
    assert text == "database-1 must share a PoP with balancer-1: let them leave as well"
    after = shop.deployed(MIGRATE, leave=("database", "balancer"))
    assert shop.rebuilt(after) == {"database-1", "balancer-1"}
    assert after.plan.placements["database-1"] == after.plan.placements["balancer-1"] != "north"


def test_optimising_moves_what_saves_more_than_it_costs(shop: Shop) -> None:
    away = shop.after(MIGRATE, moves={"database": "west", "balancer": "south"})
    cheap = away.deployed(MIGRATE, optimise=True, move_cost_per_hour=0.0)
    assert away.rebuilt(cheap) == {"database-1", "balancer-1"}
    some = away.deployed(MIGRATE, optimise=True, move_cost_per_hour=0.02)
    assert away.rebuilt(some) == {"database-1"}, "2 vcpus save 0.04, one saves 0.01"
    assert "nothing moves" in refused(away, MIGRATE, optimise=True, move_cost_per_hour=1)


# --- heal --------------------------------------------------------------------------------------------


def test_all_that_are_ill_are_built_anew_where_they_are(shop: Shop) -> None:
    survey = shop.ailing("web-1", "database-1")
    aim = shop.target(HEAL, survey=survey)
    assert aim.anew == {"web-1", "database-1"}
    assert aim.ends_first == {"web-1", "database-1"}
    assert aim.surge == ALL_AT_ONCE
    assert "web-1: its process ended" in aim.notes
    after = shop.placed(aim, Usage())
    assert after.plan.placements == shop.places
    assert shop.rebuilt(after) == {"web-1", "database-1"}


def test_one_that_is_named_is_healed_alone(shop: Shop) -> None:
    after = shop.deployed(HEAL, survey=shop.ailing("web-1", "database-1"), instances=["web-1"])
    assert shop.rebuilt(after) == {"web-1"}


def test_a_healthy_one_is_built_anew_by_force_beside_the_old(shop: Shop) -> None:
    aim = shop.target(HEAL, instances=["web-1"], force=True)
    assert aim.anew == {"web-1"}
    assert aim.ends_first == frozenset()
    assert "web-1" not in aim.standing.instances


def test_a_full_pop_is_no_hindrance_to_healing_in_place() -> None:
    full = Shop(where=infrastructure(north=5))
    after = full.deployed(HEAL, survey=full.ailing("database-1", "balancer-1"))
    assert after.plan.placements == full.places


def test_healing_elsewhere(shop: Shop) -> None:
    after = shop.deployed(HEAL, survey=shop.ailing("database-1"), elsewhere=True)
    assert after.plan.placements == {**shop.places, "database-1": "south"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "nothing to heal: all 5 instances are healthy"),
        ({"instances": ["web-1"]}, "web-1 is healthy; --force builds anew what is"),
        ({"instances": ["web-1", "web-2"]}, "web-1, web-2 are healthy; --force builds anew what is"),
        ({"instances": ["wep-1"]}, "s1 has no instance 'wep-1'; did you mean 'web-1'?"),
        ({"instances": ["web"]}, "web is a component: name its instances, web-1, web-2"),
        ({"lost_pops": ["suoth"]}, "there is no PoP 'suoth'; did you mean 'south'?"),
        ({"lost_pops": ["west"]}, "s1 has nothing on west; it uses north, south"),
    ],
)
def test_healings_that_are_refused(shop: Shop, request_: dict[str, Any], words: str) -> None:
    assert refused(shop, HEAL, **request_) == words


def test_one_ill_and_one_healthy_named_is_refused_for_the_healthy(shop: Shop) -> None:
    survey = shop.ailing("web-1")
    text = refused(shop, HEAL, survey=survey, instances=["web-1", "web-2"])
    assert text == "web-2 is healthy; --force builds anew what is"
    assert shop.rebuilt(shop.deployed(HEAL, survey=survey, instances=["web-1", "web-2"], force=True)) == {
        "web-1",
        "web-2",
    }


def test_a_pop_that_does_not_answer_is_told_in_its_own_words(shop: Shop) -> None:
    survey = shop.ailing("web-1", south="no route to host")
    assert refused(shop, HEAL, survey=survey) == (
        "south does not answer, so nobody can tell how web-2 is: no route to host;"
        " wait until it does, or say that it is lost (--lost south)"
    )
    healed = shop.deployed(HEAL, survey=survey, instances=["web-1"])
    assert shop.rebuilt(healed) == {"web-1"}
    elsewhere = shop.deployed(HEAL, survey=survey, instances=["web-1"], elsewhere=True)
    assert elsewhere.plan.placements["web-1"] == "west", "not on the one that does not answer"


def test_what_ran_on_a_lost_pop_is_built_elsewhere(shop: Shop) -> None:
    survey = Survey(silent={"south": "no route to host"})
    aim = shop.target(HEAL, survey=survey, lost_pops=["south"])
    assert aim.anew == {"web-2"}
    assert aim.unreachable == {"south"}
    assert aim.ends_first == frozenset(), "nothing can be deleted there"
    assert aim.notes == ("web-2 leaves south: the PoP is lost",)
    after = shop.placed(aim, Usage())
    assert after.plan.placements["web-2"] == "west"
    assert all("south" not in route.pops for route in after.plan.routes)


def test_a_way_through_a_lost_pop_is_laid_anew(shop: Shop) -> None:
    far = shop.after(MIGRATE, moves={"web-2": "west"})
    through = [route for route in far.now.plan.routes if len(route.pops) == 3]
    (between,) = {route.pops[1] for route in through}
    after = far.deployed(HEAL, lost_pops=[between])
    assert far.rebuilt(after) == set()
    assert all(between not in route.pops for route in after.plan.routes)


def test_an_endpoint_on_a_lost_pop_is_told(shop: Shop) -> None:
    assert refused(shop, HEAL, InfeasibleError, lost_pops=["north"]) == (
        "endpoint users is on north, which is lost: the service meets its users there,"
        " and only an update to a version with the endpoint elsewhere can change that"
    )


# --- update ------------------------------------------------------------------------------------------


def test_only_what_the_new_version_changes_is_built_anew(shop: Shop) -> None:
    after = shop.deployed(UPDATE, to=newer(("image: web:1", "image: web:2")), surge=2)
    assert shop.rebuilt(after) == {"web-1", "web-2"}
    assert after.version == "2.0.0"
    assert after.plan.placements == shop.places


def test_the_surge_is_the_requests(shop: Shop) -> None:
    assert shop.target(UPDATE, to=newer()).surge == 1
    assert shop.target(UPDATE, to=newer(), surge=3).surge == 3
    assert shop.target(SCALE, component="web", by=1, surge=2).surge == 2
    assert shop.target(MIGRATE, evacuate="south").surge == ALL_AT_ONCE


def test_components_come_and_go(shop: Shop) -> None:
    cache = newer(
        (
            "  database:\n",
            "  cache: {kind: vnf, image: c, resources: {vcpus: 1, memory: 1 GiB},"
            " connection_points: [a]}\n  database:\n",
        ),
    )
    with_cache = shop.after(UPDATE, to=cache)
    assert "cache-1" in with_cache.places
    back = with_cache.deployed(UPDATE, to=descriptor())
    assert "cache-1" not in back.plan.placements
    assert with_cache.rebuilt(back) == set()


@pytest.mark.parametrize(
    ("version", "request_", "words"),
    [
        ("1.0.0", {}, "s1 runs shop 1.0.0 already"),
        (
            "1.0.0",
            {"reset": True},
            "s1 runs shop 1.0.0 already, and no Scale has changed what a reset would forget",
        ),
        (
            "2.0.0",
            {"descriptor": "pair"},
            "pair is the descriptor of another service: s1 is made from shop,"
            " and an update goes to another version of that",
        ),
    ],
)
def test_updates_that_are_refused(shop: Shop, version: str, request_: dict[str, Any], words: str) -> None:
    assert refused(shop, UPDATE, to=newer(version=version), **request_) == words


def test_a_descriptor_of_another_name_is_refused_whatever_the_request_says(shop: Shop) -> None:
    other = newer(("name: shop", "name: pair"))
    assert "pair is the descriptor of another service" in refused(shop, UPDATE, to=other)


def test_what_was_scaled_is_kept_where_the_new_version_allows_it(shop: Shop) -> None:
    scaled = shop.after(SCALE, component="web", instances=4, resources=BIG)
    kept = scaled.target(UPDATE, to=newer(("{min: 1, max: 4}", "{min: 2, max: 5}")))
    assert kept.adjustments["web"].instances == 4
    assert kept.notes == (
        "web keeps its 4 instances, as scaled",
        "web keeps the flavour that a Scale gave it",
    )
    less = scaled.target(UPDATE, to=newer(("{min: 1, max: 4}", "{min: 1, max: 3}")))
    assert less.adjustments["web"] == Adjustment(resources=Resources.of(2, 2048, 0))
    assert "web goes from 4 instances to 2: this version allows 1 to 3" in less.notes


def test_a_scaled_image_stays_as_long_as_the_descriptors_own_does(shop: Shop) -> None:
    scaled = shop.after(SCALE, component="web", image="quick-web:1")
    assert scaled.target(UPDATE, to=newer()).adjustments["web"].image == "quick-web:1"
    changed = scaled.target(UPDATE, to=newer(("image: web:1", "image: web:2")))
    assert changed.adjustments == {}
    assert changed.notes == ("web goes from the image quick-web:1 to this version's web:2",)
    assert {each.image for name, each in changed.wanted.items() if "web" in name} == {"web:2"}


def test_a_reset_forgets_what_was_scaled(shop: Shop) -> None:
    scaled = shop.after(SCALE, component="web", instances=3, image="quick-web:1")
    after = scaled.deployed(UPDATE, to=descriptor(), reset=True)
    assert (after.adjustments, after.version) == ({}, "1.0.0")
    assert scaled.rebuilt(after) == {"web-1", "web-2"}
    assert "web-3" not in after.plan.placements


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ([("image: database:1", "image: database:1\n    requires: [dpdk]")], set()),
        ([("forbidden_regions: [outback]", "forbidden_pops: [north]")], {"database-1"}),
        ([("[[web]]", "[[web], [balancer, database]]")], {"database-1"}),
        ([("anti_affinity: [[web]]", "affinity: [[web, database]]")], {"web-2"}),
    ],
    ids=["suits", "rule", "anti-affinity", "affinity"],
)
def test_what_the_new_rules_do_not_suit_is_placed_anew_and_nothing_else(
    shop: Shop, changes: list[tuple[str, str]], moved: set[str]
) -> None:
    after = shop.deployed(UPDATE, to=newer(*changes))
    assert len(shop.rebuilt(after)) == len(moved)
    if "balancer, database" not in changes[0][1]:
        assert shop.rebuilt(after) == moved


def test_what_is_too_slow_for_the_new_version_moves(shop: Shop) -> None:
    far = shop.after(MIGRATE, moves={"database": "west"})
    queries = "queries: {between: [web.data, database.sql], bandwidth: 10 Mbit/s"
    assert far.rebuilt(far.deployed(UPDATE, to=newer((queries, queries + ", latency: 9 ms")))) == set()
    after = far.deployed(UPDATE, to=newer((queries, queries + ", latency: 3 ms")))
    assert far.rebuilt(after) == {"database-1"}


# --- what an operator gave one instance alone --------------------------------------------------------


EDITED = {"image": "patched-web:1", "resources": Resources.of(3, 3072, 0), "config": {"a": 1}}


def edited(shop: Shop) -> Shop:
    return shop.edited("web-1", environment={"LOG": "long"}, **EDITED)


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        (SCALE, {"component": "web", "by": 1}),
        (MIGRATE, {"moves": {"web-1": "west"}}),
        (HEAL, {"instances": ["web-1"], "force": True}),
        (UPDATE, {"to": newer(("image: balancer:1", "image: balancer:2"))}),
    ],
)
def test_edits_of_one_instance_are_carried_over(
    shop: Shop, kind: OperationKind, request_: dict[str, Any]
) -> None:
    one = edited(shop).deployed(kind, **request_).instance("web-1")
    assert one is not None
    assert {name: getattr(one, name) for name in EDITED} == EDITED
    assert one.environment == {"LOG": "long"}


def test_an_edited_instance_is_placed_by_its_own_flavour(shop: Shop) -> None:
    text = refused(edited(shop).on(infrastructure(west=2)), MIGRATE, InfeasibleError, moves={"web-1": "west"})
    assert "west has 2 of 2 vcpus free, needs 3" in text


@pytest.mark.parametrize(
    ("change", "kept"),
    [({"image": "web:9"}, "resources"), ({"resources": BIG}, "image"), ({"image": "web:1"}, "resources")],
)
def test_a_scaling_of_all_goes_before_an_edit_of_one(shop: Shop, change: dict[str, Any], kept: str) -> None:
    one = edited(shop).deployed(SCALE, component="web", **change).instance("web-1")
    assert one is not None
    for name in EDITED.keys() - change.keys() - {kept}:
        assert getattr(one, name) == EDITED[name]
    assert getattr(one, kept) == EDITED[kept]
    for name in change:
        assert getattr(one, name) != EDITED[name]


@pytest.mark.parametrize(
    ("old", "new", "field", "value"),
    [
        ("image: web:1", "image: web:2", "image", "web:2"),
        ("LOG: short}", "LOG: none}", "environment", {}),
    ],
)
def test_an_update_of_that_very_field_goes_before_an_edit(
    shop: Shop, old: str, new: str, field: str, value: object
) -> None:
    one = edited(shop).deployed(UPDATE, to=newer((old, new))).instance("web-1")
    assert one is not None
    assert getattr(one, field) == value
    assert one.resources == EDITED["resources"]


# --- what is to be asked -----------------------------------------------------------------------------


def test_the_scope_of_a_heal_is_every_instance_but_those_of_lost_pops(shop: Shop) -> None:
    aim = shop.request(HEAL)
    found = scope(HEAL, aim, shop.now, shop.described)
    assert found.instances == {"modelled": {one.resource: one.pop for one in shop.now.instances}}
    lost = scope(HEAL, shop.request(HEAL, lost_pops=["south"]), shop.now, shop.described)
    assert set(lost.instances["modelled"].values()) == {"north"}


@pytest.mark.parametrize(
    ("kind", "request_", "new"),
    [
        (SCALE, {"component": "web", "image": "web:9"}, {"web:9"}),
        (SCALE, {"component": "web", "by": 1}, set()),
        (MIGRATE, {"moves": {"web": "west"}}, set()),
        (UPDATE, {}, {"web:2"}),
    ],
)
def test_the_scope_of_other_operations_is_images_old_and_new(
    shop: Shop, kind: OperationKind, request_: dict[str, Any], new: set[str]
) -> None:
    wanted = newer(("image: web:1", "image: web:2")) if kind is UPDATE else shop.described
    found = scope(kind, shop.request(kind, **request_), shop.now, wanted)
    assert set(found.images["modelled"]) == {"firewall:1", "balancer:1", "web:1", "database:1"} | new
    assert found.instances == {}


def test_nothing_is_asked_where_nothing_runs_or_all_goes(shop: Shop) -> None:
    new = shop.request(OperationKind.INSTANTIATE, descriptor="shop")
    assert scope(OperationKind.INSTANTIATE, new, None, shop.described) == scope(
        OperationKind.TERMINATE, shop.request(OperationKind.TERMINATE), shop.now, None
    )


# --- in place ----------------------------------------------------------------------------------------


def test_what_is_resized_in_place_stays_itself(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="web", resources=BIG, in_place=True)
    assert after.resources == shop.now.resources
    assert {one.resources.vcpus for one in after.instances if one.component == "web"} == {2}
    assert after.plan.routes == shop.now.plan.routes
    more = shop.deployed(SCALE, component="web", resources=BIG, instances=3, in_place=True)
    assert shop.rebuilt(more) == {"web-3"}


def test_the_next_operation_takes_it_as_it_is(shop: Shop) -> None:
    grown = shop.after(SCALE, component="web", resources=BIG, in_place=True)
    assert grown.rebuilt(grown.deployed(SCALE, component="web", by=1)) == {"web-3"}
    assert grown.rebuilt(grown.deployed(MIGRATE, moves={"firewall-1": "south"})) == {"firewall-1"}
    assert refused(grown, SCALE, component="web", resources=BIG, in_place=True).endswith("already")


def test_in_place_only_what_is_new_needs_room(shop: Shop) -> None:
    """Side by side old and new would not fit."""
    tight = Usage(pops={shop.places["database-1"]: Resources.of(0, 0, 0)})
    here = shop.places["database-1"]
    held = sum(one.resources.vcpus for one in shop.now.instances if one.pop == here)
    full = changed(HERE, here, capacity=Resources.of(held + 1, 65536, 100))
    cramped = shop.on(full)
    wanted = {"component": "database", "resources": {"vcpus": 3, "memory": "4 GiB"}}
    with pytest.raises(InfeasibleError):
        cramped.deployed(SCALE, tight, **wanted)
    assert cramped.rebuilt(cramped.deployed(SCALE, tight, in_place=True, **wanted)) == set()
    more = {"component": "database", "resources": {"vcpus": 4, "memory": "4 GiB"}}
    with pytest.raises(InfeasibleError):
        cramped.deployed(SCALE, tight, in_place=True, **more)


@pytest.mark.parametrize(
    ("resources", "left"),
    [((3, 8192, 0), (0, 0, 0)), ((1, 2048, 0), (1, 2048, 0)), ((3, 2048, 0), (0, 2048, 0))],
)
def test_what_is_given_up_in_place_is_not_free_yet(
    shop: Shop, resources: tuple[int, int, int], left: tuple[int, int, int]
) -> None:
    aim = shop.target(SCALE, component="database", resources=Resources.of(*resources), in_place=True)
    where = shop.places["database-1"]
    used = usage_of(shop.running, Usage()).pops
    counted = to_be_counted(used, aim, shop.running)
    (old,) = [one.resources for one in shop.now.instances if one.name == "database-1"]
    others = Resources.of(
        used[where].vcpus - old.vcpus, used[where].memory - old.memory, used[where].disk - old.disk
    )
    assert counted[where] == others + Resources.of(*left)
    assert {pop: each for pop, each in counted.items() if pop != where} == {
        pop: each for pop, each in used.items() if pop != where
    }


def test_rehosting_changes_nothing_of_the_deployment(shop: Shop) -> None:
    aim = shop.target(MIGRATE, rehost=["web", "firewall-1", "web-2"], cold=True)
    assert (aim.rehosted, aim.live) == (("web-1", "web-2", "firewall-1"), False)
    assert shop.deployed(MIGRATE, rehost=["web-1"]) == shop.now


@pytest.mark.parametrize(
    ("kind", "request_", "words"),
    [
        (MIGRATE, {"rehost": ["wep"]}, "s1 has no component or instance 'wep'; did you mean 'web'?"),
        (MIGRATE, {"rehost": ["users"]}, "users is an endpoint: its descriptor says where it is"),
    ],
)
def test_what_cannot_be_rehosted(
    shop: Shop, kind: OperationKind, request_: dict[str, Any], words: str
) -> None:
    assert refused(shop, kind, **request_).startswith(words)


def test_a_vim_that_cannot_is_named() -> None:
    shop = Shop(where=infrastructure("kubernetes"))
    pop = shop.places["database-1"]
    assert refused(shop, MIGRATE, rehost=["database"]) == (
        f"database-1 on {pop} (kubernetes) cannot be moved to another host: only VIMs of kind modelled or"
        " openstack can; `interlace migrate s1 database-1=POP` moves to another PoP"
    )
    assert refused(shop, SCALE, component="database", resources=BIG, in_place=True) == (
        f"database-1 on {pop} (kubernetes) cannot be resized in place: only VIMs of kind modelled or"
        " openstack can; without --in-place they are built anew"
    )


def test_what_its_pop_does_not_suit_any_more_is_not_resized_in_place(shop: Shop) -> None:
    at = shop.places["database-1"]
    strict = shop.on(changed(HERE, at, region="outback"))
    words = refused(strict, SCALE, component="database", resources=BIG, in_place=True)
    assert words.startswith(f"database-1 cannot be resized in place, for it cannot stay on {at}: ")
    assert words.endswith("without --in-place it is built anew where it may be")
