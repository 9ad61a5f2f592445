"""Where the packets of a cluster's pods come from, as other PoPs see them."""

import threading
import time
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.connection import Connection, Object

_FRESH_S = 60.0

_lock = threading.Lock()
_known: WeakKeyDictionary[Connection, tuple[float, tuple[str, ...]]] = WeakKeyDictionary()


def origins(api: Api) -> tuple[str, ...]:
    """CIDRs of the nodes, for plugins that masquerade, and of their pods, for those that do not.

    They stay when pods move. The nodes are listed once a minute at most.
    """
    with _lock:
        at, found = _known.get(api.connection, (-_FRESH_S, ()))
        if time.monotonic() - at < _FRESH_S:
            return found
    found = tuple(sorted({cidr for node in api.list("Node") for cidr in _of(node)}))
    with _lock:
        _known[api.connection] = time.monotonic(), found
    return found


def _of(node: Object) -> Iterator[str]:
    spec = node["spec"]
    yield from spec.get("podCIDRs") or filter(None, [spec.get("podCIDR")])
    for each in node["status"].get("addresses", ()):
        if each["type"] in ("InternalIP", "ExternalIP"):
            address = each["address"]
            yield f"{address}/{128 if ':' in address else 32}"
