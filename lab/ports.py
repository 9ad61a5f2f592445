"""Free ports of this machine, and claims on them by those who start something at the same moment."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domain.errors import InterlaceError


class NoPortError(InterlaceError):
    """This machine gives no port away."""


def free_port(wanted: int) -> int:
    """`wanted` if nothing listens on it, else one that is free; on 127.0.0.1.

    :raises NoPortError: where there is none
    """
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise NoPortError("no free port on 127.0.0.1")


@contextmanager
def claimed_port(wanted: int) -> Iterator[int]:
    """As `free_port`, and nobody else who claims `wanted` gets it for as long as this lasts.

    Between the look for a free port and the moment when a server listens on it another one may look, too.
    """
    file = Path(tempfile.gettempdir()) / f"interlace-{os.getuid()}-port-{wanted}"
    handle = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wanted = 0
        yield free_port(wanted)
    finally:
        os.close(handle)  # which ends the claim
