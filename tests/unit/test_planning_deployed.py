"""The deployment after an operation: what is built anew, under which name, with which addresses."""

import pytest

from domain.deployments import Deployment, PlacedInstance
from domain.errors import InfeasibleError
from domain.names import ENDPOINT_IMAGE, OperationKind
from domain.steering import Survey
from planning.rebuilding import told_only
from tests.unit.target_world import HERE, Shop, changed, descriptor, infrastructure, newer

SCALE, MIGRATE, HEAL, UPDATE = (
    OperationKind.SCALE,
    OperationKind.MIGRATE,
    OperationKind.HEAL,
    OperationKind.UPDATE,
)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def one(deployment: Deployment, name: str) -> PlacedInstance:
    found = deployment.instance(name)
    assert found is not None
    return found


def test_what_is_new_is_named_by_its_plan(shop: Shop) -> None:
    assert one(shop.now, "web-1").resource == "s1-web-1-00000001"
    after = shop.deployed(SCALE, component="web", by=1)
    assert one(after, "web-3").resource == "s1-web-3-00000002"
    assert one(after, "web-3").addresses == {}


def test_what_stays_is_as_it_was(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="web", by=1)
    assert [each for each in after.instances if each.name != "web-3"] == list(shop.now.instances)


def test_a_version_without_a_difference_builds_nothing(shop: Shop) -> None:
    after = shop.deployed(UPDATE, to=newer(("name: shop", "name: shop\ndescription: The same")))
    assert after.instances == shop.now.instances
    assert (after.version, after.graph.version) == ("2.0.0", "2.0.0")


@pytest.mark.parametrize(
    ("old", "new", "rebuilt"),
    [
        ("image: database:1", "image: database:2", {"database-1"}),
        ("vcpus: 2, memory: 4 GiB", "vcpus: 2, memory: 5 GiB", {"database-1"}),
        ("LOG: short}", "LOG: long}", {"web-1", "web-2"}),
        ("LOG: short}", "LOG: short, MORE: also}", {"web-1", "web-2"}),
        ("[sql]", "[sql, admin]", {"database-1"}),
        ("image: database:1", "image: database:1\n    secrets: {PASSWORD: word}", {"database-1"}),
        (
            "image: database:1",
            "image: database:1\n    health_check: {type: tcp, port: 5432}",
            {"database-1"},
        ),
        ("kind: vnf\n    image: balancer:1", "kind: microservice\n    image: balancer:1", {"balancer-1"}),
        ("log: short}", "log: long}", set()),
        ("image: database:1", "image: database:1\n    depends_on: [firewall]", set()),
        ("bandwidth: 10 Mbit/s", "bandwidth: 30 Mbit/s", set()),
        ("image: database:1", "image: database:1\n    lifecycle: {drain: 9 s}", set()),
    ],
)
def test_what_must_be_built_anew_and_what_need_not(shop: Shop, old: str, new: str, rebuilt: set[str]) -> None:
    assert shop.rebuilt(shop.deployed(UPDATE, to=newer((old, new)))) == rebuilt


def test_an_edit_of_the_config_alone_is_given_up_without_building_anew(shop: Shop) -> None:
    edited = shop.edited("balancer-1", config={"log": "none"})
    after = edited.deployed(UPDATE, to=newer(("log: short}", "log: long}")))
    assert one(after, "balancer-1").config == {}
    assert one(after, "balancer-1").resource == one(shop.now, "balancer-1").resource


# --- addresses ---------------------------------------------------------------------------------------


def test_whose_addresses_can_be_told_anew(shop: Shop) -> None:
    wanted = shop.target(HEAL, instances=["web-1"], force=True).wanted
    assert told_only(shop.described, wanted) == {"web"}
    more = descriptor(("log: short}", 'log: "${database.address}", at: "${firewall.pop}"}'))
    assert told_only(more, wanted) == {"web"}, "the database's is in an environment too"


def test_an_address_in_an_environment_is_kept(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="database", image="database:2")
    assert one(after, "database-1").addresses == one(shop.now, "database-1").addresses
    assert shop.rebuilt(after) == {"database-1"}, "so web need not be built anew"


def test_an_address_that_is_only_in_a_config_is_new(shop: Shop) -> None:
    after = shop.deployed(SCALE, component="web", image="web:2")
    assert one(after, "web-1").addresses == {}
    assert shop.rebuilt(after) == {"web-1", "web-2"}, "balancer is told"


def test_an_address_to_which_nobody_refers_is_kept_on_every_point(shop: Shop) -> None:
    after = shop.deployed(MIGRATE, moves={"firewall": "south"})
    assert one(after, "firewall-1").addresses == one(shop.now, "firewall-1").addresses
    assert set(one(after, "firewall-1").addresses) == {"outside", "inside"}


def test_of_other_connection_points_those_of_the_same_name_keep_their_address(shop: Shop) -> None:
    points = ("connection_points: [outside, inside]", "connection_points: [outside, inside, admin]")
    after = shop.deployed(UPDATE, to=newer(points))
    assert one(after, "firewall-1").addresses == one(shop.now, "firewall-1").addresses


def test_an_address_in_an_environment_and_in_a_config_is_kept(shop: Shop) -> None:
    both = newer(("log: short}", 'log: "${database.address}"}'))
    there = shop.after(UPDATE, to=both)
    after = there.deployed(HEAL, survey=there.ailing("database-1"))
    assert one(after, "database-1").addresses == one(shop.now, "database-1").addresses


# --- what a change of an environment passes on -------------------------------------------------------

