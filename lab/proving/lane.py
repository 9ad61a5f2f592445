"""A lane: a lab of its own, in which one operation after the other is carried out while things die."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from adaptors.machine.processes import Process
from catalogue.store import Catalogue, open_catalogue
from domain import names
from domain.errors import InterlaceError
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from lab.launcher import temporal_binary
from lab.ports import free_port
from lab.proving.brood import Brood
from lab.proving.nursery import Order
from lab.proving.starting import start_operation
from lab.supervisor import server_command
from workers.plugin import connect
from workers.proving import DIRECTORY_VARIABLE
from workers.watch import Watch

_LOOK_EVERY_S = 0.05
_UP_WITHIN_S = 60.0
_SPARE = 2
"""Workers that must be ready before a run: the one that dies, and the one that takes over."""


class LaneError(InterlaceError):
    """A lab did not come up, or did not come back."""


@dataclass
class Worker:
    """A worker and its log, by which it says that it serves."""

    process: Process
    log: Path
    serves: bool = False

    def ready(self) -> bool:
        """Whether it serves its queues."""
        self.serves = self.serves or b"\nserving " in b"\n" + self.log.read_bytes()
        return self.serves and self.process.alive()


@dataclass(frozen=True)
class Ended:
    """How an operation ended."""

    status: str
    failure: str
    seconds: float
    """As Temporal counts, from its start to its end."""


@dataclass
class Lane:
    """A home directory, a Temporal server and workers; whoever dies is replaced."""

    home: Path
    vim: str
    brood: Brood
    size: int = 3
    client: Client = field(init=False)
    catalogue: Catalogue = field(init=False)
    _server: Process | None = None
    _workers: list[Worker] = field(default_factory=list)
    _started: int = 0
    _tending: asyncio.Task[None] | None = None

    @property
    def watch(self) -> Watch:
        """What the workers note of operations."""
        return Watch(self.home / "prove")

    @property
    def packets(self) -> bool:
        """Whether services here are reached by real packets."""
        return self.vim in names.NETWORKED_KINDS

    @property
    def server_pid(self) -> int:
        """The Temporal server that runs now."""
        assert self._server
        return self._server.pid

    async def start(self) -> None:
        """Bring it up; returns when two workers serve."""
        self._logs.mkdir(parents=True)
        self._port, self._ui_port = free_port(0), free_port(0)
        self.catalogue = open_catalogue(f"sqlite:///{self.home / 'catalogue.db'}")
        await self._start_server()
        self.client = await self._connected()
        for _ in range(self.size):
            await self._start_worker()
        self._tending = asyncio.create_task(self._tend())
        await self.settled()

    async def stop(self) -> None:
        """End it all at once: nothing is wanted of it any more."""
        if self._tending:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        for process in [*(worker.process for worker in self._workers), self._server]:
            if process:
                process.signal(9)
        if hasattr(self, "catalogue"):
            self.catalogue.close()

    async def settled(self) -> None:
        """Wait until one may die and another takes over."""
        deadline = time.monotonic() + _UP_WITHIN_S
        while sum(worker.ready() for worker in self._workers) < _SPARE or not self._serving():
            if self._tending and self._tending.done():
                await self._tending
            if time.monotonic() > deadline:
                raise LaneError(f"the workers of {self.home} do not come up; logs are in {self._logs}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def carry_out(self, kind: OperationKind, request: AnyRequest, within_s: float) -> Ended:
        """Start an operation, and wait for its end."""
        handle = await start_operation(self.client, kind, request)
        try:
            async with asyncio.timeout(within_s):
                return await _ended(handle)
        except TimeoutError:
            waits = await _waits(handle)
            return Ended("RUNNING", f"it had not ended after {within_s:.0f} s{waits}", within_s)

    async def running(self, service: str) -> list[str]:
        """The workflows of a service that have not ended; what is said of them comes a little late."""
        found: list[str] = []
        for _ in range(20):
            with suppress(RPCError):
                query = f"ExecutionStatus = 'Running' AND {names.SERVICE_ATTRIBUTE} = '{service}'"
                found = [each.id async for each in self.client.list_workflows(query)]
                if not found:
                    break
            await asyncio.sleep(0.1)
        return found

    @property
    def _logs(self) -> Path:
        return self.home / "logs"

    def _serving(self) -> bool:
        return self._server is not None and self._server.alive()

    async def _connected(self) -> Client:
        deadline = time.monotonic() + _UP_WITHIN_S
        while True:
            try:
                return await connect(f"127.0.0.1:{self._port}")
            except RuntimeError as error:
                if time.monotonic() > deadline:
                    raise LaneError(f"Temporal does not come up: {error}; logs are in {self._logs}") from None
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _start_server(self) -> None:
        command = server_command(temporal_binary(), self.home, self._port, self._ui_port)
        order = Order(words=tuple(command), worker=False, log=self._logs / "temporal.log")
        self._server = await self.brood.start(order)

    async def _start_worker(self) -> None:
        self._started += 1
        log = self._logs / f"worker-{self._started}.log"
        log.touch()
        environment = {
            "INTERLACE_HOME": str(self.home),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self._port}",
            DIRECTORY_VARIABLE: str(self.home / "prove"),
        }
        words = ("--queues", ",".join(self._queues()))
        process = await self.brood.start(Order(words=words, worker=True, log=log, environment=environment))
        if process:
            self._workers.append(Worker(process, log))

    def _queues(self) -> Sequence[str]:
        return (names.ORCHESTRATION_QUEUE, names.PLACEMENT_QUEUE, names.vim_queue(self.vim))

    async def _tend(self) -> None:
        while True:
            if not self._serving():
                await self._start_server()
            self._workers = [worker for worker in self._workers if worker.process.alive()]
            for _ in range(self.size - len(self._workers)):
                await self._start_worker()
            await asyncio.sleep(_LOOK_EVERY_S)


async def _waits(handle: WorkflowHandle[object, object]) -> str:
    """What an operation that does not end is at, and why that does not succeed."""
    try:
        pending = (await handle.describe()).raw_description.pending_activities
    except RPCError as error:
        return f"; Temporal does not say why: {error}"
    return "".join(
        f"; it is at {each.activity_type.name}, attempt {each.attempt}: {each.last_failure.message}"
        for each in pending
    )


async def _ended(handle: WorkflowHandle[object, object]) -> Ended:
    failure = ""
    while True:
        try:
            await handle.result()
        except WorkflowFailureError as error:
            failure = error.cause.message if isinstance(error.cause, FailureError) else str(error.cause)
        except RPCError:
            await asyncio.sleep(_LOOK_EVERY_S)
            continue
        with suppress(RPCError):
            told = await handle.describe()
            if told.status is not WorkflowExecutionStatus.RUNNING and told.status and told.close_time:
                taken = told.close_time - (told.execution_time or told.start_time)
                return Ended(told.status.name, failure, taken.total_seconds())
        await asyncio.sleep(_LOOK_EVERY_S)
