"""Memory that the allocator keeps for later."""

import ctypes
import threading
from collections.abc import Callable

_TRIM: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc, which keeps what each thread gave back, for that thread; others need none."""


def give_back() -> None:
    """To the system, what is free in the heaps of all threads: microseconds where there is nothing."""
    if _TRIM is not None:
        _TRIM(0)


class GivingBack:
    """Gives back again and again: what many small requests leave free grows by MiB each second."""

    def __init__(self, every_s: float = 2.0) -> None:
        self._every_s = every_s
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Unless it has begun."""
        with self._lock:
            if self._thread is None and _TRIM is not None:
                self._thread = threading.Thread(target=self._go_on, name="give-back", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """For good."""
        self._ended.set()

    def _go_on(self) -> None:
        while not self._ended.wait(self._every_s):
            give_back()
