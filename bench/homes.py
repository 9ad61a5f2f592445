"""State directories for labs on the emulator, of which nothing is left on the machine."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adaptors.machine.abilities import Datapath
from adaptors.vim.emulator.cleaning import release, sweep
from adaptors.wan.emulated import open_wan


@contextmanager
def home_of(datapath: Datapath) -> Iterator[Path]:
    """A directory for one lab on the emulator."""
    with tempfile.TemporaryDirectory(prefix=f"interlace-bench-{datapath}-") as directory:
        home = Path(directory)
        try:
            yield home
        finally:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            open_wan(home).sweep(())
            sweep(home, ())
            release(home)
            signal.signal(signal.SIGINT, before)
