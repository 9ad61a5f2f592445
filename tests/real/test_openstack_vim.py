"""Instances at a real OpenStack: what is made, how it is tagged, and what a wrong request is told."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from adaptors.vim.openstack.clouds import Cloud
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.settings import OpenstackSettings
from adaptors.vim.openstack.vim import OpenstackVim
from domain.errors import VimRefusedError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus
from lab.faults.rules import Fault
from tests.contract.openstack_site import POP, TOTAL, Tenancy
from tests.real.openstack_pops import quiet, spec

pytestmark = pytest.mark.real

pytest_plugins = ("tests.real.labs", "tests.real.openstack_pops")

CLOUD = "pop2"
"""Beside the tests of faults, which concern all of the first."""


def test_all_that_is_made_carries_our_tags(pop: Tenancy) -> None:
    vim = pop.open(external_network="public", address="floating")
    made = vim.create(spec(connection_points=("http", "admin"), exposed=frozenset({"admin"})), quiet)
    network, mine = pop.tenant.network, pop.project
    server = pop.server("shop-web-1")
    assert server.metadata["interlace.service"] == "shop"
    assert "interlace.component=web" in pop.tenant.compute.get_server(server.id).tags
    things: list[Any] = [
        *network.ports(project_id=mine, device_id=server.id),
        *network.networks(project_id=mine),
        *network.subnets(project_id=mine),
        *network.ips(project_id=mine),
        *(each for each in network.security_groups(project_id=mine) if each.name != "default"),
    ]
    assert len(things) == 2 + 1 + 1 + 2 + 1
    assert all("interlace" in each.tags and "interlace.service=shop" in each.tags for each in things)
    assert made.address in {each.floating_ip_address for each in network.ips(project_id=mine)}
    assert made.ports[0].address != made.address
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []


def test_foreign_servers_are_neither_listed_nor_touched(pop: Tenancy) -> None:
    tenant = pop.tenant
    foreign = tenant.network.create_network(name="foreign")
    tenant.network.create_subnet(network_id=foreign.id, ip_version=4, cidr="10.64.0.0/20")
    image = next(each for each in tenant.image.images() if each.name == "web:1")
    flavor = next(each for each in tenant.compute.flavors() if each.name == "test.1c")
    server = tenant.compute.create_server(
        name="shop-web-1", image_id=image.id, flavor_id=flavor.id, networks=[{"uuid": foreign.id}]
    )
    vim = pop.open()
    made = vim.create(spec(), quiet)
    assert [each.external_id for each in vim.list({})] == [made.external_id]
    vim.delete("shop-web-1", quiet)
    assert tenant.compute.get_server(server.id).name == "shop-web-1"
    tenant.compute.delete_server(server.id)
    tenant.compute.wait_for_delete(server, interval=0.5, wait=120)
    tenant.network.delete_network(foreign.id)


def test_services_do_not_share_addresses_and_each_network_goes_with_its_last_instance(pop: Tenancy) -> None:
    vim = pop.open()
    bank = spec("bank-web-1", tags={**spec().tags, "service": "bank"})
    shop, other = vim.create(spec(), quiet), vim.create(bank, quiet)
    assert shop.address.rpartition(".")[0] != other.address.rpartition(".")[0]
    vim.delete("shop-web-1", quiet)
    assert [each.name for each in pop.tenant.network.networks(project_id=pop.project)] == ["interlace-t-bank"]
    vim.delete("bank-web-1", quiet)
    assert pop.leftovers() == []


def test_an_existing_network_is_used_and_stays(pop: Tenancy) -> None:
    network = pop.tenant.network.create_network(name="offices")
    pop.tenant.network.create_subnet(network_id=network.id, ip_version=4, cidr="192.168.7.0/24")
    vim = pop.open(network="offices")
    assert vim.create(spec(), quiet).address.startswith("192.168.7.")
    vim.delete("shop-web-1", quiet)
    assert sorted(pop.leftovers()) == ["Network offices", "Subnet "]
    pop.tenant.network.delete_network(network.id)


@pytest.mark.parametrize(
    ("changes", "settings", "words"),
    [
        ({"image": "web:2"}, {}, r"no image 'web:2'; there is .*web:1"),
        ({"image": "shop"}, {"images": {"shop": "shop:9"}}, "no image 'shop:9'.*'shop'"),
        ({"resources": Resources.of(3, 999, 7)}, {"flavors": ["find"]}, "no flavour fits 3 vcpus, 999 MiB"),
        ({"resources": Resources.of(64, 999, 7)}, {}, "no flavour fits 64 vcpus.*m1.xlarge"),
        ({}, {"network": "attic"}, "no network 'attic'"),
        ({}, {"external_network": "attic"}, "no external network 'attic'.*there is public"),
        ({}, {"availability_zone": "attic"}, "availability zone"),
        ({"secrets": {"TOKEN": "nowhere"}}, {}, "INTERLACE_SECRET_NOWHERE"),
        ({"addresses": {"http": "192.0.2.1"}}, {}, "192.0.2.1"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    pop: Tenancy, changes: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(VimRefusedError, match=f"(?s)PoP berlin: create of instance shop-web-1.*{words}"):
        pop.open(**settings).create(spec(**changes), quiet)
    assert pop.leftovers() == []


def test_the_nearest_flavour_serves_where_none_is_equal(pop: Tenancy) -> None:
    vim = pop.open()
    made = vim.create(spec(resources=Resources.of(1, 100, 1)), quiet)
    assert made.resources == Resources.of(1, 100, 1)
    assert pop.server("shop-web-1").flavor.original_name == "test.1c"
    assert vim.capacity() == (TOTAL, Resources.of(1, 128, 1))


def test_an_administrator_makes_the_flavour_that_is_missing(pop: Tenancy) -> None:
    identity: Any = pop.admin.identity
    role, user = identity.find_role("admin"), identity.find_user(pop.credential)
    identity.assign_project_role_to_user(pop.project, user, role)
    made = pop.open().create(spec(resources=Resources.of(1, 131, 1)), quiet)
    assert made.resources == Resources.of(1, 131, 1)
    flavor = pop.admin.compute.find_flavor("interlace-1c-131m-1g", ignore_missing=False)
    pop.open().delete("shop-web-1", quiet)
    pop.admin.compute.delete_flavor(flavor)


def test_nova_is_asked_to_keep_the_instances_of_a_component_apart(pop: Tenancy) -> None:
    """Whether it does is up to its other weighers too: a host where builds failed is the last to be taken."""
    vim = pop.open()
    web = {vim.create(spec(f"shop-web-{number}"), quiet).external_id for number in (1, 2)}
    db = {vim.create(spec("shop-db-1", "db"), quiet).external_id}
    groups = list(pop.tenant.compute.server_groups())
    assert {each.policy for each in groups} == {"soft-anti-affinity"}
    assert sorted(map(sorted, (each.member_ids for each in groups))) == sorted(map(sorted, (web, db)))


def test_where_no_quota_is_the_declared_capacity_counts(pop: Tenancy) -> None:
    pop.admin.compute.update_quota_set(pop.project, cores=-1, ram=-1)
    declared = Resources.of(10, 10240, 100)
    assert pop.open(declared).capacity() == (declared, Resources.of(0, 0, 0))


def test_one_token_serves_all_calls_and_handles(pop: Tenancy) -> None:
    for _ in range(5):
        assert pop.open().read("nobody") is None
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: pop.open().list({}), range(8)))
    assert pop.proxies["identity"].count("POST", "/auth/tokens") == 1
    started = time.perf_counter()
    for _ in range(100):
        pop.open()
    assert (time.perf_counter() - started) / 100 < 0.005  # a machine with nothing else to do needs 0.1 ms


def test_however_many_wait_the_servers_are_listed_once_a_second(pop: Tenancy) -> None:
    vim, nova = pop.open(), pop.proxies["compute"]
    started = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: vim.create(spec(f"shop-web-{n}"), quiet), range(4)))
    seconds = time.monotonic() - started
    assert nova.count("GET", "tags=interlace") <= seconds + 1


def another_worker(pop: Tenancy) -> OpenstackVim:
    """With a connection, locks and memory of its own, as another process has."""
    own = Cloud(pop.credential, None)
    return OpenstackVim(Place(POP, TOTAL, OpenstackSettings(), own, pop.home), pop.credential)


def networks_in_use(pop: Tenancy) -> tuple[int, int]:
    """How many networks there are, and how many subnets the instances have addresses of."""
    addresses = {each.address.rpartition(".")[0] for each in pop.open().list({})}
    return len(list(pop.tenant.network.networks(project_id=pop.project))), len(addresses)


def test_two_workers_that_begin_a_service_at_once_make_one_network(pop: Tenancy) -> None:
    begin = threading.Barrier(2)

    def worker(number: int) -> None:
        vim = another_worker(pop)
        assert vim.read("nobody") is None
        begin.wait()
        assert vim.create(spec(f"shop-web-{number}"), quiet).status is InstanceStatus.RUNNING

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(worker, (1, 2)))
    assert networks_in_use(pop) == (1, 1)


def test_a_worker_that_finds_a_network_half_made_makes_no_second_subnet(pop: Tenancy) -> None:
    neutron = pop.proxies["network"]
    neutron.add(Fault(method="POST", path="/subnets$", delay_s=4, times=1))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(another_worker(pop).create, spec("shop-web-1"), quiet)
        while not neutron.count("POST", "/subnets$"):
            time.sleep(0.05)
        another_worker(pop).create(spec("shop-web-2"), quiet)
        slow.result()
    assert networks_in_use(pop) == (1, 1)
    assert len(list(pop.tenant.network.subnets(project_id=pop.project))) == 1
