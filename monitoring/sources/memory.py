"""Memory that the allocator keeps for later."""

import ctypes
from collections.abc import Callable

_TRIM: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
"""Of glibc, which keeps what each thread gave back, for that thread; others need none."""


def give_back() -> None:
    """To the system, what is free in the heaps of all threads: microseconds where there is nothing."""
    if _TRIM is not None:
        _TRIM(0)
