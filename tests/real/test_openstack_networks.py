"""What may flow at a real OpenStack, and what is steered: security groups and networking-sfc."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adaptors.vim.openstack.vim import OpenstackVim
from domain.errors import VimRefusedError
from domain.infrastructure import Resources
from domain.networking import Admission, ChainHop, PopNetwork, ServiceChain
from tests.contract.openstack_site import POP, Tenancy
from tests.real.openstack_pops import administrator, quiet, spec

pytestmark = pytest.mark.real

pytest_plugins = ("tests.real.labs", "tests.real.openstack_pops")

CLOUD = "pop2"
"""Beside the tests of faults, which concern all of the first."""

TAGS = {"service": "shop", "tenant": "t", "operation": "op-1", "network": "shop-network-1"}
FIREWALLS = ChainHop(ports=(("shop-fw-1", "in", "out"),))
DETECTORS = ChainHop(ports=(("shop-ids-1", "in", "out"),))


def admitting(target: str, point: str, **fields: Any) -> Admission:
    asked = {"name": f"to {target}", "target": target, "connection_point": point, **fields}
    return Admission.model_validate(asked)


def steering(name: str, *hops: ChainHop, **fields: Any) -> ServiceChain:
    return ServiceChain.model_validate({"name": name, "hops": hops, "protocol": "tcp", **fields})


def part(*admissions: Admission, chains: tuple[ServiceChain, ...] = ()) -> PopNetwork:
    return PopNetwork(pop=POP, tags=TAGS, admissions=admissions, chains=chains)


def made(vim: OpenstackVim, *names: str) -> dict[str, str]:
    """Instances with ports `in` and `out` -> the address of `in`."""

    def create(name: str) -> str:
        component = name.split("-")[1]
        return vim.create(spec(name, component, connection_points=("in", "out")), quiet).address

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(names, pool.map(create, names), strict=True))


def admitted(pop: Tenancy, port: str) -> set[tuple[str | None, int | None, str | None]]:
    """What the security groups of a port let in, as Neutron has it."""
    network = pop.tenant.network
    (found,) = network.ports(project_id=pop.project, name=port)
    rules = [
        r for group in found.security_group_ids for r in network.security_group_rules(security_group_id=group)
    ]
    return {(r.protocol, r.port_range_min, r.remote_ip_prefix) for r in rules if r.direction == "ingress"}


def way(pop: Tenancy, port: int) -> list[str]:
    """The components that packets to a port pass, as networking-sfc has it."""
    network, mine = pop.tenant.network, pop.project
    groups = {each.id: each.name for each in network.sfc_port_pair_groups(project_id=mine)}
    (taken,) = [
        each.id
        for each in network.sfc_flow_classifiers(project_id=mine)
        if each.destination_port_range_min == port
    ]
    (chain,) = [each for each in network.sfc_port_chains(project_id=mine) if taken in each.flow_classifiers]
    return [groups[each].rpartition(":")[2].split(".")[0] for each in chain.port_pair_groups]


def test_just_what_a_network_admits_may_flow(pop: Tenancy) -> None:
    vim = pop.open()
    web = made(vim, "shop-web-1", "shop-db-1")["shop-web-1"]
    assert admitted(pop, "shop-web-1.in") == set()
    asked = part(
        admitting("shop-web-1", "in", sources=("0.0.0.0/0",), protocol="tcp", port=80),
        admitting("shop-db-1", "in", source="shop-web-1", protocol="tcp", port=5432),
        admitting("shop-db-1", "in", sources=("10.9.0.0/24",), port=53),
        admitting("shop-db-1", "in", sources=("10.9.0.0/24",), protocol="icmp"),
    )
    assert len(vim.unconnected("shop-network-1", asked)) == 6
    for _ in range(2):
        vim.connect("shop-network-1", asked, quiet)
        assert vim.unconnected("shop-network-1", asked) == ()
    assert admitted(pop, "shop-web-1.in") == {("tcp", 80, "0.0.0.0/0")}
    assert admitted(pop, "shop-web-1.out") == set()
    db = admitted(pop, "shop-db-1.in")
    assert {("tcp", 5432, f"{web}/32"), ("tcp", 53, "10.9.0.0/24"), ("udp", 53, "10.9.0.0/24")} < db
    assert ("icmp", None, "10.9.0.0/24") in db
    vim.connect("shop-network-1", part(asked.admissions[0]), quiet)
    assert admitted(pop, "shop-db-1.in") == set()
    vim.disconnect("shop-network-1", quiet)
    vim.disconnect("shop-network-1", quiet)
    assert admitted(pop, "shop-web-1.in") == set()
    assert vim.networks() == frozenset()


def test_two_networks_of_a_service_stand_beside_each_other_until_the_first_goes(pop: Tenancy) -> None:
    vim = pop.open()
    made(vim, "shop-web-1")
    old = part(admitting("shop-web-1", "in", sources=("10.8.0.0/24",), protocol="tcp", port=80))
    new = part(admitting("shop-web-1", "in", sources=("10.9.0.0/24",), protocol="tcp", port=80))
    vim.connect("shop-network-1", old, quiet)
    vim.connect("shop-network-2", new, quiet)
    assert vim.networks() == {"shop-network-1", "shop-network-2"}
    assert len(admitted(pop, "shop-web-1.in")) == 2
    vim.disconnect("shop-network-1", quiet)
    assert admitted(pop, "shop-web-1.in") == {("tcp", 80, "10.9.0.0/24")}
    assert vim.unconnected("shop-network-2", new) == ()


def test_what_somebody_changed_by_hand_is_told_and_put_right(pop: Tenancy) -> None:
    vim, network = pop.open(), pop.tenant.network
    made(vim, "shop-web-1")
    asked = part(admitting("shop-web-1", "in", sources=("10.8.0.0/24",), protocol="tcp", port=80))
    vim.connect("shop-network-1", asked, quiet)
    (group,) = [
        g for g in network.security_groups(project_id=pop.project) if g.name.startswith("shop-network-1")
    ]
    (rule,) = network.security_group_rules(security_group_id=group.id, direction="ingress")
    network.delete_security_group_rule(rule.id)
    network.create_security_group_rule(security_group_id=group.id, direction="ingress", protocol="tcp")
    assert set(vim.unconnected("shop-network-1", asked)) == {
        "shop-web-1.in: tcp 80 from 10.8.0.0/24 is not admitted",
        "shop-web-1.in: tcp any port from anywhere is admitted",
    }
    vim.connect("shop-network-1", asked, quiet)
    assert admitted(pop, "shop-web-1.in") == {("tcp", 80, "10.8.0.0/24")}


def test_chains_pass_their_functions_and_follow_them(pop: Tenancy) -> None:
    vim, network = pop.open(), pop.tenant.network
    made(vim, "shop-web-1", "shop-fw-1", "shop-ids-1")
    flow = {"source": ("shop-web-1", "out"), "port": 5432, "destinations": ("10.9.0.7/32",)}
    first = part(chains=(steering("a-1", FIREWALLS, DETECTORS, **flow), steering("a-2", FIREWALLS, port=80)))
    vim.connect("shop-network-1", first, quiet)
    assert vim.unconnected("shop-network-1", first) == ()
    assert way(pop, 5432) == ["fw", "ids"]
    assert way(pop, 80) == ["fw"]
    turned = part(chains=(steering("a-1", DETECTORS, FIREWALLS, **flow),))
    assert len(vim.unconnected("shop-network-2", turned)) == 3
    vim.connect("shop-network-2", turned, quiet)
    assert vim.unconnected("shop-network-2", turned) == ()
    assert way(pop, 5432) == ["ids", "fw"]
    assert len(list(network.sfc_port_chains(project_id=pop.project))) == 1
    vim.disconnect("shop-network-1", quiet)
    assert way(pop, 5432) == ["ids", "fw"]
    vim.delete("shop-ids-1", quiet)
    assert vim.unconnected("shop-network-2", turned) == ("instance shop-ids-1 is not there",)
    vim.disconnect("shop-network-2", quiet)
    assert list(network.sfc_port_pairs(project_id=pop.project)) == []


def test_a_function_that_is_scaled_keeps_its_group(pop: Tenancy) -> None:
    vim, network = pop.open(), pop.tenant.network
    made(vim, "shop-fw-1", "shop-fw-2")
    one = part(chains=(steering("a-1", FIREWALLS, port=80),))
    vim.connect("shop-network-1", one, quiet)
    (group,) = network.sfc_port_pair_groups(project_id=pop.project)
    both = ChainHop(ports=(*FIREWALLS.ports, ("shop-fw-2", "in", "out")))
    vim.connect("shop-network-2", part(chains=(steering("a-1", both, port=80),)), quiet)
    (now,) = network.sfc_port_pair_groups(project_id=pop.project)
    assert (now.id, len(now.port_pairs)) == (group.id, 2)
    vim.disconnect("shop-network-2", quiet)
    assert vim.networks() == frozenset()


def test_one_that_is_not_there_cannot_be_connected(pop: Tenancy) -> None:
    asked = part(admitting("shop-web-9", "in", sources=("10.8.0.0/24",)))
    with pytest.raises(VimRefusedError, match=r"PoP berlin: connect of network shop-network-1.*shop-web-9"):
        pop.open().connect("shop-network-1", asked, quiet)


def test_an_instance_can_be_resized_and_is_what_it_was_otherwise(pop: Tenancy) -> None:
    vim = pop.open()
    before = vim.create(spec(), quiet)
    vim.resize("shop-web-1", Resources.of(2, 128, 1), quiet)
    after = vim.read("shop-web-1")
    assert after == before.model_copy(update={"resources": Resources.of(2, 128, 1)})
    assert vim.capacity()[1] == Resources.of(2, 128, 1)
    assert vim.create(spec(resources=Resources.of(2, 128, 1)), quiet) == after
    with pytest.raises(VimRefusedError, match=r"resize of instance shop-web-1.*Quota exceeded for cores"):
        vim.resize("shop-web-1", Resources.of(5, 128, 1), quiet)
    assert vim.read("shop-web-1") == after


@pytest.mark.parametrize("live", [True, False])
def test_an_administrator_moves_an_instance_to_another_host(pop: Tenancy, live: bool) -> None:
    vim = pop.open()
    before = vim.create(spec(), quiet)
    with pytest.raises(VimRefusedError, match=rf"move of instance shop-web-1.*credential '{pop.credential}'"):
        vim.move("shop-web-1", live, quiet)
    boss = pop.of_credential(administrator(pop))
    host = pop.admin.compute.get_server(before.external_id).compute_host
    words = boss.move("shop-web-1", live, quiet)
    now = pop.admin.compute.get_server(before.external_id).compute_host
    assert now != host
    assert now in words
    assert vim.read("shop-web-1") == before
