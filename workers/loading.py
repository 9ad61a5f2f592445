"""Imports of a process that lasts: what they make stays."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """What is imported within is not looked through for garbage: neither then, a fifth of the time, nor ever.

    A worker's imports make some 300,000 objects, so each look at all of them held up all of its threads.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
