"""What every VIM adaptor must do. A new adaptor joins by a factory in tests/contract/sites.py."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from domain.descriptor import ComponentKind
from domain.errors import InterlaceError, VimRefusedError, VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, Listening
from domain.steering import ImageTraits
from tests.contract.sites import POP, REAL_SITES, SITES, TOTAL, Site

SITE_PARAMETERS = [
    *(pytest.param(made, id=name) for name, made in sorted(SITES.items())),
    *(pytest.param(made, id=name, marks=pytest.mark.real) for name, made in sorted(REAL_SITES.items())),
]


@pytest.fixture(params=SITE_PARAMETERS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    with request.param(tmp_path) as made:
        yield made


def spec(
    site: Site,
    name: str = "shop-web-1",
    vcpus: int = 1,
    workers: int = 2,
    address: str | None = None,
    **tags: str,
) -> InstanceSpec:
    default = {"service": "shop", "component": "web", "instance": "web-1", "operation": "op-1", "tenant": "t"}
    return InstanceSpec(
        name=name,
        pop=POP,
        image=site.image,
        resources=Resources.of(vcpus, 128, 1),
        kind=ComponentKind.MICROSERVICE,
        config={"workers": workers},
        environment={"MODE": "test"},
        secrets={"PASSWORD": "shop-password"},
        connection_points=("http",),
        addresses={} if address is None else {"http": address},
        listens=(Listening(connection_point="http", protocol="tcp", port=80),),
        tags={**default, **tags},
    )


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


class CancelledByTest(Exception):
    """What a progress raises to stop a call."""


TOO_LONG_S = 2.0
"""Ten times what the port promises: the machine may be busy with other tests."""


class Recorder:
    """A progress that keeps the moments of its calls and may cancel one of them."""

    def __init__(self, cancel_after_s: float | None = None) -> None:
        self.moments = [time.monotonic()]
        self._cancel_after_s = cancel_after_s

    def __call__(self, message: str) -> None:
        assert message
        self.moments.append(time.monotonic())
        if self._cancel_after_s is not None and self.moments[-1] - self.moments[0] >= self._cancel_after_s:
            raise CancelledByTest

    def longest_silence(self) -> float:
        moments = [*self.moments, time.monotonic()]
        return max(later - earlier for earlier, later in pairwise(moments))


def test_a_created_instance_runs_and_is_read_as_it_was_asked_for(site: Site) -> None:
    vim = site.open()
    made = vim.create(spec(site), quiet)
    assert made.status is InstanceStatus.RUNNING
    assert made.address and made.external_id
    assert made.tags == spec(site).tags
    assert made.resources == spec(site).resources
    assert site.open().read("shop-web-1") == made


def test_read_of_nothing_is_none(site: Site) -> None:
    assert site.open().read("nobody") is None


def test_create_is_idempotent_across_handles(site: Site) -> None:
    first = site.open().create(spec(site), quiet)
    assert site.open().create(spec(site), quiet) == first
    assert len(site.open().list({})) == 1


def test_a_name_taken_by_another_spec_is_refused_and_left_alone(site: Site) -> None:
    vim = site.open()
    first = vim.create(spec(site), quiet)
    with pytest.raises(VimRefusedError, match=f"{POP}.*shop-web-1.*resources"):
        vim.create(spec(site, vcpus=2), quiet)
    assert vim.read("shop-web-1") == first


def test_a_create_whose_answer_was_lost_is_adopted(site: Site) -> None:
    vim = site.open()
    site.lose_next_answer("create")
    with pytest.raises(VimUnavailableError, match=f"{POP}.*shop-web-1"):
        vim.create(spec(site), quiet)
    lost = vim.read("shop-web-1")
    assert lost is not None
    assert vim.create(spec(site), quiet).external_id == lost.external_id
    assert len(vim.list({})) == 1


def test_delete_removes_and_is_idempotent(site: Site) -> None:
    vim = site.open()
    vim.create(spec(site), quiet)
    vim.delete("shop-web-1", quiet)
    assert vim.read("shop-web-1") is None
    vim.delete("shop-web-1", quiet)
    vim.delete("never-was", quiet)
    assert vim.list({}) == ()


def test_a_delete_whose_answer_was_lost_can_be_repeated(site: Site) -> None:
    vim = site.open()
    vim.create(spec(site), quiet)
    site.lose_next_answer("delete")
    with pytest.raises(VimUnavailableError, match=f"{POP}.*shop-web-1"):
        vim.delete("shop-web-1", quiet)
    vim.delete("shop-web-1", quiet)
    assert vim.read("shop-web-1") is None


def test_a_name_can_be_used_again_after_its_delete(site: Site) -> None:
    vim = site.open()
    first = vim.create(spec(site), quiet)
    vim.delete("shop-web-1", quiet)
    assert vim.create(spec(site, vcpus=2), quiet).external_id != first.external_id


def test_list_selects_by_all_of_the_tags(site: Site) -> None:
    vim = site.open()
    vim.create(spec(site, "shop-web-1"), quiet)
    vim.create(spec(site, "shop-web-2", operation="op-2"), quiet)
    vim.create(spec(site, "bank-web-1", service="bank"), quiet)
    assert [one.name for one in vim.list({})] == ["bank-web-1", "shop-web-1", "shop-web-2"]
    assert [one.name for one in vim.list({"service": "shop"})] == ["shop-web-1", "shop-web-2"]
    assert [one.name for one in vim.list({"service": "shop", "operation": "op-2"})] == ["shop-web-2"]
    assert vim.list({"service": "nobody"}) == ()


def test_capacity_follows_creates_and_deletes(site: Site) -> None:
    vim = site.open()
    assert vim.capacity() == (TOTAL, Resources.of(0, 0, 0))
    vim.create(spec(site, vcpus=3), quiet)
    assert vim.capacity() == (TOTAL, Resources.of(3, 128, 1))
    vim.delete("shop-web-1", quiet)
    assert vim.capacity() == (TOTAL, Resources.of(0, 0, 0))


def test_a_refusal_names_the_pop_the_resource_and_the_cause(site: Site) -> None:
    vim = site.open()
    with pytest.raises(VimRefusedError) as caught:
        vim.create(spec(site, vcpus=TOTAL.vcpus + 1), quiet)
    words = str(caught.value)
    assert POP in words and "shop-web-1" in words and "vcpus" in words
    assert vim.list({}) == ()


def test_concurrent_creates_of_one_name_make_one_resource(site: Site) -> None:
    barrier = threading.Barrier(8)

    def create(_: int) -> str:
        vim = site.open()
        barrier.wait()
        return vim.create(spec(site), quiet).external_id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(8)))) == 1
    assert len(site.open().list({})) == 1
    assert site.open().capacity()[1].vcpus == 1


def test_progress_is_told_often_while_waiting(site: Site) -> None:
    vim = site.slow()
    creating = Recorder()
    vim.create(spec(site), creating)
    assert len(creating.moments) >= 5
    assert creating.longest_silence() < TOO_LONG_S
    deleting = Recorder()
    vim.delete("shop-web-1", deleting)
    assert len(deleting.moments) >= 5
    assert deleting.longest_silence() < TOO_LONG_S


@pytest.mark.parametrize("operation", ["create", "delete"])
def test_a_cancelled_call_stops_at_once_and_can_be_taken_up_again(site: Site, operation: str) -> None:
    vim = site.slow()
    if operation == "delete":
        site.open().create(spec(site), quiet)
    cancel = Recorder(cancel_after_s=0.2)
    started = time.monotonic()
    with pytest.raises(CancelledByTest):
        vim.create(spec(site), cancel) if operation == "create" else vim.delete("shop-web-1", cancel)
    assert time.monotonic() - started < 0.8
    vim.delete("shop-web-1", quiet)
    assert vim.list({}) == ()
    assert vim.create(spec(site), quiet).status is InstanceStatus.RUNNING


def test_a_create_waits_for_the_delete_of_its_name(site: Site) -> None:
    vim = site.slow()
    first = vim.create(spec(site), quiet)
    with pytest.raises(CancelledByTest):
        vim.delete("shop-web-1", Recorder(cancel_after_s=0.2))
    second = vim.create(spec(site), quiet)
    assert second.external_id != first.external_id
    assert second.status is InstanceStatus.RUNNING


def test_a_spec_for_another_pop_is_refused(site: Site) -> None:
    with pytest.raises(InterlaceError, match=f"{POP}.*paris"):
        site.open().create(spec(site).model_copy(update={"pop": "paris"}), quiet)


def test_an_instance_of_another_config_is_one_of_another_spec(site: Site) -> None:
    vim = site.open()
    first = vim.create(spec(site), quiet)
    for _ in range(2):
        vim.configure("shop-web-1", {"workers": 3}, quiet)
    assert site.open().create(spec(site, workers=3), quiet) == first
    with pytest.raises(VimRefusedError, match=f"{POP}.*shop-web-1.*config"):
        vim.create(spec(site), quiet)
    vim.configure("shop-web-1", {"workers": 2}, quiet)
    assert vim.create(spec(site), quiet) == first


def test_only_what_runs_can_be_configured(site: Site) -> None:
    vim = site.open()
    with pytest.raises(VimRefusedError, match=f"{POP}.*nobody"):
        vim.configure("nobody", {"workers": 3}, quiet)
    vim.create(spec(site), quiet)
    site.crash("shop-web-1")
    with pytest.raises(VimRefusedError, match=f"{POP}.*shop-web-1"):
        vim.configure("shop-web-1", {"workers": 3}, quiet)


def test_an_ailment_is_told_only_of_what_is_not_well(site: Site) -> None:
    vim = site.open()
    assert vim.ailment("shop-web-1")
    vim.create(spec(site), quiet)
    vim.create(spec(site, "shop-web-2", instance="web-2"), quiet)
    assert vim.ailment("shop-web-1") is None
    site.crash("shop-web-1")
    assert site.open().ailment("shop-web-1")
    assert vim.ailment("shop-web-2") is None


def test_what_failed_is_shown_so_and_can_be_deleted(site: Site) -> None:
    vim = site.open()
    vim.create(spec(site), quiet)
    site.crash("shop-web-1")
    (failed,) = vim.list({"service": "shop"})
    assert failed == vim.read("shop-web-1")
    assert failed.status is InstanceStatus.ERROR
    assert vim.capacity()[1].vcpus == 1
    vim.delete("shop-web-1", quiet)
    assert vim.read("shop-web-1") is None
    assert vim.capacity()[1].vcpus == 0


def test_what_failed_is_built_anew_in_its_place_if_the_spec_is_its_own(site: Site) -> None:
    vim = site.open()
    first = vim.create(spec(site), quiet)
    site.crash("shop-web-1")
    with pytest.raises(VimRefusedError, match=f"{POP}.*shop-web-1.*resources"):
        vim.create(spec(site, vcpus=2), quiet)
    again = site.open().create(spec(site), quiet)
    assert again.status is InstanceStatus.RUNNING
    assert again.address == first.address
    assert vim.ailment("shop-web-1") is None
    assert len(vim.list({})) == 1


def test_a_successor_may_have_its_predecessors_address_while_both_are_there(site: Site) -> None:
    if not site.keeps_addresses:
        pytest.skip("gives no address that another has still; the planner asks for none there")
    vim = site.open()
    first = vim.create(spec(site), quiet)
    second = vim.create(spec(site, "shop-web-1-b", operation="op-2", address=first.address), quiet)
    third = vim.create(spec(site, "shop-web-2", instance="web-2"), quiet)
    assert second.address == first.address != third.address
    vim.delete("shop-web-1", quiet)
    assert vim.read("shop-web-1-b") == second


def test_to_name_the_addresses_that_were_given_makes_no_other_spec(site: Site) -> None:
    vim = site.open()
    first = vim.create(spec(site), quiet)
    assert vim.create(spec(site, address=first.address), quiet) == first
    assert vim.create(spec(site), quiet) == first
    with pytest.raises(VimRefusedError, match=f"{POP}.*shop-web-1.*addresses"):
        vim.create(spec(site, address="10.200.1.1"), quiet)


def test_an_image_of_which_nothing_is_said_has_no_traits(site: Site) -> None:
    assert site.open().traits(site.image) == ImageTraits()


def test_what_an_operator_deleted_by_hand_is_ill_then_built_anew(site: Site) -> None:
    if site.vanish is None:
        pytest.skip("nobody else can delete there")
    vim = site.open()
    first = vim.create(spec(site), quiet)
    site.vanish("shop-web-1")
    assert vim.ailment("shop-web-1")
    again = site.open().create(spec(site), quiet)
    assert again.status is InstanceStatus.RUNNING
    assert again.external_id != first.external_id
    assert vim.ailment("shop-web-1") is None
    assert [one.name for one in vim.list({})] == ["shop-web-1"]
    vim.delete("shop-web-1", quiet)
    assert vim.list({}) == ()


def test_what_an_operator_deleted_by_hand_can_be_deleted(site: Site) -> None:
    if site.vanish is None:
        pytest.skip("nobody else can delete there")
    vim = site.open()
    vim.create(spec(site), quiet)
    site.vanish("shop-web-1")
    vim.delete("shop-web-1", quiet)
    assert vim.list({}) == ()
    assert vim.capacity()[1] == Resources.of(0, 0, 0)


def test_the_longest_names_are_told_apart(site: Site) -> None:
    vim = site.open()
    service, component = "s" * 63, "c" * 63
    names = [f"{service}-{component}-{number}-0a1b2c3d" for number in (1, 2)]
    for number, name in enumerate(names, start=1):
        tags = {"service": service, "component": component, "instance": f"{component}-{number}"}
        vim.create(spec(site, name).model_copy(update={"tags": {**spec(site).tags, **tags}}), quiet)
    assert [one.name for one in vim.list({"service": service})] == names
    vim.delete(names[0], quiet)
    assert vim.read(names[0]) is None
    assert (left := vim.read(names[1])) is not None and left.name == names[1]


def test_of_six_created_at_once_those_that_fit_run_and_the_others_are_refused(site: Site) -> None:
    def attempt(number: int) -> str | None:
        wanted = spec(site, f"shop-web-{number}", instance=f"web-{number}")
        try:
            site.open().create(wanted, quiet)
        except VimRefusedError as refused:
            return str(refused)
        return None

    with ThreadPoolExecutor(6) as pool:
        said = list(pool.map(attempt, range(1, 7)))
    refusals = [words for words in said if words is not None]
    assert len(refusals) == 2 or (site.refuses_too_many and 2 < len(refusals) < 6)
    assert all(POP in words and "shop-web-" in words for words in refusals)
    vim = site.open()
    running = [one for one in vim.list({}) if one.status is InstanceStatus.RUNNING]
    assert len(running) == 6 - len(refusals)
    for number in range(1, 7):
        vim.delete(f"shop-web-{number}", quiet)
    assert vim.list({}) == ()
    assert vim.capacity() == (TOTAL, Resources.of(0, 0, 0))


def test_a_wrong_credential_is_refused_by_its_name(site: Site) -> None:
    if site.wrong is None:
        pytest.skip("needs no credential")
    with pytest.raises(VimRefusedError, match=f"{POP}.*wrong"):
        site.wrong().list({})


def test_a_vim_that_does_not_answer_is_unavailable_and_nothing_is_lost(site: Site) -> None:
    if site.away is None:
        pytest.skip("is this machine itself")
    vim = site.away()
    with pytest.raises(VimUnavailableError, match=POP):
        vim.create(spec(site), quiet)
