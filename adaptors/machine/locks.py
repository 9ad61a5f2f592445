"""Locks between the threads and processes of this machine; a process that dies gives its own back."""

import fcntl
import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_threads: dict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that a file stands for. Its holder may remove the file: whoever waits makes it anew."""
    with _guard:
        own = _threads[str(path)]
    with own:
        file = _taken(path)
        try:
            yield
        finally:
            file.close()


def _taken(path: Path) -> IO[str]:
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()
