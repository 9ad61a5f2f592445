"""Instances that start from volumes, at a real Cinder: made once, gone with the instance, found when left."""

from collections.abc import Iterator
from typing import Any

import pytest

from adaptors.vim.openstack.vim import OpenstackVim
from catalogue.store import Catalogue, open_catalogue
from domain.errors import VimRefusedError, VimUnavailableError
from domain.infrastructure import Infrastructure, Resources
from domain.instances import InstanceStatus
from interfaces.cli.auditing import audit
from interfaces.cli.mending import mend
from lab.faults.rules import Fault
from lab.openstack.hypervisor import HypervisorFaults, failing
from lab.port import LabStatus
from tests.contract.openstack_site import POP, TOTAL, Tenancy, read_clouds, write_clouds
from tests.real.labs import directory
from tests.real.openstack_pops import quiet, spec

pytestmark = pytest.mark.real

pytest_plugins = ("tests.real.labs", "tests.real.openstack_pops")

SIZE = Resources.of(1, 128, 3)
"""No flavour has a disk of that size."""


def booting(pop: Tenancy, **settings: Any) -> OpenstackVim:
    return pop.open(volumes="boot", **settings)


def volumes(pop: Tenancy) -> list[Any]:
    return list(pop.tenant.block_storage.volumes())


def image_id(pop: Tenancy) -> str:
    return next(str(each.id) for each in pop.tenant.image.images() if each.name == "web:1")


@pytest.fixture
def ledger(pop: Tenancy) -> Iterator[Catalogue]:
    """Of a provider who has this PoP alone, and no service."""
    vim = {"kind": "openstack", "credential": pop.credential, "settings": {"volumes": "boot"}}
    there = {"vim": vim, "capacity": {"vcpus": 4, "memory": "4 GiB", "disk": "40 GiB"}}
    head = {"api_version": "interlace/v1", "kind": "Infrastructure"}
    found = open_catalogue(f"sqlite:///{pop.home / 'catalogue.db'}")
    found.infrastructure.apply(Infrastructure.model_validate({**head, "pops": {POP: there}}))
    yield found
    found.close()


def test_an_instance_starts_from_a_volume_of_its_disks_size_that_holds_its_image(pop: Tenancy) -> None:
    vim = booting(pop)
    made = vim.create(spec(resources=SIZE), quiet)
    assert (made.status, made.resources) == (InstanceStatus.RUNNING, SIZE)
    (volume,) = volumes(pop)
    server = pop.server("shop-web-1")
    assert (volume.name, volume.size, volume.status) == ("shop-web-1", SIZE.disk, "in-use")
    assert volume.volume_image_metadata["image_id"] == image_id(pop)
    assert [each["server_id"] for each in volume.attachments] == [server.id]
    assert [each.id for each in server.attached_volumes] == [volume.id]
    assert volume.metadata["interlace.service"] == "shop"
    assert volume.metadata["interlace.component"] == "web"
    assert vim.create(spec(resources=SIZE), quiet).external_id == made.external_id
    assert [each.id for each in volumes(pop)] == [volume.id]
    assert vim.remains() == frozenset()
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []


def test_of_disks_the_quota_of_volumes_counts_and_what_volumes_have(pop: Tenancy) -> None:
    pop.admin.block_storage.update_quota_set(pop.project, gigabytes=20)
    vim = booting(pop)
    vim.create(spec(resources=SIZE), quiet)
    total = Resources.of(TOTAL.vcpus, TOTAL.memory, 20)
    assert vim.capacity() == (total, SIZE)
    vim.delete("shop-web-1", quiet)


@pytest.mark.parametrize("api", ["compute", "network", "block_storage"])
def test_whichever_answer_is_lost_nothing_is_made_twice(pop: Tenancy, api: str) -> None:
    """That to the n-th request which makes something, for every n, until there is no n-th."""
    proxy, number, failed = pop.proxies[api], 0, 0
    while failed == number:
        lift = proxy.add(Fault(method="POST", skip=number, times=1, lose_answer=True))
        vim = booting(pop, flavors=["find", "nearest"])
        number += 1
        try:
            vim.create(spec(), quiet)
        except VimUnavailableError as error:
            failed += 1
            assert "PoP berlin: create of instance shop-web-1" in str(error)
            vim.create(spec(), quiet)
        lift()
        assert len(list(pop.tenant.compute.servers())) == len(volumes(pop)) == 1
        vim.delete("shop-web-1", quiet)
        assert pop.leftovers() == []
    assert failed == {"compute": 2, "network": 4, "block_storage": 1}[api]


@pytest.mark.parametrize(
    ("quota", "words"),
    [
        ({"volumes": 0}, "(?i)maximum number of volumes allowed.*quota"),
        ({"gigabytes": 2}, "(?i)exceeds allowed gigabytes quota"),
    ],
)
def test_a_quota_is_told_in_cinders_words_and_nothing_is_left(
    pop: Tenancy, quota: dict[str, int], words: str
) -> None:
    pop.admin.block_storage.update_quota_set(pop.project, **quota)
    with pytest.raises(VimRefusedError, match="create of instance shop-web-1") as caught:
        booting(pop).create(spec(resources=SIZE), quiet)
    caught.match(words)
    assert pop.leftovers() == []


def test_where_no_backend_has_room_that_is_told_and_nothing_is_left(pop: Tenancy) -> None:
    pop.admin.block_storage.update_quota_set(pop.project, gigabytes=-1)
    with pytest.raises(VimRefusedError, match="Could not find any available weighted backend"):
        booting(pop).create(spec(resources=Resources.of(1, 128, 100_000)), quiet)
    assert pop.leftovers() == []


