"""Locks between the processes of this machine; a process that dies gives its own back."""

import fcntl
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_threads: dict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that a file stands for, against other threads and other processes."""
    with _guard:
        own = _threads[str(path)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with own, path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
