"""How long calls to VIMs take, and how they end: counted in the process that makes them."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from prometheus_client import Histogram

from domain.errors import PermanentError, TemporaryError

V = TypeVar("V")

CALLS = (
    *("create", "read", "list", "delete", "capacity", "configure", "ailment", "traits"),
    *("routes", "ready", "drain", "export_state", "import_state", "observe"),
    *("connect", "disconnect", "networks", "unconnected", "resize", "move", "figures"),
)
"""Of the ports in `port.py`, those that ask something of the VIM itself."""

_TOOK = Histogram(
    "interlace_vim_call_duration_seconds",
    "How long calls to VIMs took, waiting included.",
    ("vim_kind", "pop", "call", "outcome"),
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600),
)


def metered(vim: V, kind: str, pop: str) -> V:
    """The same VIM; its calls are counted from now on."""
    for name in CALLS:
        call = getattr(vim, name, None)
        if call is not None:
            setattr(vim, name, _metered(call, kind, pop, name))
    return vim


def _metered(call: Callable[..., Any], kind: str, pop: str, name: str) -> Callable[..., Any]:
    def timed(*args: Any, **fields: Any) -> Any:
        began, outcome = time.monotonic(), "abandoned"
        try:
            answer = call(*args, **fields)
            outcome = "done"
            return answer
        except PermanentError:
            outcome = "refused"
            raise
        except TemporaryError:
            outcome = "unavailable"
            raise
        finally:
            _TOOK.labels(kind, pop, name, outcome).observe(time.monotonic() - began)

    return timed
