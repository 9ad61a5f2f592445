"""Keeps the emulator's switches and WAN links running while this worker serves it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from adaptors.machine.abilities import examine
from adaptors.vim.emulator.keeper import Keeper
from domain import names
from workers.settings import Settings


@contextmanager
def kept(settings: Settings, queues: Sequence[str]) -> Iterator[None]:
    """Bring back what dies of the emulated infrastructure, where the emulator is served and may run."""
    if names.vim_queue("emulator") not in queues or examine(settings.home)[1] is None:
        yield
        return
    stop = threading.Event()
    keeper = threading.Thread(target=Keeper(settings.home).run, args=(stop,), name="keeper", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
