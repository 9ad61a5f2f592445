"""How long the search may go on: by the clock, and by the work that a solver would have without it."""

import time
from collections.abc import Callable

Stop = Callable[[], bool]
"""Whether it is time to stop: asked in each loop that may be long."""


class LateError(Exception):
    """There was no time to begin."""


class Clock:
    """Starts when it is made."""

    def __init__(self, limit_s: float, effort_s: float, last_s: float | None = None) -> None:
        """
        :param limit_s: by the clock on the wall
        :param effort_s: of this thread's own work, which other work on the machine does not lengthen
        :param last_s: as long as no plan is known, by the clock on the wall; `limit_s` by default
        """
        now = time.monotonic()
        self._end = now + limit_s
        self._last = now + (limit_s if last_s is None else last_s)
        self._effort = time.thread_time() + effort_s

    def spend(self, effort_s: float) -> None:
        """From now on, no more of this thread's work than that."""
        self._effort = min(self._effort, time.thread_time() + effort_s)

    @property
    def is_over(self) -> bool:
        """Whether it is time to stop."""
        return time.monotonic() > self._end or time.thread_time() > self._effort

    @property
    def is_late(self) -> bool:
        """Whether it is time to stop even where no plan is known."""
        return time.monotonic() > self._last

    def check(self) -> None:
        """Raise LateError where it is late."""
        if self.is_late:
            raise LateError
