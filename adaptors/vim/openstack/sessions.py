"""Idle connections are closed by servers and by balancers on the way: what only reads is asked anew."""

from types import TracebackType
from typing import Any

from openstack.connection import Connection
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

_AT_ONCE = 100
"""Requests to one API for which connections are kept."""


class _Reconnecting(Retry):
    """Once more where the connection was closed, but not where an answer takes too long."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> "_Reconnecting":
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


def keep_connected(connection: Connection) -> None:
    """Ask once more what a closed connection left unanswered, if it only reads."""
    again = _Reconnecting(
        total=1, connect=0, read=1, redirect=0, status=0, other=0, allowed_methods={"GET", "HEAD"}
    )
    for adapter in connection.session.session.adapters.values():
        if isinstance(adapter, HTTPAdapter):
            adapter.max_retries = again
            adapter.init_poolmanager(adapter._pool_connections, _AT_ONCE)
