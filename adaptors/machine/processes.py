"""Processes by what cannot be reused: their id and the moment they started."""

import os
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from domain.models import Model

_START_TICKS = 19
"""Where proc(5) has `starttime`, counted from the field after the name."""


class Process(Model):
    """A process that is told from a later one with the same id by its start time."""

    pid: int
    started: float
    """As the kernel counts, on Linux: a clock that is set meanwhile changes nothing."""

    @classmethod
    def of(cls, pid: int) -> "Process":
        """The process as it is now.

        :raises psutil.NoSuchProcess: if there is none
        """
        return cls(pid=pid, started=_look(pid)[0])

    def alive(self) -> bool:
        """Whether it still runs."""
        try:
            started, runs = _look(self.pid)
            return runs and started == self.started
        except psutil.NoSuchProcess:
            return False

    def signal(self, number: int) -> None:
        """Send it a signal, if it is still the same process."""
        if self.alive():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def _look(pid: int) -> tuple[float, bool]:
    """When a process started, and whether it still runs rather than waits to be buried.

    :raises psutil.NoSuchProcess: if there is none
    """
    if not sys.platform.startswith("linux"):
        found = psutil.Process(pid)
        return found.create_time(), found.status() != psutil.STATUS_ZOMBIE
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        raise psutil.NoSuchProcess(pid) from None
    return float(fields[_START_TICKS]), fields[0] not in ("Z", "X")


def end(processes: Iterable[Process], wait_s: float = 2.0) -> bool:
    """SIGTERM, then SIGKILL to those still there after `wait_s`; False when something had to be killed."""
    left = [process for process in processes if process.alive()]
    for process in left:
        process.signal(signal.SIGTERM)
    left = _still_alive(left, wait_s)
    for process in left:
        process.signal(signal.SIGKILL)
    _still_alive(left, wait_s)
    return not left


def _still_alive(processes: list[Process], wait_s: float) -> list[Process]:
    deadline = time.monotonic() + wait_s
    while processes and time.monotonic() < deadline:
        processes = [process for process in processes if process.alive()]
        if processes:
            time.sleep(0.01)
    return processes


def in_network(inode: int) -> list[Process]:
    """All processes whose network namespace has this inode number."""
    found: list[Process] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if (entry / "ns" / "net").stat().st_ino == inode:
                found.append(Process.of(int(entry.name)))
        except (OSError, psutil.NoSuchProcess):
            continue
    return found
