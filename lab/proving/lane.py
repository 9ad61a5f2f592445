"""A lane: a lab of its own, in which one operation after the other is carried out while things die."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from domain import names
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from lab.proving.nursery import Order
from lab.proving.starting import start_operation
from lab.proving.tended import Tended
from workers.proving import DIRECTORY_VARIABLE
from workers.watch import Watch

_SPARE = 2
"""Workers that must be ready before a run: the one that dies, and the one that takes over."""


@dataclass(frozen=True)
class Ended:
    """How an operation ended."""

    status: str
    failure: str
    seconds: float
    """As Temporal counts, from its start to its end."""


@dataclass
class Lane(Tended):
    """A lab that carries out one operation after the other."""

    vim: str
    size: int = 3

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
        await super().start()
        self._wanted = self.size
        await self.settled()

    async def settled(self) -> None:
        """Wait until one may die and another takes over."""
        await self._until(
            lambda: sum(worker.ready() for worker in self._workers) >= _SPARE and self.serving(),
            "the workers do not come up",
        )

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

    def worker_order(self, log: Path) -> Order:
        """One that notes what it does."""
        environment = {
            "INTERLACE_HOME": str(self.home),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self._port}",
            DIRECTORY_VARIABLE: str(self.home / "prove"),
        }
        words = ("--queues", ",".join(self._queues()))
        return Order(words=words, worker=True, log=log, environment=environment)

    def _queues(self) -> Sequence[str]:
        return (names.ORCHESTRATION_QUEUE, names.PLACEMENT_QUEUE, names.vim_queue(self.vim))


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
            await asyncio.sleep(Lane.look_every_s)
            continue
        with suppress(RPCError):
            told = await handle.describe()
            if told.status is not WorkflowExecutionStatus.RUNNING and told.status and told.close_time:
                taken = told.close_time - (told.execution_time or told.start_time)
                return Ended(told.status.name, failure, taken.total_seconds())
        await asyncio.sleep(Lane.look_every_s)
