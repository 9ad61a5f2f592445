"""A Temporal dev server and one worker process, as `interlace up` runs them, in a directory of their own."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from temporalio.client import Client

from domain import names
from domain.requests import InstantiateRequest, OperationResult, TerminateRequest
from lab.launcher import free_port, temporal_binary
from lab.supervisor import Child, server_command
from workers.__main__ import has_poller
from workers.plugin import connect

_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Machinery:
    """What runs while a measurement lasts."""

    client: Client
    worker: psutil.Process
    server: psutil.Process

    def rss_mib(self) -> float:
        """Resident memory of the worker process."""
        return float(self.worker.memory_info().rss) / 2**20

    async def instantiate(self, service: str, descriptor: str) -> None:
        """Start the workflow, and wait until the service is ACTIVE."""
        request = InstantiateRequest(service=service, descriptor=descriptor)
        await self._execute(names.OperationKind.INSTANTIATE, request)

    async def terminate(self, service: str) -> None:
        """Start the workflow, and wait until nothing of the service is left."""
        await self._execute(names.OperationKind.TERMINATE, TerminateRequest(service=service))

    async def _execute(
        self, kind: names.OperationKind, request: InstantiateRequest | TerminateRequest
    ) -> None:
        await self.client.execute_workflow(
            kind,
            request,
            id=names.service_workflow_id(request.service),
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
        )


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[Machinery]:
    """Start both, wait until every task queue is served, and stop both in the end."""
    port = free_port(0)
    address = f"127.0.0.1:{port}"
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TEMPORAL_", "INTERLACE_"))}
    environment = {**own, "TEMPORAL_ADDRESS": address, "INTERLACE_HOME": str(home)}
    server = Child(
        server_command(temporal_binary(), home, port, free_port(0)), home / "temporal.log", environment
    )
    worker = Child([sys.executable, "-m", "workers"], home / "worker.log", environment)
    try:
        server.ensure()
        client = await _connected(address, server)
        worker.ensure()
        await _served(client, worker)
        assert worker.process is not None and server.process is not None
        yield Machinery(client, psutil.Process(worker.process.pid), psutil.Process(server.process.pid))
    finally:
        worker.stop()
        server.stop()


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
