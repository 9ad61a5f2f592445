"""Workers without their start-up time: `python -m lab.proving.nursery` forks itself once all is imported.

Each line on standard input is an order for one process, whose id is the answer: a command, or a worker, which
is `python -m workers` in all but the imports. The nursery ends, and all of them with it, when its input does.
"""

import ctypes
import importlib
import os
import signal
import sys
from pathlib import Path

from domain.models import Model
from workers.__main__ import main as work
from workers.loading import loading

_PR_SET_PDEATHSIG = 1


class Order(Model):
    """One process to be started."""

    words: tuple[str, ...]
    """Of a command; or of `python -m workers`, after these."""
    worker: bool
    log: Path
    environment: dict[str, str] = {}


def main() -> None:
    """Serve orders until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried by themselves
    with loading():
        importlib.import_module("workers.serving")
    print("ready", flush=True)
    for line in sys.stdin:
        order = Order.model_validate_json(line)
        nursery = os.getpid()
        pid = os.fork()
        if pid == 0:
            _become(order, nursery)
        print(pid, flush=True)


def _become(order: Order, nursery: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        os._exit(1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for stream, number in ((os.open(os.devnull, os.O_RDONLY), 0), (log, 1), (log, 2)):
        os.dup2(stream, number)
    os.environ.update(order.environment)
    if not order.worker:
        os.execvp(order.words[0], order.words)
    sys.argv = ["workers", *order.words]
    try:
        work()
    except SystemExit as leaving:
        os._exit(leaving.code if isinstance(leaving.code, int) else 1)
    os._exit(0)


if __name__ == "__main__":
    main()
