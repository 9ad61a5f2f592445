"""The clouds of the OpenStack lab: what is in them, and that they fail as they are told to."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from openstack import exceptions
from openstack.compute.v2.server import Server
from openstack.connection import Connection

from lab.faults.proxy import FaultProxy
from lab.faults.rules import Fault
from lab.openstack import clouds, furniture
from lab.openstack.hypervisor import HypervisorFaults, failing, inject, lift
from lab.port import LabStatus
from tests.real.openstack_world import booted, clear, connect, created, eventually

pytestmark = pytest.mark.real


@pytest.fixture(params=["pop1-tenant", "pop2-tenant"])
def tenant(request: pytest.FixtureRequest, clouds_yaml: Path) -> Iterator[Connection]:
    with connect(clouds_yaml, request.param) as cloud:
        yield cloud
        clear(cloud, "lab-test")


@pytest.fixture
def tenant1(clouds_yaml: Path) -> Iterator[Connection]:
    with connect(clouds_yaml, "pop1-tenant") as cloud:
        yield cloud
        clear(cloud, "lab-test")


@pytest.mark.parametrize("zone", ["az1", "az2"])
def test_a_tenant_boots_a_server_in_each_zone(tenant: Connection, zone: str) -> None:
    server = booted(tenant, "lab-test", availability_zone=zone)
    assert (server.status, server.availability_zone) == ("ACTIVE", zone)


def test_a_cloud_has_what_it_promises(tenant: Connection, clouds_yaml: Path) -> None:
    assert {flavor.name for flavor in tenant.compute.flavors()} >= set(furniture.FLAVOURS)
    assert {image.name for image in tenant.image.images()} >= set(furniture.IMAGES)
    network = tenant.network.find_network("public", ignore_missing=False)
    assert network.is_router_external
    assert tenant.compute.get_limits().absolute.instances == 40


def test_a_tenant_is_no_administrator(tenant1: Connection) -> None:
    with pytest.raises(exceptions.ForbiddenException):
        list(tenant1.compute.services())


def test_the_clouds_know_nothing_of_each_other(clouds_yaml: Path) -> None:
    with connect(clouds_yaml, "pop1") as one, connect(clouds_yaml, "pop2") as two:
        first, second = (
            {image.id for image in cloud.image.images()} | {zone.id for zone in cloud.network.networks()}
            for cloud in (one, two)
        )
        assert not first & second
        assert one.current_project_id != two.current_project_id


def test_a_boot_fails_in_the_words_that_were_injected(tenant1: Connection, openstack_lab: LabStatus) -> None:
    wish = HypervisorFaults(spawn_fails="no boot disk", only="lab-test")
    with failing(openstack_lab.directory, 1, wish):
        server = created(tenant1, "lab-test", image="web:1")
        eventually(lambda: tenant1.compute.get_server(server.id).status == "ERROR", 120)
    server = tenant1.compute.get_server(server.id)
    assert "no boot disk" in server.fault["message"]


def test_a_deletion_hangs_until_it_is_let_go(tenant1: Connection, openstack_lab: LabStatus) -> None:
    server = booted(tenant1, "lab-test")
    inject(openstack_lab.directory, 1, HypervisorFaults(destroy_hangs=True, only="lab-test"))
    try:
        tenant1.compute.delete_server(server)
        eventually(lambda: tenant1.compute.get_server(server.id).task_state == "deleting", 30)
        time.sleep(3)
        assert tenant1.compute.get_server(server.id).task_state == "deleting"
    finally:
        lift(openstack_lab.directory, 1)
    tenant1.compute.wait_for_delete(server, interval=0.3)


def test_a_slow_boot_takes_as_long_as_was_asked(tenant1: Connection, openstack_lab: LabStatus) -> None:
    began = time.monotonic()
    with failing(openstack_lab.directory, 1, HypervisorFaults(spawn_takes_s=8.0, only="lab-test")):
        assert booted(tenant1, "lab-test").status == "ACTIVE"
    assert time.monotonic() - began > 8


def test_a_client_is_pointed_through_the_fault_proxy(clouds_yaml: Path, tmp_path: Path) -> None:
    with connect(clouds_yaml, "pop1-tenant") as direct:
        nova = direct.compute.get_endpoint()
    assert nova
    with FaultProxy(nova) as proxy:
        entry = clouds.entry(clouds_yaml, "pop1-tenant", compute_endpoint_override=proxy.url)
        clouds.write_entries(tmp_path / "clouds.yaml", {"faulty": entry})
        with connect(tmp_path / "clouds.yaml", "faulty") as cloud:
            assert list(cloud.compute.flavors())
            assert proxy.count("GET", "/flavors") == 1
            proxy.add(Fault(path="/flavors", replace={"X-Auth-Token": "expired"}, times=1))
            assert list(cloud.compute.flavors())  # the client gets another token by itself
            assert proxy.count("GET", "/flavors") == 3
            proxy.add(Fault(path="/flavors", status=500))
            with pytest.raises(exceptions.HttpException, match="500"):
                list(cloud.compute.flavors())


def test_a_server_moves_live_to_the_other_host(tenant1: Connection, clouds_yaml: Path) -> None:
    server = booted(tenant1, "lab-test")
    with connect(clouds_yaml, "pop1") as admin:
        before = admin.compute.get_server(server.id).compute_host
        admin.compute.live_migrate_server(server, host=None, block_migration="auto")
        eventually(lambda: moved(admin, server, before), 300)
        (port,) = admin.network.ports(device_id=server.id)
        assert port.binding_host_id != before
        assert port.status == "ACTIVE"


def moved(admin: Connection, server: Server, before: str | None) -> bool:
    now = admin.compute.get_server(server.id)
    return now.status == "ACTIVE" and not now.task_state and now.compute_host != before
