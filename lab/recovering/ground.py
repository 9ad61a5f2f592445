"""A lab to be timed in: a Temporal server, and workers of a given profile; whoever dies is replaced."""

import asyncio
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.service import RPCError

from domain import names
from domain.recovery import Profile
from lab.proving.nursery import Order
from lab.proving.tended import Tended, TendedError
from workers.reliability import VARIABLE, kept
from workers.telemetry import LISTEN_VARIABLE

QUEUES = (names.ORCHESTRATION_QUEUE, names.PLACEMENT_QUEUE, names.vim_queue("modelled"))


@dataclass
class Ground(Tended):
    """A home directory with all that is timed in it."""

    look_every_s = 0.02
    noticed_every_s = 0.2
    """As the supervisor of `interlace up` looks after its children."""
    up_within_s = 90.0

    _environment: dict[str, str] = field(default_factory=dict, init=False)

    @property
    def pids(self) -> set[int]:
        """Of the workers that run now."""
        return {each.process.pid for each in self._workers if each.process.alive()}

    async def serve(self, profile: Profile, workers: int) -> None:
        """Have so many workers, which go by this profile; returns when all of them serve."""
        self._wanted = 0
        for worker in self._workers:
            worker.process.signal(9)
        await self._until(lambda: not self.pids, "the workers of before do not end")
        self._environment = {
            "INTERLACE_HOME": str(self.home),
            "TEMPORAL_ADDRESS": f"127.0.0.1:{self._port}",
            VARIABLE: kept(profile, self.home),
            LISTEN_VARIABLE: "127.0.0.1:0",
        }
        self._wanted = workers
        await self.settled()

    async def settled(self) -> None:
        """Wait until all workers serve."""
        await self._until(
            lambda: sum(each.ready() for each in self._workers) == self._wanted and self.serving(),
            "the workers do not come up",
        )
        await self._until_answers()

    def kill(self, pid: int) -> None:
        """SIGKILL a worker.

        :raises TendedError: if it is none of this lab's
        """
        found = [each for each in self._workers if each.process.pid == pid]
        if not found:
            raise TendedError(f"process {pid} is no worker of the lab at {self.home}")
        found[0].process.signal(9)

    def kill_server(self) -> None:
        """SIGKILL the Temporal server."""
        assert self._server
        self._server.signal(9)

    async def replaced_s(self) -> float:
        """Kill a worker that has nothing to do: how long it takes until its successor serves."""
        [pid, *_] = sorted(self.pids)
        began = time.monotonic()
        self.kill(pid)
        await self._until(lambda: pid not in self.pids, "a worker does not die")
        await self.settled()
        return time.monotonic() - began

    async def _until_answers(self) -> None:
        deadline = time.monotonic() + self.up_within_s
        while time.monotonic() < deadline:
            with suppress(RPCError):
                await self.client.workflow_service.get_system_info(GetSystemInfoRequest())
                return
            await asyncio.sleep(self.look_every_s)
        raise TendedError(f"Temporal does not answer; logs are in {self._logs}")

    def worker_order(self, log: Path) -> Order:
        """One by the profile; a lone one starts as anywhere, for that is waited for."""
        words: tuple[str, ...] = ("--queues", ",".join(QUEUES))
        alone = self._wanted == 1
        if alone:
            words = (sys.executable, "-m", "workers", *words)
        return Order(words=words, worker=not alone, log=log, environment=self._environment)
