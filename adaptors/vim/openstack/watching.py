"""The servers of a PoP, listed at most once a second however many wait for one of them."""

import threading
import time
from collections.abc import Callable, Sequence

from openstack.compute.v2.server import Server
from openstack.connection import Connection

from adaptors.vim.openstack.attending import Errand
from adaptors.vim.openstack.servers import servers_of

INTERVAL_S = 1.0


class Watch:
    """One PoP's servers, for all who wait in this process."""

    def __init__(self, connection: Callable[[], Connection], pop: str) -> None:
        self._connection = connection
        self._pop = pop
        self._lock = threading.Lock()
        self._listed_at = -INTERVAL_S
        self._servers: Sequence[Server] = ()

    def look(self, errand: Errand) -> Sequence[Server]:
        """The PoP's servers, ours only, by a list that began after this was called."""
        since = time.monotonic()
        errand.acquire(self._lock)
        try:
            if self._listed_at < since:
                errand.sleep(self._listed_at + INTERVAL_S - time.monotonic())
                listed_at = time.monotonic()
                self._servers = servers_of(self._connection(), self._pop)
                self._listed_at = listed_at
            return self._servers
        finally:
            self._lock.release()
