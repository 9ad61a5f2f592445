"""Each fault of the modelled VIM."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adaptors.vim.modelled.deeds import Struck, crash, vanish
from adaptors.vim.modelled.faults import Fault, Faults
from domain.errors import InputError, UnknownError, VimRefusedError, VimUnavailableError
from domain.instances import InstanceStatus
from tests.unit.modelled import Cancelled, cancelling, quiet, spec, vim_at


def test_a_temporary_fault_fails_so_many_times(tmp_path: Path) -> None:
    Faults(tmp_path).add(Fault(kind="temporary", operation="create", times=2, message="HTTP 503"))
    vim = vim_at(tmp_path)
    for _ in range(2):
        with pytest.raises(VimUnavailableError, match=r"berlin.*web-1.*HTTP 503"):
            vim.create(spec(), quiet)
        assert vim.list({}) == ()
    assert vim.create(spec(), quiet).status is InstanceStatus.RUNNING


def test_a_counted_fault_is_met_exactly_so_often_by_many_threads(tmp_path: Path) -> None:
    Faults(tmp_path).add(Fault(kind="temporary", operation="create", times=7))
    vim = vim_at(tmp_path)

    def fails(number: int) -> bool:
        try:
            vim.create(spec(f"web-{number}"), quiet)
        except VimUnavailableError:
            return True
        return False

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(fails, range(20))) == 7


@pytest.mark.parametrize(
    ("kind", "error"), [("temporary", VimUnavailableError), ("permanent", VimRefusedError)]
)
def test_a_fault_for_ever_lasts_until_cleared(tmp_path: Path, kind: Any, error: type[Exception]) -> None:
    faults = Faults(tmp_path)
    number = faults.add(Fault(kind=kind, operation="create", message="no such image"))
    for _ in range(5):
        with pytest.raises(error, match="no such image"):
            vim_at(tmp_path).create(spec(), quiet)
    faults.clear(number)
    vim_at(tmp_path).create(spec(), quiet)


@pytest.mark.parametrize("operation", ["create", "delete", "read", "list"])
def test_a_fault_selects_its_operation(tmp_path: Path, operation: Any) -> None:
    Faults(tmp_path).add(Fault(kind="permanent", operation=operation))
    vim = vim_at(tmp_path)
    calls: dict[str, Callable[[], object]] = {
        "create": lambda: vim.create(spec(), quiet),
        "read": lambda: vim.read("web-1"),
        "list": lambda: vim.list({}),
        "delete": lambda: vim.delete("web-1", quiet),
    }
    for name, call in calls.items():
        if name == operation:
            with pytest.raises(VimRefusedError, match=operation):
                call()
        else:
            call()
    vim.capacity()


def test_a_fault_of_all_operations_takes_the_capacity_too(tmp_path: Path) -> None:
    Faults(tmp_path).add(Fault(kind="temporary"))
    with pytest.raises(VimUnavailableError, match=r"berlin: capacity"):
        vim_at(tmp_path).capacity()


def test_a_fault_selects_its_pop_and_component(tmp_path: Path) -> None:
    for number in range(2):
        vim_at(tmp_path).create(spec(f"db-{number}", component="db"), quiet)
    Faults(tmp_path).add(Fault(kind="permanent", pop="berlin", component="db"))
    berlin, paris = vim_at(tmp_path), vim_at(tmp_path, "paris")
    paris.create(spec("db-1", "paris", "db"), quiet)
    berlin.create(spec("web-1"), quiet)
    berlin.delete("web-1", quiet)
    calls: list[Callable[[], object]] = [lambda: berlin.read("db-0"), lambda: berlin.delete("db-1", quiet)]
    for call in calls:
        with pytest.raises(VimRefusedError):
            call()


def test_a_hang_tells_progress_and_stops_when_cancelled(tmp_path: Path) -> None:
    Faults(tmp_path).add(Fault(kind="hang", operation="create", times=1))
    vim = vim_at(tmp_path)
    started = time.monotonic()
    with pytest.raises(Cancelled):
        vim.create(spec(), cancelling(0.3))
    assert 0.3 <= time.monotonic() - started < 30
    assert vim.list({}) == ()
    vim.create(spec(), quiet)


def test_a_hang_ends_when_its_fault_is_cleared(tmp_path: Path) -> None:
    faults = Faults(tmp_path)
    faults.add(Fault(kind="hang", operation="delete"))
    timer = threading.Timer(0.3, faults.clear)
    timer.start()
    with pytest.raises(VimUnavailableError):
        vim_at(tmp_path).delete("web-1", quiet)
    timer.join()


def test_a_hanging_read_times_out(tmp_path: Path) -> None:
    Faults(tmp_path).add(Fault(kind="hang", operation="read"))
    with pytest.raises(VimUnavailableError, match="no answer within"):
        vim_at(tmp_path, answer_timeout="200 ms").read("web-1")


def test_a_lost_answer_comes_after_the_effect(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    Faults(tmp_path).add(Fault(kind="lost", times=2))
    with pytest.raises(VimUnavailableError, match="answer was lost"):
        vim.create(spec(), quiet)
    assert vim.read("web-1") is not None
    with pytest.raises(VimUnavailableError, match="answer was lost"):
        vim.delete("web-1", quiet)
    assert vim.read("web-1") is None


def test_an_outage_lasts_from_its_start_to_its_end(tmp_path: Path) -> None:
    now = time.time()
    Faults(tmp_path).add(Fault(kind="outage", pop="berlin", starts_at=now + 0.4, ends_at=now + 0.9))
    vim = vim_at(tmp_path)
    vim.create(spec(), quiet)
    time.sleep(max(0.0, now + 0.5 - time.time()))
    with pytest.raises(VimUnavailableError, match="outage"):
        vim.read("web-1")
    vim_at(tmp_path, "paris").list({})
    time.sleep(max(0.0, now + 1.0 - time.time()))
    assert vim.read("web-1") is not None


def test_an_outage_meets_a_create_that_waits(tmp_path: Path) -> None:
    now = time.time()
    Faults(tmp_path).add(Fault(kind="outage", starts_at=now + 0.3, ends_at=now + 0.8))
    vim = vim_at(tmp_path, create_delay="2 s")
    with pytest.raises(VimUnavailableError, match="outage"):
        vim.create(spec(), quiet)
    time.sleep(max(0.0, now + 0.9 - time.time()))
    (built,) = vim.list({})
    assert built.status is InstanceStatus.BUILD
    assert vim.create(spec(), quiet).external_id == built.external_id


def test_an_ignored_delete_returns_at_once_and_deletes_nothing(tmp_path: Path) -> None:
    vim = vim_at(tmp_path, delete_delay="60 s")
    made = vim.create(spec(), quiet)
    Faults(tmp_path).add(Fault(kind="ignored", operation="delete", times=1))
    vim.delete("nobody", quiet)
    vim.delete("web-1", cancelling(0.5))
    assert vim.read("web-1") == made
    assert made.status is InstanceStatus.RUNNING
    vim_at(tmp_path).delete("web-1", quiet)
    assert vim.read("web-1") is None


def test_an_ignored_configure_leaves_the_config(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    vim.create(spec(config={"workers": 2}), quiet)
    Faults(tmp_path).add(Fault(kind="ignored", component="web", times=1))
    vim.configure("web-1", {"workers": 2}, quiet)
    vim.configure("web-1", {"workers": 3}, quiet)
    vim.create(spec(config={"workers": 2}), quiet)
    vim.configure("web-1", {"workers": 3}, quiet)
    vim.create(spec(config={"workers": 3}), quiet)


@pytest.mark.parametrize(
    ("kind", "error"),
    [("temporary", VimUnavailableError), ("permanent", VimRefusedError), ("hang", Cancelled)],
)
def test_a_configure_that_fails_changes_nothing(tmp_path: Path, kind: Any, error: type[Exception]) -> None:
    vim = vim_at(tmp_path)
    vim.create(spec(), quiet)
    Faults(tmp_path).add(Fault(kind=kind, operation="configure", component="web"))
    with pytest.raises(error):
        vim.configure("web-1", {"workers": 3}, cancelling(0.2))
    vim.create(spec(), quiet)


def test_a_configure_whose_answer_was_lost_has_happened(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    vim.create(spec(), quiet)
    Faults(tmp_path).add(Fault(kind="lost", operation="configure", times=1))
    with pytest.raises(VimUnavailableError, match=r"berlin: configure of instance web-1.*answer was lost"):
        vim.configure("web-1", {"workers": 3}, quiet)
    vim.configure("web-1", {"workers": 3}, quiet)
    vim.create(spec(config={"workers": 3}), quiet)


def test_an_outage_keeps_an_ailment_unknown(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    vim.create(spec(), quiet)
    Faults(tmp_path).add(Fault(kind="outage", pop="berlin"))
    with pytest.raises(VimUnavailableError, match="outage"):
        vim.ailment("web-1")


def test_a_crashed_instance_is_in_error_and_holds_what_it_had(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    made = vim.create(spec(), quiet)
    assert crash(tmp_path, None, "web-1", "kernel panic") == (Struck(pop="berlin", name="web-1"),)
    assert vim.list({}) == (made.model_copy(update={"status": InstanceStatus.ERROR}),)
    assert vim.ailment("web-1") == "kernel panic"
    assert vim.capacity()[1] == made.resources
    assert vim.create(spec(), quiet) == made
    assert vim.ailment("web-1") is None


def test_a_whole_pop_crashes_and_no_other(tmp_path: Path) -> None:
    berlin, paris = vim_at(tmp_path), vim_at(tmp_path, "paris")
    for number in range(3):
        berlin.create(spec(f"web-{number}"), quiet)
    paris.create(spec("web-1", "paris"), quiet)
    assert len(crash(tmp_path, "berlin", None, "no power")) == 3
    assert {one.status for one in berlin.list({})} == {InstanceStatus.ERROR}
    assert paris.ailment("web-1") is None


def test_a_create_whose_instance_crashes_meanwhile_says_so_and_builds_it_anew(tmp_path: Path) -> None:
    timer = threading.Timer(0.3, lambda: crash(tmp_path, "berlin", "web-1", "kernel panic"))
    timer.start()
    with pytest.raises(VimUnavailableError, match=r"failed while it was being built: kernel panic"):
        vim_at(tmp_path, create_delay="5 s").create(spec(), quiet)
    timer.join()
    assert vim_at(tmp_path).create(spec(), quiet).status is InstanceStatus.RUNNING


def test_a_vanished_instance_was_never_there(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    made = vim.create(spec(), quiet)
    vanish(tmp_path, "berlin", "web-1")
    assert (vim.read("web-1"), vim.list({}), vim.capacity()[1].vcpus) == (None, (), 0)
    assert vim.ailment("web-1") == "it is not there"
    vim.delete("web-1", quiet)
    assert vim.create(spec(), quiet).external_id != made.external_id


def test_what_is_struck_must_be_there_and_be_clear(tmp_path: Path) -> None:
    for pop in ("berlin", "paris"):
        vim_at(tmp_path, pop).create(spec("shop-web-1", pop), quiet)
    with pytest.raises(UnknownError, match=r"'web-1' at PoP paris \(there is shop-web-1\)"):
        crash(tmp_path, "paris", "web-1", "x")
    with pytest.raises(InputError, match="at each of berlin, paris: say at which"):
        vanish(tmp_path, None, "shop-web-1")
    with pytest.raises(Cancelled):
        vim_at(tmp_path, "paris", delete_delay="60 s").delete("shop-web-1", cancelling(0.1))
    with pytest.raises(InputError, match="being deleted"):
        crash(tmp_path, "paris", "shop-web-1", "x")
    assert crash(tmp_path, "paris", None, "x") == ()


def test_faults_are_listed_with_what_is_left_and_cleared(tmp_path: Path) -> None:
    faults = Faults(tmp_path)
    one = faults.add(Fault(kind="temporary", operation="list", times=3))
    two = faults.add(Fault(kind="permanent", pop="paris"))
    with pytest.raises(VimUnavailableError):
        vim_at(tmp_path).list({})
    assert {number: fault.times for number, fault in faults.list().items()} == {one: 2, two: None}
    faults.clear(one)
    assert list(faults.list()) == [two]
    faults.clear()
    assert faults.list() == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "lost", "operation": "read"},
        {"kind": "ignored", "operation": "create"},
        {"kind": "outage", "times": 1},
        {"kind": "temporary", "starts_at": 2.0, "ends_at": 1.0},
        {"kind": "temporary", "times": -1},
        {"kind": "earthquake"},
    ],
)
def test_a_senseless_fault_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)
