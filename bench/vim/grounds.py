"""The labs' clouds, for as long as they are measured: those that run already, or others of our own."""

import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from lab.port import LabStatus
from lab.registry import OFFERS

_SHARED = "INTERLACE_TEST_LABS"
"""Environment variable: where labs that run already keep their state."""


@contextmanager
def lab_of(name: str) -> Iterator[LabStatus]:
    """A lab that is up; one of our own is removed afterwards.

    :raises LabError: if it does not come up
    """
    shared = os.environ.get(_SHARED)
    found = OFFERS[name].open(Path(shared) / name).status() if shared else None
    if found is not None and found.up:
        yield found
        return
    with TemporaryDirectory(prefix="interlace-bench-") as directory:
        lab = OFFERS[name].open(Path(directory) / name, 1)
        try:
            yield lab.up(lambda line: print(f"  {line}", flush=True))
        finally:
            lab.down(lambda _: None, purge=True)


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """These variables are set."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def cpu_of(lab: LabStatus) -> Callable[[], float]:
    """Tells the seconds that a lab's processes have had of a CPU; each of them leads a session."""
    leaders = {service.pid for service in lab.services if service.pid is not None}
    return lambda: sum(_cpu_s(pid) for pid in psutil.pids() if _session(pid) in leaders)


def children_cpu_s() -> float:
    """Of all that this process, and what it has started, has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _session(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None


def _cpu_s(pid: int) -> float:
    with suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return 0.0
