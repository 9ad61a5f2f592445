"""Work at an OpenStack that somebody waits for: told of as it goes on, left when they leave."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from adaptors.vim.openstack.calls import Abandoned
from adaptors.vim.port import Progress

T = TypeVar("T")

PACE_S = 0.1
"""How often the progress is told."""


class Errand:
    """A call under way in a thread of its own: says what it does, and ends where nobody waits any more."""

    def __init__(self, doing: str) -> None:
        self.doing = doing
        self._left = threading.Event()

    def step(self, doing: str) -> None:
        """Say what comes next.

        :raises Abandoned: where nobody waits any more
        """
        if self._left.is_set():
            raise Abandoned
        self.doing = doing

    def sleep(self, seconds: float) -> None:
        """Wait for that long, or until nobody waits any more, which raises Abandoned."""
        if self._left.wait(max(0.0, seconds)):
            raise Abandoned

    def acquire(self, lock: threading.Lock) -> None:
        """Wait for a lock, or until nobody waits any more, which raises Abandoned."""
        while not lock.acquire(timeout=PACE_S):
            self.step(self.doing)

    def leave(self) -> None:
        self._left.set()


def attended(doing: str, progress: Progress, work: Callable[[Errand], T]) -> T:
    """Do the work in a thread, and tell the progress meanwhile.

    Where the progress raises, this ends at once; the work ends after the one request that it is at.
    """
    progress(doing)
    errand, done = Errand(doing), Future[T]()
    threading.Thread(target=_do, args=(errand, work, done), name=f"openstack: {doing}", daemon=True).start()
    try:
        while not wait((done,), PACE_S).done:
            progress(errand.doing)
    except BaseException:
        errand.leave()
        raise
    return done.result()


def _do(errand: Errand, work: Callable[[Errand], T], done: Future[T]) -> None:
    try:
        done.set_result(work(errand))
    except BaseException as error:  # handed to whoever waits, in their thread
        done.set_exception(error)


class Deadline:
    """How long something may take."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def over(self) -> bool:
        return time.monotonic() >= self._end