def test_a_zone_that_only_nova_has_is_not_asked_of_cinder(pop: Tenancy) -> None:
    vim = booting(pop, availability_zone="az1")
    vim.create(spec(), quiet)
    assert pop.server("shop-web-1").availability_zone == "az1"
    assert [each.availability_zone for each in volumes(pop)] == ["nova"]
    vim.delete("shop-web-1", quiet)


def test_a_cloud_without_block_storage_refuses(pop: Tenancy) -> None:
    right = read_clouds(pop.home)[pop.credential]
    write_clouds(pop.home, {"plain": {**right, "has_block_storage": False}})
    with pytest.raises(VimRefusedError, match=r"create of instance shop-web-1.*no block storage"):
        pop.of_credential("plain", volumes="boot").create(spec(), quiet)
    assert pop.leftovers() == []


def test_a_server_that_failed_is_built_anew_from_another_volume(
    pop: Tenancy, openstack_lab: LabStatus
) -> None:
    vim = booting(pop)
    with (
        failing(directory("openstack"), 1, HypervisorFaults(spawn_fails="no boot disk", only="shop-failing")),
        pytest.raises(VimUnavailableError, match=r"shop-failing-1.*no boot disk"),
    ):
        vim.create(spec("shop-failing-1"), quiet)
    assert vim.create(spec("shop-failing-1"), quiet).status is InstanceStatus.RUNNING
    server = pop.server("shop-failing-1")
    (volume,) = volumes(pop)
    assert [each["server_id"] for each in volume.attachments] == [server.id]
    vim.delete("shop-failing-1", quiet)
    assert pop.leftovers() == []


def test_what_an_operator_deleted_is_made_anew(pop: Tenancy) -> None:
    vim = booting(pop)
    first = vim.create(spec(), quiet)
    pop.delete_by_hand("shop-web-1")
    assert vim.read("shop-web-1") is None
    again = vim.create(spec(), quiet)
    assert (again.address, again.external_id != first.external_id) == (first.address, True)
    (volume,) = [each for each in volumes(pop) if each.status != "deleting"]
    assert [each["server_id"] for each in volume.attachments] == [again.external_id]
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []


def test_resized_in_place_it_keeps_its_volume_whose_size_cannot_change(pop: Tenancy) -> None:
    vim = booting(pop)
    vim.create(spec(resources=SIZE), quiet)
    (before,) = volumes(pop)
    with pytest.raises(VimRefusedError, match="its disk is a volume of 3 GiB"):
        vim.resize("shop-web-1", Resources.of(2, 128, 4), quiet)
    larger = Resources.of(2, 128, 3)
    vim.resize("shop-web-1", larger, quiet)
    found = vim.read("shop-web-1")
    assert found is not None
    assert (found.status, found.resources) == (InstanceStatus.RUNNING, larger)
    assert [(each.id, each.size, each.status) for each in volumes(pop)] == [(before.id, 3, "in-use")]
    vim.delete("shop-web-1", quiet)


@pytest.mark.parametrize("live", [True, False])
def test_its_volume_follows_it_to_another_host(pop: Tenancy, live: bool) -> None:
    identity: Any = pop.admin.identity
    user = identity.find_user(pop.credential)
    identity.assign_project_role_to_user(pop.project, user, identity.find_role("admin"))
    vim = booting(pop, flavors=["find", "nearest"])  # no flavour is to stay
    vim.create(spec(), quiet)
    before = pop.admin.compute.get_server(pop.server("shop-web-1").id).compute_host
    vim.move("shop-web-1", live, quiet)
    after = pop.admin.compute.get_server(pop.server("shop-web-1").id).compute_host
    assert before != after
    (volume,) = volumes(pop)
    attached = pop.admin.block_storage.get_volume(volume.id).attachments
    assert [each["host_name"] for each in attached] == [after]
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []


def test_an_audit_finds_a_volume_that_was_left_and_deletes_it(pop: Tenancy, ledger: Catalogue) -> None:
    pop.proxies["block_storage"].add(Fault(method="POST", path="/volumes$", times=1, lose_answer=True))
    vim = booting(pop)
    with pytest.raises(VimUnavailableError):
        vim.create(spec(), quiet)
    for port in pop.tenant.network.ports(project_id=pop.project):
        pop.tenant.network.delete_port(port)
    assert "Volume shop-web-1" in pop.leftovers()
    assert vim.list({}) == ()
    report = audit(ledger, pop.home)
    assert [(each.problem, each.resource, each.pop) for each in report.findings] == [
        ("leaked", "shop-web-1", POP)
    ]
    said: list[str] = []
    mend(ledger, pop.home, report, said.append)
    assert said == ["removed  shop-web-1 on berlin (leaked)"]
    assert audit(ledger, pop.home).findings == ()
    assert pop.leftovers() == []


def test_volumes_of_others_are_not_touched(pop: Tenancy, ledger: Catalogue) -> None:
    storage: Any = pop.tenant.block_storage
    foreign = storage.create_volume(name="shop-web-1", size=1)
    other = storage.create_volume(name="shop-web-1", size=1, metadata={"interlace:pop": "munich"})
    vim = booting(pop)
    vim.create(spec(), quiet)
    vim.delete("shop-web-1", quiet)
    assert audit(ledger, pop.home).findings == ()
    assert {each.id for each in volumes(pop)} == {foreign.id, other.id}
    for each in (foreign, other):
        storage.delete_volume(each.id)
        storage.wait_for_delete(storage.get_volume(each.id), interval=0.3, wait=60)
