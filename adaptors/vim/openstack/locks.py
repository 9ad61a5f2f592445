"""Locks by name, for those who would find or make the same thing at the same time."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from adaptors.vim.openstack.attending import Errand


class Locks:
    """As many locks as there are names in use."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._users: defaultdict[str, int] = defaultdict(int)

    @contextmanager
    def of(self, name: str, errand: Errand) -> Iterator[None]:
        """Hold the lock of a name; whoever waits for it leaves with their errand."""
        with self._guard:
            lock = self._locks[name]
            self._users[name] += 1
        try:
            errand.acquire(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._forget(name)

    def _forget(self, name: str) -> None:
        with self._guard:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._locks[name]
