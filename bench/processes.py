"""A Temporal dev server and one worker process, as `interlace up` runs them, in a directory of their own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from temporalio.client import Client, WorkflowHandle

from domain import names
from domain.lifecycle import REQUESTS
from domain.requests import OperationResult
from lab.launcher import temporal_binary
from lab.ports import free_port
from lab.supervisor import Child, server_command
from workers.plugin import connect
from workers.pollers import has_poller

Handle = WorkflowHandle[Any, OperationResult]

_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Machinery:
    """What runs while a measurement lasts."""

    client: Client
    server: psutil.Process
    workers: tuple[Child, ...]

    @property
    def worker(self) -> psutil.Process:
        """The first worker process."""
        return process_of(self.workers[0])

    def rss_mib(self) -> float:
        """Resident memory of the first worker process."""
        return float(self.worker.memory_info().rss) / 2**20

    async def instantiate(self, service: str, descriptor: str) -> None:
        """Start the workflow, and wait until the service is ACTIVE."""
        await self.operate(names.OperationKind.INSTANTIATE, service, descriptor=descriptor)

    async def terminate(self, service: str) -> None:
        """Start the workflow, and wait until nothing of the service is left."""
        await self.operate(names.OperationKind.TERMINATE, service)

    async def operate(self, kind: names.OperationKind, service: str, **fields: Any) -> OperationResult:
        """Start an operation, and wait for its end."""
        return await (await self.start(kind, service, **fields)).result()

    async def start(self, kind: names.OperationKind, service: str, **fields: Any) -> Handle:
        """Start an operation as the command line does."""
        return await self.client.start_workflow(
            kind,
            REQUESTS[kind](service=service, **fields),
            id=names.service_workflow_id(service),
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
        )


@asynccontextmanager
async def running(
    home: Path, workers: int = 1, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Machinery]:
    """Start all, wait until every task queue is served by each worker, and stop all in the end.

    :param settings: more variables of the environment
    """
    port = free_port(0)
    address = f"127.0.0.1:{port}"
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TEMPORAL_", "INTERLACE_"))}
    environment = {**own, "TEMPORAL_ADDRESS": address, "INTERLACE_HOME": str(home), **(settings or {})}
    server = Child(
        server_command(temporal_binary(), home, port, free_port(0)), home / "temporal.log", environment
    )
    command = [sys.executable, "-m", "workers"]
    children = tuple(Child(command, home / f"worker-{n}.log", environment) for n in range(workers))
    try:
        server.ensure()
        client = await _connected(address, server)
        for child in children:
            await serving(child)
        await _served(client, children[0])
        yield Machinery(client, process_of(server), children)
    finally:
        for child in children:
            child.stop()
        server.stop()


async def serving(worker: Child) -> None:
    """Start a worker that has ended, and wait until it serves."""
    log = worker.log
    before = len(log.read_bytes()) if log.exists() else 0
    if not worker.ensure():
        return
    deadline = time.monotonic() + _PATIENCE_S
    while b"serving" not in log.read_bytes()[before:]:
        _still_alive(worker, deadline)
        await asyncio.sleep(0.05)


def process_of(child: Child) -> psutil.Process:
    """The process of a child that has been started."""
    assert child.process is not None
    return psutil.Process(child.process.pid)


async def _connected(address: str, server: Child) -> Client:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return await connect(address)
        except RuntimeError:
            _still_alive(server, deadline)
        await asyncio.sleep(0.2)


async def _served(client: Client, worker: Child) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not all([await has_poller(client, queue) for queue in names.TASK_QUEUES]):
        _still_alive(worker, deadline)
        await asyncio.sleep(0.2)


def _still_alive(child: Child, deadline: float) -> None:
    ended = child.process is None or child.process.poll() is not None
    if ended or time.monotonic() > deadline:
        said = child.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(child.command[:3])} did not come up: {said}")
