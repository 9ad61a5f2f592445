"""Processes that go on after the command that started them, each with its descendants in its own session."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from adaptors.machine.processes import Process, end
from lab.port import LabError

# The new process writes down itself, so there is no moment in which it runs and nobody could find it.
_BIRTH = 'read -r line </proc/$$/stat && printf "%s\\n" "$line" >"$0.new" && mv "$0.new" "$0" && exec "$@"'
_START_TICKS = 19  # where proc(5) has `starttime`, counted from the field after the name
_LOOK_EVERY_S = 0.1
_LAST_LINES = 12


@dataclass(frozen=True)
class Daemon:
    """A command that runs until it is ended."""

    name: str
    """May hold slashes, such as pop1/keystone."""
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to that of this process."""
    port: int | None = None
    """On 127.0.0.1, where it answers once it is ready."""
    logs: tuple[Path, ...] = ()
    """Where it writes beside its output."""


class Daemons:
    """The daemons below one directory.

    `run/` says which process each is, `log/` has what they print, `tmp/` is what each has as TMPDIR.
    """

    def __init__(self, directory: Path) -> None:
        self._run = directory / "run"
        self._log = directory / "log"
        self._tmp = directory / "tmp"

    def start(self, daemon: Daemon) -> None:
        """Start it, unless it runs."""
        if self.process(daemon.name):
            return
        self.end([daemon.name], wait_s=5.0)  # children that outlived it
        birth, output = self._birth(daemon.name), self.output(daemon.name)
        for path in (birth, output):
            path.parent.mkdir(parents=True, exist_ok=True)
        birth.unlink(missing_ok=True)
        scratch = self._empty_scratch(daemon.name)
        with output.open("wb") as log:
            subprocess.Popen(
                ["/bin/sh", "-c", _BIRTH, str(birth), *daemon.command],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(scratch), **daemon.environment},
            )
        _until(birth.exists, 10.0, f"{daemon.name} could not be started: {daemon.command[0]}")

    def process(self, name: str) -> Process | None:
        """The process of a daemon, if it runs."""
        born = self._born(name)
        return born if born and born.alive() else None

    def names(self) -> list[str]:
        """All that were started and not ended, whether they still run or not."""
        births = self._run.rglob("*.process")
        return sorted(str(path.relative_to(self._run)).removesuffix(".process") for path in births)

    def output(self, name: str) -> Path:
        """Where a daemon's output goes; emptied when it starts."""
        return self._log / f"{name}.out"

    def wait(self, daemons: Iterable[Daemon], wait_s: float) -> None:
        """Wait until all of them answer on their ports.

        :raises LabError: if one ends, or does not answer in time; with the last lines it wrote
        """
        deadline = time.monotonic() + wait_s
        for daemon in daemons:
            while daemon.port and not answers(daemon.port):
                self.check([daemon])
                if time.monotonic() > deadline:
                    told = last_lines([*daemon.logs, self.output(daemon.name)])
                    raise LabError(f"{daemon.name} does not answer after {wait_s:.0f} s; {told}")
                time.sleep(_LOOK_EVERY_S)

    def check(self, daemons: Iterable[Daemon]) -> None:
        """Look whether all of them still run.

        :raises LabError: for the first that does not, with the last lines it wrote
        """
        for daemon in daemons:
            if not self.process(daemon.name):
                told = last_lines([*daemon.logs, self.output(daemon.name)])
                raise LabError(f"{daemon.name} ended by itself; {told}")

    def end(self, names: Collection[str], wait_s: float = 15.0) -> bool:
        """End daemons with all their descendants, politely first; False when something had to be killed."""
        families = [process for name in names for process in self._family(name)]
        polite = end(families, wait_s)
        for name in names:  # whom a parent had started meanwhile
            end(self._family(name), 1.0)
            self._birth(name).unlink(missing_ok=True)
        return polite

    def kill(self, name: str) -> None:
        """SIGKILL a daemon and its descendants, as a power cut would; it counts as started still."""
        for process in self._family(name):
            process.signal(signal.SIGKILL)
        _until(lambda: not self._family(name), 5.0, f"{name} cannot be killed")

    def _empty_scratch(self, name: str) -> Path:
        directory = self._tmp / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return directory

    def _birth(self, name: str) -> Path:
        return self._run / f"{name}.process"

    def _born(self, name: str) -> Process | None:
        try:
            pid, _, rest = self._birth(name).read_text(errors="replace").partition(" ")
            return Process(pid=int(pid), started=float(rest.rpartition(")")[2].split()[_START_TICKS]))
        except (FileNotFoundError, ValueError, IndexError):
            return None

    def _family(self, name: str) -> list[Process]:
        """The process and all of its session, leader first."""
        born = self._born(name)
        if born is None:
            return []
        leader = _process(born.pid)
        if leader and leader.started != born.started:
            return []  # the id is somebody else's by now, which it cannot be while the session lives
        members = [pid for pid in psutil.pids() if pid != born.pid and _session(pid) == born.pid]
        return [found for pid in (born.pid, *members) if (found := _process(pid)) and found.alive()]


def answers(port: int) -> bool:
    """Whether something listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_is_free(port: int) -> bool:
    """Whether one could listen on a port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def last_lines(logs: Iterable[Path], count: int = _LAST_LINES) -> str:
    """The end of that of these logs which was written to last, with its path."""
    written = [log for log in logs if log.exists() and log.stat().st_size]
    if not written:
        return "it wrote nothing"
    log = max(written, key=lambda path: path.stat().st_mtime)
    lines = log.read_text(errors="replace").strip().splitlines()
    return "\n  ".join([f"the last lines of {log}:", *lines[-count:]])


def _until(done: Callable[[], bool], wait_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + wait_s
    while not done():
        if time.monotonic() > deadline:
            raise LabError(otherwise)
        time.sleep(0.01)


def _process(pid: int) -> Process | None:
    try:
        return Process.of(pid)
    except psutil.NoSuchProcess:
        return None


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
