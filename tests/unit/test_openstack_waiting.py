"""Those who wait: told often, gone at once, and one list for all of them."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from openstack.connection import Connection

from adaptors.vim.openstack.attending import Errand, attended
from adaptors.vim.openstack.calls import Abandoned
from adaptors.vim.openstack.locks import Locks
from adaptors.vim.openstack.memory import Memory
from adaptors.vim.openstack.watching import INTERVAL_S, Watch


class Left(Exception):
    """Raised by a progress that does not wait any more."""


class CountingNova:
    """A cloud that notes when its servers are listed."""

    def __init__(self) -> None:
        self.moments: list[float] = []

    @property
    def compute(self) -> "CountingNova":
        return self

    def servers(self, **_: Any) -> list[Any]:
        self.moments.append(time.monotonic())
        return []


def test_progress_is_told_while_the_work_goes_on() -> None:
    told: list[str] = []

    def work(errand: Errand) -> int:
        errand.step("half done")
        errand.sleep(0.5)
        return 7

    assert attended("begun", told.append, work) == 7
    assert told[0] == "begun"
    assert told.count("half done") >= 3


def test_an_error_of_the_work_is_the_callers() -> None:
    def work(_: Errand) -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        attended("begun", lambda _: None, work)


def test_who_leaves_is_gone_at_once_and_the_work_ends_at_its_next_step() -> None:
    ended = threading.Event()

    def work(errand: Errand) -> None:
        try:
            while True:
                time.sleep(0.05)
                errand.step("another request")
        except Abandoned:
            ended.set()
            raise

    def leaving(message: str) -> None:
        if message == "another request":
            raise Left

    started = time.monotonic()
    with pytest.raises(Left):
        attended("begun", leaving, work)
    assert time.monotonic() - started < 30
    assert ended.wait(60)


def test_many_who_wait_share_one_list_an_interval() -> None:
    nova = CountingNova()
    watch = Watch(cast(Callable[[], Connection], lambda: nova), "berlin")

    def wait(_: int) -> None:
        for _ in range(3):
            watch.look(Errand("waiting"))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(wait, range(6)))
    gaps = [later - earlier for earlier, later in zip(nova.moments, nova.moments[1:], strict=False)]
    assert len(nova.moments) <= 4
    assert min(gaps) > INTERVAL_S * 0.99


def test_who_waits_for_a_lock_may_leave() -> None:
    locks, errand = Locks(), Errand("waiting")
    with locks.of("web-1", Errand("holding")):
        threading.Timer(0.2, errand.leave).start()
        with pytest.raises(Abandoned), locks.of("web-1", errand):
            pass
    with locks.of("web-1", Errand("again")):
        pass


def test_what_misled_is_asked_anew() -> None:
    memory, answers = Memory(), iter((1, 2))
    assert [memory.recall("flavours", lambda: next(answers)) for _ in range(2)] == [1, 1]
    memory.forget("flavours")
    assert memory.recall("flavours", lambda: next(answers)) == 2
