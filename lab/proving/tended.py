"""A Temporal server and workers in a home directory; whoever dies is replaced."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from temporalio.client import Client

from adaptors.machine.processes import Process
from catalogue.store import Catalogue, open_catalogue
from domain.errors import InterlaceError
from lab.launcher import temporal_binary
from lab.ports import free_port
from lab.proving.brood import Brood
from lab.proving.nursery import Order
from lab.supervisor import server_command
from workers.plugin import connect


class TendedError(InterlaceError):
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


@dataclass
class Tended(ABC):
    """The lab; a subclass says what its workers are."""

    look_every_s: ClassVar[float] = 0.05
    noticed_every_s: ClassVar[float] = 0.05
    """So long it takes at most until a death is noticed."""
    up_within_s: ClassVar[float] = 60.0

    home: Path
    brood: Brood
    client: Client = field(init=False)
    catalogue: Catalogue = field(init=False)
    _port: int = field(init=False)
    _ui_port: int = field(init=False)
    _wanted: int = field(default=0, init=False)
    """Workers that there are to be."""
    _server: Process | None = field(default=None, init=False)
    _workers: list[Worker] = field(default_factory=list, init=False)
    _started: int = field(default=0, init=False)
    _tending: asyncio.Task[None] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Bring the server up, and have whoever is wanted started and replaced from now on."""
        self._logs.mkdir(parents=True)
        self._port, self._ui_port = free_port(0), free_port(0)
        self.catalogue = open_catalogue(f"sqlite:///{self.home / 'catalogue.db'}")
        await self._start_server()
        self.client = await self._connected()
        self._tending = asyncio.create_task(self._tend())

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

    def serving(self) -> bool:
        """Whether the Temporal server runs."""
        return self._server is not None and self._server.alive()

    @abstractmethod
    def worker_order(self, log: Path) -> Order:
        """How a worker is started."""

    @property
    def _logs(self) -> Path:
        return self.home / "logs"

    async def _until(self, done: Callable[[], bool], otherwise: str) -> None:
        """
        :raises TendedError: if that does not come in time
        """
        deadline = time.monotonic() + self.up_within_s
        while not done():
            if self._tending and self._tending.done():
                await self._tending
            if time.monotonic() > deadline:
                raise TendedError(f"{otherwise} within {self.up_within_s:.0f} s; logs are in {self._logs}")
            await asyncio.sleep(self.look_every_s)

    async def _connected(self) -> Client:
        deadline = time.monotonic() + self.up_within_s
        while True:
            try:
                return await connect(f"127.0.0.1:{self._port}")
            except RuntimeError as error:
                if time.monotonic() > deadline:
                    words = f"Temporal does not come up: {error}; logs are in {self._logs}"
                    raise TendedError(words) from None
                await asyncio.sleep(self.look_every_s)

    async def _start_server(self) -> None:
        command = server_command(temporal_binary(), self.home, self._port, self._ui_port)
        order = Order(words=tuple(command), worker=False, log=self._logs / "temporal.log")
        self._server = await self.brood.start(order)

    async def _start_worker(self) -> None:
        self._started += 1
        log = self._logs / f"worker-{self._started}.log"
        log.touch()
        if process := await self.brood.start(self.worker_order(log)):
            self._workers.append(Worker(process, log))

    async def _tend(self) -> None:
        while True:
            if not self.serving():
                await self._start_server()
            self._workers = [worker for worker in self._workers if worker.process.alive()]
            for _ in range(self._wanted - len(self._workers)):
                await self._start_worker()
            await asyncio.sleep(self.noticed_every_s)
