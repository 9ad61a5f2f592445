"""The process of an instance: started under a shim, looked at, stopped."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adaptors.machine.commands import Machine
from adaptors.vim.emulator import cgroups, workspace
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.shim import ticks
from adaptors.vim.emulator.turns import pause
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.port import Progress

_SHIM = Path(__file__).with_name("shim.py")
_SHIM_LOG = "shim.log"
_GRACE_S = 6.0
_LOOK_S = 0.02


@dataclass(frozen=True)
class Status:
    """How the process of an instance stands, as its shim wrote it."""

    shim: int
    shim_ticks: int
    pid: int
    code: int | None
    """Exit code, or a signal's number below zero; None while it runs, or when the shim was killed."""

    def alive(self) -> bool:
        """Whether shim and function run."""
        return self.code is None and self._is_same()

    def stopped(self) -> bool:
        """Whether a signal holds the function's process or its shim."""
        return any(_state(pid) in ("T", "t") for pid in (self.shim, self.pid))

    def words(self) -> str:
        """How it ended."""
        if self.code is None:
            return "the shim over its process was killed" if not self._is_same() else "its process runs"
        if self.code < 0:
            return f"its process was ended by signal {_signal_name(-self.code)}"
        return f"its process ended with exit code {self.code}"

    def _is_same(self) -> bool:
        try:
            return ticks(self.shim) == self.shim_ticks
        except (OSError, ValueError):
            return False


def status_of(directory: Workspace) -> Status | None:
    """As last written; None where no process was started."""
    found = directory.read(workspace.STATUS)
    if found is None:
        return None
    return Status(found["shim"], found["shim_ticks"], found["pid"], found.get("code"))


def start(
    machine: Machine,
    record: Record,
    words: Sequence[str],
    env: Mapping[str, str],
    secrets: Mapping[str, str],
    progress: Progress,
) -> None:
    """Start a process within the instance's network and limits; it outlives this one.

    :raises Trouble: where not even its shim starts
    """
    directory = Workspace.of(machine.place, record.name)
    groups = _entries(machine, record, directory)
    plan = {"words": [*words], "groups": groups, "environment": [*env, *secrets], "secrets": [*secrets]}
    directory.write(workspace.START, plan)
    shim = machine.spawn(
        [sys.executable, "-I", "-S", str(_SHIM), str(directory.path)],
        directory.path / _SHIM_LOG,
        namespace=machine.place.instance(record.name),
        env={**env, **secrets},
        cwd=Path(env["INTERLACE_FUNCTION"]),
    )
    while status_of(directory) is None:
        if not shim.alive() and status_of(directory) is None:
            raise Trouble(f"its shim did not start: {(directory.path / _SHIM_LOG).read_text().strip()}")
        pause(_LOOK_S, progress, f"instance {record.name} is starting")


def stop(directory: Workspace, progress: Progress, waiting: str) -> None:
    """End the process as its shim does: SIGTERM, after a while SIGKILL."""
    status = status_of(directory)
    if status is None or not status.alive():
        return
    with suppress(ProcessLookupError):
        os.kill(status.shim, signal.SIGTERM)
        os.kill(status.shim, signal.SIGCONT)
        os.killpg(status.pid, signal.SIGCONT)
    left = _GRACE_S
    while left > 0 and status is not None and status.alive():
        pause(_LOOK_S, progress, waiting)
        left -= _LOOK_S
        status = status_of(directory)


def _entries(machine: Machine, record: Record, directory: Workspace) -> list[str]:
    """The files by which the process enters its limits; why there are none is kept for `observe`."""
    try:
        group = cgroups.limit(machine.place, record.name, record.spec.resources)
    except OSError as error:
        directory.write(workspace.LIMITS, f"none: {error}")
        return []
    directory.write(workspace.LIMITS, f"cgroup {group.version}")
    return group.entries()


def _state(pid: int) -> str:
    """The letter that proc(5) has for a process; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
