"""Limits of an instance's processor and memory, by control groups of version 2 or 1."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adaptors.machine.place import Place, short
from domain.infrastructure import Resources

_ROOT = Path("/sys/fs/cgroup")
_OURS = "interlace"
_PERIOD_US = 100_000
_ATTEMPTS = 20


@dataclass(frozen=True)
class Group:
    """The control groups of one instance."""

    version: Literal["v2", "v1"]
    directories: tuple[Path, ...]

    def entries(self) -> list[str]:
        """The files by which a process enters."""
        return [str(each / "cgroup.procs") for each in self.directories]

    def pids(self) -> list[int]:
        """The processes within."""
        return [int(pid) for pid in (self.directories[0] / "cgroup.procs").read_text().split()]

    def cpu_s(self) -> float | None:
        """Seconds of processor of all that ever was within; None where this machine counts them elsewhere."""
        with suppress(OSError, ValueError):
            if self.version == "v2":
                first = (self.directories[0] / "cpu.stat").read_text().split()
                return int(first[first.index("usage_usec") + 1]) / 1e6
            return int((self.directories[0] / "cpuacct.usage").read_text()) / 1e9
        return None


def limit(place: Place, resource: str, resources: Resources) -> Group:
    """Make the groups of an instance and set its limits.

    :raises OSError: where the machine does not let us; nothing is left then
    """
    if os.geteuid() != 0:
        raise PermissionError("only root may set limits here")
    group = _group(place, resource)
    try:
        for directory in group.directories:
            _make(directory, group.version)
        for path, value in _limits(group, resources):
            path.write_text(value)
    except OSError:
        remove(place, short(resource, 12))
        raise
    return group


def found(place: Place, resource: str) -> Group | None:
    """The groups of an instance, where it has some."""
    group = _group(place, resource)
    return group if all(each.exists() for each in group.directories) else None


def remove(place: Place, name: str, wait_s: float = 2.0) -> None:
    """End what is in the groups of that short name, and remove them; none is fine."""
    deadline = time.monotonic() + wait_s
    for directory in [base / _OURS / place.key / name for base in _bases()]:
        while directory.exists():
            _kill_all(directory)
            with suppress(OSError):
                directory.rmdir()
            if directory.exists() and time.monotonic() > deadline:
                raise TimeoutError(f"{directory} is still in use")
    tidy(place)


def names(place: Place) -> list[str]:
    """The short names of all groups of this home."""
    above = [base / _OURS / place.key for base in _bases()]
    return sorted({each.name for base in above if base.exists() for each in base.iterdir() if each.is_dir()})


def tidy(place: Place) -> None:
    """Remove the directories above the groups once they are empty."""
    for base in _bases():
        for directory in (base / _OURS / place.key, base / _OURS):
            with suppress(OSError):
                directory.rmdir()


def _kill_all(directory: Path) -> None:
    with suppress(OSError):
        for pid in (directory / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    time.sleep(0.005)


def _group(place: Place, resource: str) -> Group:
    directories = tuple(base / _OURS / place.key / short(resource, 12) for base in _bases())
    return Group("v2" if _unified() else "v1", directories)


def _bases() -> list[Path]:
    return [_ROOT] if _unified() else [_ROOT / "cpu", _ROOT / "memory"]


def _unified() -> bool:
    return (_ROOT / "cgroup.controllers").exists()


def _make(directory: Path, version: str) -> None:
    """Again where a directory above it was tidied away just now."""
    for left in reversed(range(_ATTEMPTS)):
        try:
            _enable(directory, version)
            directory.mkdir(parents=True, exist_ok=True)
            return
        except FileNotFoundError:
            if not left:
                raise


def _enable(directory: Path, version: str) -> None:
    """Version 2 hands a controller down only where the parent says so."""
    if version == "v1":
        return
    for parent in (directory.parents[2], directory.parents[1], directory.parents[0]):
        parent.mkdir(exist_ok=True)
        (parent / "cgroup.subtree_control").write_text("+cpu +memory")


def _limits(group: Group, resources: Resources) -> Iterator[tuple[Path, str]]:
    quota = resources.vcpus * _PERIOD_US
    octets = resources.memory * 2**20
    if group.version == "v2":
        (directory,) = group.directories
        cpu, memory = (
            (directory / "cpu.max", f"{quota} {_PERIOD_US}"),
            (directory / "memory.max", f"{octets}"),
        )
    else:
        cpu = (group.directories[0] / "cpu.cfs_quota_us", f"{quota}")
        memory = (group.directories[1] / "memory.limit_in_bytes", f"{octets}")
    if quota:
        yield cpu
    if octets:
        yield memory
