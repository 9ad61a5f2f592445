"""Many services that are watched by one worker, with figures of an exporter in a process of its own."""

import asyncio
import json
import os
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from activities.installing import InstallingActivities
from bench.crowds import DESCRIPTOR, beside, fill
from bench.meters import HIGH, LOADED
from bench.processes import Machinery, process_of, running
from catalogue.store import Catalogue, open_catalogue
from domain.policies import Policies
from lab.ports import free_port
from lab.supervisor import Child
from workers.telemetry import LISTEN_VARIABLE, TEMPORAL_LISTEN_VARIABLE

INTERVAL_S = 15
_AT_ONCE = 16
_PATIENCE_S = 30.0
_POLICIES = {
    "interval": f"{INTERVAL_S} s",
    "scaling": [
        {
            "component": LOADED,
            "metric": "cpu",
            "scale_out_above": HIGH - 0.1,
            "scale_in_below": 0.2,
            "sustained": "1 s",
            "cooldown": "1 h",
        }
    ],
    "healing": [{"component": LOADED, "action": "replace"}],
}


@dataclass(frozen=True)
class Crowded:
    """What runs."""

    machinery: Machinery
    catalogue: Catalogue
    exporter: psutil.Process
    _figures: str
    _sdk: str

    async def watch(self, count: int) -> None:
        """Start the watches as operations do."""
        installing = InstallingActivities(self.catalogue, self.machinery.client)
        policies = self.catalogue.descriptors.get(DESCRIPTOR, None).policies
        turns = asyncio.Semaphore(_AT_ONCE)

        async def begin(number: int) -> None:
            async with turns:
                await installing.bring(beside(number), "default", Policies(), policies)

        await asyncio.gather(*map(begin, range(count)))

    def rise(self) -> None:
        """The load of all services, now."""
        urllib.request.urlopen(urllib.request.Request(f"{self._figures}/rise", method="POST")).close()

    def series(self) -> int:
        """How many the exporter tells of."""
        with urllib.request.urlopen(f"{self._figures}/instances") as answer:
            return sum(1 for _ in answer)

    def requests(self) -> dict[str, float]:
        """The worker's to Temporal since its start, by operation; those that wait for work left out."""
        found: dict[str, float] = {}
        with urllib.request.urlopen(f"{self._sdk}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                name, _, rest = line.partition("{")
                if name.removesuffix("_total") == "temporal_request":
                    labels, _, value = rest.rpartition("} ")
                    operation = labels.partition('operation="')[2].partition('"')[0]
                    found[operation] = found.get(operation, 0.0) + float(value)
        return found


@asynccontextmanager
async def crowded(count: int) -> AsyncIterator[Crowded]:
    """So many services that run, none of them watched yet."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        home = Path(directory)
        await asyncio.to_thread(fill, home, count, json.dumps(_POLICIES))
        port, own, sdk = (free_port(0) for _ in range(3))
        figures = f"http://127.0.0.1:{port}"
        settings = {
            "INTERLACE_METRICS_SOURCE": figures,
            LISTEN_VARIABLE: f"127.0.0.1:{own}",
            TEMPORAL_LISTEN_VARIABLE: f"127.0.0.1:{sdk}",
        }
        command = [sys.executable, "-m", "bench.meters", str(home), str(port)]
        exporter = Child(command, home / "meters.log", dict(os.environ))
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
        try:
            exporter.ensure()
            async with running(home, settings=settings) as machinery:
                found = Crowded(
                    machinery, catalogue, process_of(exporter), figures, f"http://127.0.0.1:{sdk}"
                )
                yield found
        finally:
            exporter.stop()
            catalogue.close()
