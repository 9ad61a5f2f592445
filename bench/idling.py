"""CPU time and memory of all processes in the network namespaces of a home, by kind of process."""

import asyncio
import resource
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from adaptors.machine import namespaces
from adaptors.machine.commands import Machine
from adaptors.vim.emulator.keeper import Keeper

_SETTLE_S = 3.0
_KEEPER_EVERY_S = 1.0
_ALL_THREADS = 2
"""The clock of a process that its scheduler keeps, as clock_getcpuclockid(3) makes it."""


@dataclass(frozen=True)
class Idle:
    """What a lab that nobody uses costs, by kind of process."""

    processes: Mapping[str, int]
    cpu: Mapping[str, float]
    """Percent of one core."""
    pss_mib: Mapping[str, float]
    """Memory, with a share of what several have in common."""


async def idle(machine: Machine, seconds: float, beside: Mapping[str, int]) -> Idle:
    """Watch the lab for a while; `beside` are processes of other kinds, by name, to be watched too."""
    await asyncio.sleep(_SETTLE_S)
    kinds = {pid: kind for pid in _in_lab(machine) if (kind := _kind(pid))}
    kinds |= {pid: kind for kind, pid in beside.items()}
    before, started = {pid: _cpu_s(pid) for pid in kinds}, time.perf_counter()
    await asyncio.sleep(seconds)
    passed = time.perf_counter() - started
    cpu = dict.fromkeys(kinds.values(), 0.0)
    for pid, kind in kinds.items():
        cpu[kind] += 100 * max(0.0, _cpu_s(pid) - before[pid]) / passed
    return Idle(Counter(kinds.values()), cpu, _memory(kinds))


def keeper_cpu(home: Path, looks: int) -> float:
    """Percent of one core that the keeper takes which looks after the lab in a worker, commands and all."""
    keeper = Keeper(home)
    keeper.look()
    took = []
    for _ in range(looks):
        before = _own_cpu_s()
        keeper.look()
        took.append(_own_cpu_s() - before)
    return 100 * sorted(took)[looks // 2] / _KEEPER_EVERY_S


def _in_lab(machine: Machine) -> Iterable[int]:
    inodes = {namespaces.inode(machine, name) for name in namespaces.names(machine)}
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "ns" / "net").stat().st_ino in inodes:
                yield int(entry.name)


def _kind(pid: int) -> str:
    """The command, or the script and its directory where that is Python; empty where the process is gone."""
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return ""
    scripts = [word for word in words if word.endswith(".py")]
    return "/".join(Path(scripts[0]).parts[-2:]) if scripts else Path(words[0]).name if words else ""


def _cpu_s(pid: int) -> float:
    """Seconds on a CPU of all threads, also ended ones; to the nanosecond, as ticks are too coarse."""
    try:
        return time.clock_gettime(~pid << 3 | _ALL_THREADS)
    except OSError:
        return 0.0


def _memory(kinds: Mapping[int, str]) -> dict[str, float]:
    found = dict.fromkeys(kinds.values(), 0.0)
    for pid, kind in kinds.items():
        with suppress(psutil.Error):
            found[kind] += psutil.Process(pid).memory_full_info().pss / 2**20
    return found


def _own_cpu_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.thread_time() + children.ru_utime + children.ru_stime
