"""Processes of instances by the directory that each was told, wherever their namespace went."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from adaptors.machine.processes import Process


def by_directory(root: Path) -> dict[str, list[Process]]:
    """Name of a directory in `root` -> the processes of the instance that it belongs to."""
    mark = f"INTERLACE_DIR={root}/".encode()
    found: dict[str, list[Process]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            for word in (entry / "environ").read_bytes().split(b"\0"):
                if word.startswith(mark):
                    name = word[len(mark) :].decode(errors="replace").partition("/")[0]
                    found[name].append(Process.of(int(entry.name)))
        except (OSError, psutil.NoSuchProcess):
            continue
    return found


def end_all(processes: Iterable[Process], wait_s: float = 2.0) -> None:
    """SIGKILL, and wait until they are gone."""
    left = list(processes)
    deadline = time.monotonic() + wait_s
    for process in left:
        with suppress(PermissionError):
            process.signal(signal.SIGKILL)
    while any(process.alive() for process in left) and time.monotonic() < deadline:
        time.sleep(0.005)
