"""What this process asks of a cloud: HTTP requests, and runs of Terraform, heard as Python audits them.

Audit events come whatever client library sends a request, and nothing stands between it and the cloud.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
RUN = "RUN"


@dataclass(frozen=True)
class Asked:
    """One request."""

    at: float
    """As time.monotonic tells it."""
    method: str
    """RUN, where it is a command of Terraform."""
    path: str
    """With its query; the words of a command."""


_listeners: list[list[Asked]] = []


@contextmanager
def listening() -> Iterator[list[Asked]]:
    """All that is asked while this is open, in the order in which it was asked."""
    _hear()
    heard: list[Asked] = []
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners[:] = [each for each in _listeners if each is not heard]


@cache
def _hear() -> None:
    """Once in a process: Python forgets no hook."""
    sys.addaudithook(_note)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if not _listeners or event not in ("http.client.send", "subprocess.Popen"):
        return
    asked = _request(arguments[1]) if event == "http.client.send" else _command(arguments[1])
    if asked is not None:
        for heard in _listeners:
            heard.append(asked)


def _request(data: Any) -> Asked | None:
    """None for a body that is sent by itself."""
    match = _REQUEST.match(data) if isinstance(data, bytes) else None
    return match and Asked(time.monotonic(), match[1].decode(), match[2].decode())


def _command(words: Any) -> Asked | None:
    """None where it is another program."""
    said = [str(each) for each in words] if isinstance(words, list) else []
    is_terraform = bool(said) and Path(said[0]).name == "terraform"
    return Asked(time.monotonic(), RUN, " ".join(said[1:])) if is_terraform else None