BACKENDS = 'environment: {BACKENDS: "${web.addresses}"}'
WIRED = (
    'config: {backends: "${web.addresses}", log: short}',
    BACKENDS,
)


def test_who_has_all_addresses_in_its_environment_is_built_anew_with_their_number() -> None:
    shop = Shop(descriptor(WIRED))
    assert shop.rebuilt(shop.deployed(SCALE, component="web", by=1)) == {"web-3", "balancer-1"}
    assert shop.rebuilt(shop.deployed(SCALE, component="web", by=-1)) == {"balancer-1"}
    same = shop.deployed(SCALE, component="web", image="web:2")
    assert shop.rebuilt(same) == {"web-1", "web-2"}, "which keep their addresses"


def test_what_passes_a_change_on_needs_its_room_twice() -> None:
    shop = Shop(descriptor(WIRED), infrastructure(north=5))
    assert "balancer-1" not in shop.target(SCALE, component="web", by=1).standing.instances
    with pytest.raises(InfeasibleError, match=r"balancer-1 fits on no PoP.*north has 0 of 5 vcpus free"):
        shop.deployed(SCALE, component="web", by=1)


def test_who_has_the_first_address_only_is_left_alone_by_others() -> None:
    shop = Shop(descriptor((WIRED[0], 'environment: {BACKENDS: "${web.address}"}')))
    assert shop.rebuilt(shop.deployed(SCALE, component="web", by=1)) == {"web-3"}


def test_who_has_a_pop_in_its_environment_is_built_anew_when_that_moves() -> None:
    shop = Shop(descriptor(("LOG: short}", 'LOG: "${firewall.pop}"}')))
    after = shop.deployed(MIGRATE, moves={"firewall": "south"})
    assert shop.rebuilt(after) == {"firewall-1", "web-1", "web-2"}
    assert shop.rebuilt(shop.deployed(HEAL, survey=shop.ailing("firewall-1"))) == {"firewall-1"}


def test_an_address_that_is_not_known_changes(shop: Shop) -> None:
    unknown = shop.edited("database-1", addresses={})
    after = unknown.deployed(HEAL, survey=unknown.ailing("database-1"))
    assert unknown.rebuilt(after) == {"database-1", "web-1", "web-2"}


def test_another_first_connection_point_is_another_address(shop: Shop) -> None:
    after = shop.deployed(UPDATE, to=newer(("[sql]", "[admin, sql]")))
    assert shop.rebuilt(after) == {"database-1", "web-1", "web-2"}


def test_a_change_is_passed_on_from_one_to_the_next() -> None:
    """Scaling web builds balancer anew; its address is unknown here, so firewall is built anew too."""
    chained = descriptor(
        WIRED,
        ("image: firewall:1", 'image: firewall:1\n    environment: {NEXT: "${balancer.address}"}'),
    )
    shop = Shop(chained).edited("balancer-1", addresses={})
    after = shop.deployed(SCALE, component="web", by=1)
    assert shop.rebuilt(after) == {"web-3", "balancer-1", "firewall-1"}


# --- networks and endpoints --------------------------------------------------------------------------


def test_where_packets_are_modelled_there_is_no_network(shop: Shop) -> None:
    assert shop.now.network is None
    assert shop.now.instance("users") is None
    assert shop.now.vim_kinds == {"north": "modelled", "south": "modelled"}


def test_where_packets_are_real_endpoints_are_instances_and_the_network_keeps_its_name() -> None:
    real = Shop(where=infrastructure("emulator"))
    users = one(real.now, "users")
    assert (users.image, users.endpoint, users.pop) == (ENDPOINT_IMAGE, True, "north")
    assert users.resources.vcpus == 0
    assert real.now.network == "s1-network-00000001"
    after = real.deployed(MIGRATE, moves={"database": "west"})
    assert after.network == real.now.network
    assert one(after, "users") == users


def test_an_endpoint_that_is_ill_is_built_anew_where_it_is() -> None:
    real = Shop(where=infrastructure("emulator"))
    aim = real.target(HEAL, survey=real.ailing("users"), elsewhere=True)
    assert aim.notes == (
        "users: its process ended",
        "endpoint users stays on north: endpoints are not moved",
    )
    after = real.deployed(HEAL, survey=real.ailing("users"))
    assert real.rebuilt(after) == {"users"}
    assert one(after, "users").pop == "north"
    assert one(after, "users").addresses == one(real.now, "users").addresses


def test_an_endpoint_moves_with_its_description() -> None:
    real = Shop(where=infrastructure("emulator"))
    after = real.deployed(UPDATE, to=newer(("users: {pop: north}", "users: {pop: west}")))
    assert real.rebuilt(after) == {"users"}
    assert one(after, "users").pop == "west"


def test_a_service_does_not_span_kinds_that_no_network_joins() -> None:
    real = Shop(where=infrastructure("emulator"))
    vim = HERE.pops["west"].vim
    mixed = real.on(changed(real.where, "west", vim=vim))
    with pytest.raises(InfeasibleError, match=r"no network joins the kinds of VIM.*west is modelled"):
        mixed.deployed(MIGRATE, moves={"database": "west"})
    away = mixed.deployed(MIGRATE, evacuate="south")
    assert away.plan.placements["web-2"] == "east", "though west is cheaper"


def test_a_lost_pop_is_used_no_more(shop: Shop) -> None:
    after = shop.deployed(HEAL, survey=Survey(silent={"south": "gone"}), lost_pops=["south"])
    assert "south" not in after.vim_kinds
