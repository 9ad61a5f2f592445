"""Services on the emulator, by the real workflows: how soon they are ACTIVE, how far, what they cost."""

import asyncio
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from activities.pops import Pops
from adaptors.machine.abilities import Datapath, examine
from bench.homes import home_of
from bench.idling import Idle, idle, keeper_cpu
from bench.processes import Machinery, running
from bench.shops import FAR, FAR_WEB, POPS, SHOP, VISITORS, load_into, small
from catalogue.store import Catalogue, open_catalogue

_PINGS, _SERIES = 40, 5
_LOOKS = 21
BESIDE = ("Temporal", "worker")
"""Processes that are there without a lab too."""


@dataclass(frozen=True)
class Amount:
    """How often each thing is measured."""

    instances: int
    services: int
    idle_times: int
    idle_s: float


@dataclass(frozen=True)
class RoundTrip:
    """From the visitors to a web server, two WAN links away."""

    planned_ms: float
    probed_ms: float
    """The best of the probes before the service was called ACTIVE."""
    medians_ms: list[float]
    """Of each series of pings."""


@dataclass(frozen=True)
class Lab:
    """What was measured on one datapath."""

    instances_s: list[float]
    services_s: list[float]
    round_trip: RoundTrip
    idles: list[Idle]
    keeper_cpu: float


def measure(datapath: Datapath, amount: Amount) -> Lab:
    """Measure in a home of its own, of which nothing is left."""
    with home_of(datapath) as home:
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
        try:
            load_into(catalogue, home, datapath)
            instances = _instances(Pops(catalogue, home), amount.instances)
            return asyncio.run(_services(home, catalogue, amount, instances))
        finally:
            catalogue.close()


def _instances(pops: Pops, count: int) -> list[float]:
    """Seconds until each of so many instances is healthy, one after the other, at a PoP whose switch runs."""
    vim = pops.vim(POPS[0])
    vim.create(small(0), _silent)
    took = []
    for number in range(1, count + 1):
        started = time.perf_counter()
        vim.create(small(number), _silent)
        took.append(time.perf_counter() - started)
        vim.delete(small(number).name, _silent)
    vim.delete(small(0).name, _silent)
    return took


async def _services(home: Path, catalogue: Catalogue, amount: Amount, instances: list[float]) -> Lab:
    async with running(home) as machinery:
        await _active(machinery, "warm-up")
        await machinery.terminate("warm-up")
        services = []
        for number in range(amount.services):
            services.append(await _active(machinery, f"shop-{number}"))
            if number + 1 < amount.services:
                await machinery.terminate(f"shop-{number}")
        await machinery.instantiate("far", FAR)
        round_trip = await asyncio.to_thread(_round_trip, home, catalogue)
        machine = examine(home)[1]
        assert machine is not None
        beside = dict(zip(BESIDE, (machinery.server.pid, machinery.worker.pid), strict=True))
        idles = [await idle(machine, amount.idle_s, beside) for _ in range(amount.idle_times)]
        return Lab(instances, services, round_trip, idles, keeper_cpu(home, _LOOKS))


async def _active(machinery: Machinery, service: str) -> float:
    """Seconds until a shop of six instances is ACTIVE; switches and links between PoPs are made too."""
    started = time.perf_counter()
    await machinery.instantiate(service, SHOP)
    return time.perf_counter() - started


def _round_trip(home: Path, catalogue: Catalogue) -> RoundTrip:
    connection = catalogue.services.get("far").connection
    assert connection is not None
    rows = {row.instance: row for row in catalogue.ledger.of_service("far")}
    visitors, address = rows[VISITORS], str(rows[FAR_WEB].address)
    words = Pops(catalogue, home).networked(visitors.pop).command(visitors.resource_name, [])
    probed = [probe.measured_rtt_ms for probe in connection.probes if probe.measured_rtt_ms]
    medians = [_pinged(words, address) for _ in range(_SERIES)]
    return RoundTrip(connection.probes[0].planned_rtt_ms, min(probed), medians)


def _pinged(words: Sequence[str], address: str) -> float:
    """Median milliseconds of a series of pings."""
    ping = [*words, "ping", "-c", str(_PINGS), "-i", "0.05", address]
    said = subprocess.run(ping, capture_output=True, text=True, check=True).stdout
    return statistics.median(
        float(line.split("time=")[1].split()[0]) for line in said.splitlines() if "time=" in line
    )


def _silent(_: str) -> None:
    """A progress that nobody looks at."""
