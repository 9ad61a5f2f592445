"""How long the search may go on: by the clock, and by the work that a solver would have without it."""

import time


class Clock:
    """Starts when it is made."""

    def __init__(self, limit_s: float, effort_s: float) -> None:
        """
        :param limit_s: by the clock on the wall
        :param effort_s: of this thread's own work, which other work on the machine does not lengthen
        """
        self._end = time.monotonic() + limit_s
        self._effort = time.thread_time() + effort_s

    @property
    def is_over(self) -> bool:
        """Whether it is time to stop."""
        return time.monotonic() > self._end or time.thread_time() > self._effort
