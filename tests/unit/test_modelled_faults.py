"""Each fault of the modelled VIM."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adaptors.vim.modelled.faults import Fault, Faults
from domain.errors import VimRefusedError, VimUnavailableError
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
    assert 0.3 <= time.monotonic() - started < 1
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
        {"kind": "outage", "times": 1},
        {"kind": "temporary", "starts_at": 2.0, "ends_at": 1.0},
        {"kind": "temporary", "times": -1},
        {"kind": "earthquake"},
    ],
)
def test_a_senseless_fault_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate(wrong)
