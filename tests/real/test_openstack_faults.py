"""What goes wrong at a real OpenStack: credentials, quotas, lost answers, failed servers, other hands."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceStatus
from lab.faults.rules import Fault
from lab.openstack.hypervisor import HypervisorFaults, failing
from lab.port import LabStatus
from tests.contract.openstack_site import Tenancy, read_clouds, write_clouds
from tests.real.labs import directory
from tests.real.openstack_pops import quiet, spec

pytestmark = pytest.mark.real

pytest_plugins = ("tests.real.labs", "tests.real.openstack_pops")

DELETED = [("compute", "/servers/"), ("network", "/ports/"), ("network", "/networks/")]


def test_a_wrong_password_is_told_once_and_its_correction_is_seen(pop: Tenancy) -> None:
    right = read_clouds(pop.home)[pop.credential]
    wrong = {**right, "auth": {**right["auth"], "password": "wrong"}}
    name = f"{pop.credential}-wrong"
    write_clouds(pop.home, {name: wrong})
    with pytest.raises(VimRefusedError, match=f"PoP berlin.*credential '{name}'") as caught:
        pop.of_credential(name).create(spec(), quiet)
    assert "password" not in str(caught.value)
    assert pop.proxies["identity"].count("POST", "/auth/tokens") == 1
    write_clouds(pop.home, {name: right})
    assert pop.of_credential(name).read("shop-web-1") is None


def test_a_cloud_that_nobody_knows_is_told_with_those_that_are_known(pop: Tenancy) -> None:
    with pytest.raises(VimRefusedError, match=f"no cloud 'my-clout'.*{pop.credential}"):
        pop.of_credential("my-clout").list({})


def test_an_expired_token_is_fetched_anew(pop: Tenancy) -> None:
    assert pop.open().list({}) == ()
    for api in ("compute", "network"):
        pop.proxies[api].add(Fault(replace={"X-Auth-Token": "expired"}, times=1))
    assert pop.open().create(spec(), quiet).status is InstanceStatus.RUNNING
    assert 2 <= pop.proxies["identity"].count("POST", "/auth/tokens") <= 3


def test_a_quota_in_the_middle_of_six_is_told_and_undone_completely(pop: Tenancy) -> None:
    vim = pop.open()

    def create(number: int) -> str:
        try:
            return vim.create(spec(f"shop-web-{number}"), quiet).status
        except VimRefusedError as error:
            return str(error)

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(create, range(6)))
    refused = [each for each in said if each != "RUNNING"]
    assert 2 <= len(refused) < 6  # where they come at the same moment, Nova may refuse too many
    assert all("Quota exceeded for cores" in each and "1 vcpus" in each for each in refused)
    assert [each.status for each in vim.list({})].count(InstanceStatus.RUNNING) == 6 - len(refused)
    for number in range(6):
        vim.delete(f"shop-web-{number}", quiet)
    assert pop.leftovers() == []


@pytest.mark.parametrize("api", ["compute", "network"])
def test_whichever_answer_is_lost_nothing_is_made_twice(pop: Tenancy, api: str) -> None:
    """That to the n-th request which makes something, for every n, until there is no n-th."""
    proxy, number, failed = pop.proxies[api], 0, 0
    while failed == number:
        lift = proxy.add(Fault(method="POST", skip=number, times=1, lose_answer=True))
        vim = pop.open()
        number += 1
        try:
            vim.create(spec(), quiet)
        except VimUnavailableError as error:
            failed += 1
            assert "PoP berlin: create of instance shop-web-1" in str(error)
            vim.create(spec(), quiet)
        lift()
        assert len(list(pop.tenant.compute.servers())) == 1
        vim.delete("shop-web-1", quiet)
        assert pop.leftovers() == []
    assert failed == {"compute": 2, "network": 4}[api]


@pytest.mark.parametrize(("api", "path"), [("compute", "/servers$"), ("network", "/ports$")])
@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 409}, {"drop": True}])
def test_what_fails_may_be_tried_again(pop: Tenancy, api: str, path: str, fault: dict[str, object]) -> None:
    pop.proxies[api].add(Fault.model_validate({"method": "POST", "path": path, "times": 1, **fault}))
    with pytest.raises(VimUnavailableError, match=r"PoP berlin: create of instance shop-web-1"):
        pop.open().create(spec(), quiet)
    assert pop.open().create(spec(), quiet).status is InstanceStatus.RUNNING


@pytest.mark.parametrize(("api", "path"), DELETED)
@pytest.mark.parametrize("fault", [{"status": 503, "headers": {"Retry-After": "7"}}, {"lose_answer": True}])
def test_a_delete_that_failed_may_be_repeated(
    pop: Tenancy, api: str, path: str, fault: dict[str, object]
) -> None:
    vim = pop.open()
    vim.create(spec(), quiet)
    pop.proxies[api].add(Fault.model_validate({"method": "DELETE", "path": path, "times": 1, **fault}))
    with pytest.raises(VimUnavailableError, match="PoP berlin: delete of instance shop-web-1") as caught:
        vim.delete("shop-web-1", quiet)
    assert caught.value.retry_after_s == (7 if "status" in fault else None)
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []


def test_an_answer_that_takes_too_long_is_not_waited_for(pop: Tenancy) -> None:
    entry = read_clouds(pop.home)[pop.credential]
    write_clouds(pop.home, {"hasty": {**entry, "api_timeout": 2}})
    vim = pop.of_credential("hasty")
    assert vim.list({}) == ()
    pop.proxies["compute"].add(Fault(method="GET", path="/servers/detail", delay_s=20, times=1))
    with pytest.raises(VimUnavailableError, match=r"PoP berlin: list.*does not answer.*timed out"):
        vim.list({})


def test_a_cloud_that_is_away_is_told_so(pop: Tenancy) -> None:
    entry = read_clouds(pop.home)[pop.credential]
    away = {**entry, "auth": {**entry["auth"], "auth_url": "http://127.0.0.1:9/v3"}}
    write_clouds(pop.home, {"away": away})
    with pytest.raises(VimUnavailableError, match=r"PoP berlin: list.*does not answer"):
        pop.of_credential("away").list({})


def test_a_server_that_fails_is_told_in_novas_words_and_built_anew_in_its_place(
    pop: Tenancy, openstack_lab: LabStatus
) -> None:
    vim = pop.open()
    with (
        failing(directory("openstack"), 1, HypervisorFaults(spawn_fails="no boot disk", only="shop-failing")),
        pytest.raises(VimUnavailableError, match=r"shop-failing-1.*no boot disk"),
    ):
        vim.create(spec("shop-failing-1"), quiet)
    failed = vim.read("shop-failing-1")
    assert failed is not None
    assert failed.status is InstanceStatus.ERROR
    assert "no boot disk" in str(vim.ailment("shop-failing-1"))
    again = vim.create(spec("shop-failing-1"), quiet)
    assert again.status is InstanceStatus.RUNNING
    assert (again.address, again.external_id != failed.external_id) == (failed.address, True)


def test_no_valid_host_is_for_good(pop: Tenancy) -> None:
    flavor = pop.admin.compute.create_flavor(name="test.huge", vcpus=1, ram=64, disk=900000)
    try:
        with pytest.raises(VimRefusedError, match=r"shop-web-1.*No valid host"):
            pop.open(flavors=["find"]).create(spec(resources=Resources.of(1, 64, 900000)), quiet)
        pop.open().delete("shop-web-1", quiet)
    finally:
        pop.admin.compute.delete_flavor(flavor)
    assert pop.leftovers() == []


def test_a_delete_that_is_stuck_is_told_with_what_an_administrator_can_do(
    pop: Tenancy, openstack_lab: LabStatus
) -> None:
    vim = pop.open(delete_timeout="4 s")
    vim.create(spec("shop-stuck-1"), quiet)
    with (
        failing(directory("openstack"), 1, HypervisorFaults(destroy_hangs=True, only="shop-stuck")),
        pytest.raises(VimUnavailableError, match=r"shop-stuck-1.*stuck.*administrator.*--state error"),
    ):
        vim.delete("shop-stuck-1", quiet)
    pop.open().delete("shop-stuck-1", quiet)
    assert pop.leftovers() == []


def test_what_an_operator_deletes_by_hand_is_missed_and_made_again(pop: Tenancy) -> None:
    vim = pop.open()
    first = vim.create(spec(), quiet)
    (port,) = pop.tenant.network.ports(name="shop-web-1.http")
    pop.admin.network.delete_port(port.id)  # it belongs to a server: Neutron lets no member do that
    assert vim.ailment("shop-web-1") == "its port http is not there"
    server = pop.server("shop-web-1")
    pop.tenant.compute.delete_server(server.id)
    pop.tenant.compute.wait_for_delete(server, interval=0.5, wait=120)
    assert vim.read("shop-web-1") is None
    assert vim.ailment("shop-web-1") == "it is not there"
    (network,) = pop.tenant.network.networks(project_id=pop.project)
    pop.tenant.network.delete_network(network.id)
    again = vim.create(spec(), quiet)
    assert again.status is InstanceStatus.RUNNING
    assert again.external_id != first.external_id
    server = pop.server("shop-web-1")
    pop.tenant.compute.delete_server(server.id)
    pop.tenant.compute.wait_for_delete(server, interval=0.5, wait=120)
    vim.delete("shop-web-1", quiet)
    assert pop.leftovers() == []
