"""The measurements themselves; each gives plain numbers."""

import asyncio
import math
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.documents import DESCRIPTOR, load_into
from bench.processes import Machinery, running
from bench.sequential import instantiate
from catalogue.store import Catalogue, open_catalogue
from domain import names

_WARM_UPS = 2
_SIDE_BY_SIDE = 4


@dataclass(frozen=True)
class Latency:
    """Seconds of each run with Temporal and of each run of the plain script, and activities per run."""

    orchestrated: list[float]
    sequential: list[float]
    activities: int

    def overhead_per_step(self) -> float:
        """What Temporal adds, divided by the number of activities."""
        added = statistics.median(self.orchestrated) - statistics.median(self.sequential)
        return added / self.activities


@dataclass(frozen=True)
class Memory:
    """RSS of the worker in MiB after some services and after all, and how long all took."""

    few: int
    after_few: float
    many: int
    after_many: float
    seconds: float


async def measure(runs: int, few: int, many: int) -> tuple[Latency, Memory]:
    """Latency first, then memory, each with a server and a worker of its own."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        latency = await _latency(_prepared(Path(directory) / "latency"), runs)
        memory = await _memory(_prepared(Path(directory) / "memory"), few, many)
    return latency, memory


def command_line(runs: int) -> list[float]:
    """Wall seconds of `interlace --help`, after one warm-up."""
    command = [str(Path(sys.executable).parent / "interlace"), "--help"]
    return [_timed(command) for _ in range(runs + 1)][1:]


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _prepared(home: Path) -> Path:
    home.mkdir()
    catalogue = _catalogue(home)
    load_into(catalogue)
    catalogue.close()
    return home


def _catalogue(home: Path) -> Catalogue:
    return open_catalogue(f"sqlite:///{home / 'catalogue.db'}")


async def _latency(home: Path, runs: int) -> Latency:
    """Alternately: one orchestrated, one by the script; each is terminated before the next, unmeasured."""
    orchestrated: list[float] = []
    sequential: list[float] = []
    catalogue = _catalogue(home)
    try:
        async with running(home) as machinery:
            for number in range(_WARM_UPS + runs):
                name = f"temporal-{number}"
                started = time.perf_counter()
                await machinery.instantiate(name, DESCRIPTOR)
                orchestrated.append(time.perf_counter() - started)
                activities = await _activities(machinery, name)
                await machinery.terminate(name)
                name = f"script-{number}"
                started = time.perf_counter()
                instantiate(catalogue, home, name)
                sequential.append(time.perf_counter() - started)
                await machinery.terminate(name)
    finally:
        catalogue.close()
    return Latency(orchestrated[_WARM_UPS:], sequential[_WARM_UPS:], activities)


async def _memory(home: Path, few: int, many: int) -> Memory:
    async with running(home) as machinery:
        started = time.perf_counter()
        await _instantiate_all(machinery, range(few))
        after_few = machinery.rss_mib()
        await _instantiate_all(machinery, range(few, many))
        seconds = time.perf_counter() - started
        return Memory(few, after_few, many, machinery.rss_mib(), seconds)


async def _instantiate_all(machinery: Machinery, numbers: range) -> None:
    limit = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(number: int) -> None:
        async with limit:
            await machinery.instantiate(f"many-{number}", DESCRIPTOR)

    await asyncio.gather(*(one(number) for number in numbers))


async def _activities(machinery: Machinery, service: str) -> int:
    handle = machinery.client.get_workflow_handle(names.service_workflow_id(service))
    history = await handle.fetch_history()
    return sum(event.HasField("activity_task_completed_event_attributes") for event in history.events)
