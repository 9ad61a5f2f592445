"""What it costs one worker to watch many services at which nothing happens."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import psutil
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from bench.crowded import INTERVAL_S, Crowded, crowded
from bench.crowds import beside
from domain import names

_SETTLING_S = 3 * INTERVAL_S
_SAMPLES = 20
_LASTING_S = 600.0
"""Of one look activity; so often does a history grow."""


@dataclass(frozen=True)
class History:
    """Of one watch."""

    events: int
    size: int
    """Bytes."""
    per_hour: int | None
    """Bytes, by the activities that have ended; None where none has."""


@dataclass(frozen=True)
class Beheld:
    """Of so many services, for so long; CPU as a share of one core."""

    services: int
    seconds: float
    worker_cpu: float
    exporter_cpu: float
    temporal_cpu: float
    worker_rss_mib: float
    """The most that was sampled."""
    worker_peak_mib: float
    """The kernel's high-water mark, since the worker's start."""
    requests_per_s: Mapping[str, float]
    """To Temporal, by operation."""
    series: int
    history: History


def measure(services: int, seconds: float) -> Beheld:
    """Measure from when all watches have looked a few times."""
    return asyncio.run(_measured(services, seconds))


async def _measured(services: int, seconds: float) -> Beheld:
    async with crowded(services) as crowd:
        await crowd.watch(services)
        await asyncio.sleep(_SETTLING_S)
        return await _beheld(crowd, services, seconds)


async def _beheld(crowd: Crowded, services: int, seconds: float) -> Beheld:
    processes = (crowd.machinery.worker, crowd.exporter, crowd.machinery.server)
    before, asked, started = [_cpu_s(each) for each in processes], crowd.requests(), time.monotonic()
    most = 0.0
    for _ in range(_SAMPLES):
        await asyncio.sleep(seconds / _SAMPLES)
        most = max(most, crowd.machinery.rss_mib())
    took, requests = time.monotonic() - started, crowd.requests()
    worker, exporter, temporal = (
        (_cpu_s(each) - old) / took for each, old in zip(processes, before, strict=True)
    )
    return Beheld(
        services=services,
        seconds=took,
        worker_cpu=worker,
        exporter_cpu=exporter,
        temporal_cpu=temporal,
        worker_rss_mib=most,
        worker_peak_mib=_peak_mib(crowd.machinery.worker),
        requests_per_s={name: (number - asked.get(name, 0)) / took for name, number in requests.items()},
        series=crowd.series(),
        history=await _history(crowd, services // 2),
    )


async def _history(crowd: Crowded, number: int) -> History:
    handle = crowd.machinery.client.get_workflow_handle(names.watch_workflow_id(beside(number)))
    events = [each async for each in handle.fetch_history_events()]
    return History(len(events), sum(each.ByteSize() for each in events), _per_hour(events))


def _per_hour(events: Sequence[HistoryEvent]) -> int | None:
    """What comes from one look activity's beginning to the next one's, as often as that is in an hour."""
    begun = [
        n for n, each in enumerate(events) if each.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
    ]
    grown = [sum(each.ByteSize() for each in events[a:b]) for a, b in pairwise(begun)]
    return round(grown[-1] * 3600 / _LASTING_S) if grown else None


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _peak_mib(process: psutil.Process) -> float:
    said = Path(f"/proc/{process.pid}/status").read_text()
    return int(said.partition("VmHWM:")[2].split()[0]) / 1024
