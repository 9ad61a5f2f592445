"""What the death of a worker costs: one of two is killed while it waits for an instance to be built."""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.world import World
from bench.processes import Handle, Machinery, running, serving
from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import open_catalogue
from domain.names import OperationKind

_POP, _DESCRIPTOR = "north", "slow"
_REFERENCES = 5
_LOOK_EVERY_S = 0.02
_PATIENCE_S = 60.0
BUILDING_S = 2.0
"""How long a VIM builds an instance."""
_REMAINS_S = 0.1
"""Of that, when the worker is killed: much more, and the recovery would hide behind it."""

_INFRASTRUCTURE = f"""
api_version: interlace/v1
kind: Infrastructure
pops:
  {_POP}:
    vim: {{kind: modelled, settings: {{create_delay: {BUILDING_S} s}}}}
    capacity: {{vcpus: 64, memory: 64 GiB, disk: 100 GiB}}
"""
_SERVICE = f"""
api_version: interlace/v1
kind: Service
name: {_DESCRIPTOR}
version: 1.0.0
components:
  web: {{kind: microservice, image: w:1, resources: {{vcpus: 1, memory: 1 GiB}}, connection_points: [http]}}
"""


@dataclass(frozen=True)
class Crashes:
    """From the moment at which the instance was built until the service was ACTIVE."""

    undisturbed: list[float]
    crashed: list[float]

    def lost(self) -> list[float]:
        """Seconds that each crash cost."""
        usual = statistics.median(self.undisturbed)
        return [each - usual for each in self.crashed]


def measure(runs: int) -> Crashes:
    """So many crashes, in a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        home = Path(directory)
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
        catalogue.infrastructure.apply(read_infrastructure(_INFRASTRUCTURE.encode(), "bench"))
        catalogue.descriptors.onboard(read_descriptor(_SERVICE.encode(), "bench"))
        catalogue.close()
        return asyncio.run(_measured(home, runs))


async def _measured(home: Path, runs: int) -> Crashes:
    world = World(home)
    async with running(home, workers=2) as machinery:
        await _tail(machinery, world, "warm-up", kill=False)
        undisturbed = [
            await _tail(machinery, world, f"whole-{number}", kill=False) for number in range(_REFERENCES)
        ]
        crashed = [await _tail(machinery, world, f"crashed-{number}", kill=True) for number in range(runs)]
    return Crashes(undisturbed, crashed)


async def _tail(machinery: Machinery, world: World, service: str, kill: bool) -> float:
    """How long the operation lasts after the instance is there; a killed worker is replaced then."""
    handle = await machinery.start(OperationKind.INSTANTIATE, service, descriptor=_DESCRIPTOR)
    ready_at = await _ready_at(world, service)
    worker = await _worker_of(handle)
    if kill:
        await asyncio.sleep(ready_at - _REMAINS_S - time.time())
        worker.kill()
    await handle.result()
    took = time.time() - ready_at
    for child in machinery.workers:
        await serving(child)
    await machinery.terminate(service)
    return took


async def _ready_at(world: World, service: str) -> float:
    """When the VIM will have built the service's instance, once it has begun to."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with world.reading() as connection:
            for row in instances.of_pop(connection, _POP, {"service": service}):
                return row.ready_at
        await asyncio.sleep(_LOOK_EVERY_S)
    raise RuntimeError(f"no instance of {service} was begun")


async def _worker_of(handle: Handle) -> psutil.Process:
    """The worker that has the operation's activity: Temporal knows it by its process and host."""
    [pending] = (await handle.describe()).raw_description.pending_activities
    return psutil.Process(int(pending.last_worker_identity.partition("@")[0]))
