"""The servers of a PoP, listed at most once a second however many wait for one of them."""

import threading
import time
from collections.abc import Callable, Sequence

from openstack.compute.v2.server import Server
from openstack.connection import Connection

from adaptors.vim.openstack.attending import PACE_S, Errand
from adaptors.vim.openstack.servers import servers_of

INTERVAL_S = 1.0


class Watch:
    """One PoP's servers, for all who wait in this process."""

    def __init__(self, connection: Callable[[], Connection], pop: str) -> None:
        self._connection = connection
        self._pop = pop
        self._changed = threading.Condition()
        self._listing = False
        self._listed_at = -INTERVAL_S
        self._servers: Sequence[Server] = ()

    def look(self, errand: Errand) -> Sequence[Server]:
        """The PoP's servers, ours only, by a list that began after this was called."""
        since = time.monotonic()
        with self._changed:
            while self._listing and self._listed_at < since:
                self._changed.wait(PACE_S)
                errand.step(errand.doing)
            if self._listed_at >= since:
                return self._servers
            self._listing = True
        try:
            return self._listed(errand)
        finally:
            with self._changed:
                self._listing = False
                self._changed.notify_all()

    def _listed(self, errand: Errand) -> Sequence[Server]:
        errand.sleep(self._listed_at + INTERVAL_S - time.monotonic())
        listed_at = time.monotonic()
        servers = servers_of(self._connection(), self._pop)
        with self._changed:
            self._listed_at, self._servers = listed_at, servers
        return servers
