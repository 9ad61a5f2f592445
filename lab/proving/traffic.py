"""Users of a service while it is operated on: requests one after the other, and what came of them."""

import asyncio
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from adaptors.vim.emulator.functions import search_path
from adaptors.vim.port import NetworkedVim
from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain.instances import PopAccess
from domain.records import ResourceRecord

_USERS, _FRONT = "users", "balancer-1"
_SERVED = "200"
_REQUEST = "curl -s -o /dev/null -m 5 -w '%{{http_code}}\\n' http://{address}/whoami"
_LOOP = f"for i in $(seq 5000); do {_REQUEST}; sleep 0.02; done"


@dataclass(frozen=True)
class Served:
    """What came of the requests."""

    answered: int
    lost: int

    def complaint(self) -> str | None:
        """What users would say; None where they noticed nothing."""
        if self.lost:
            return f"{self.lost} of {self.answered + self.lost} requests were lost"
        return None if self.answered else "no request was served"


class Traffic:
    """Requests from a service's users to its front, until they are stopped."""

    def __init__(self, home: Path, catalogue: Catalogue, service: str) -> None:
        self._home = home
        self._catalogue = catalogue
        self._entries = {each.instance: each for each in catalogue.ledger.of_service(service)}
        self._process: asyncio.subprocess.Process | None = None

    async def begin(self) -> None:
        """Send requests from now on."""
        loop = _LOOP.format(address=self._entries[_FRONT].address)
        words = self._vim(self._entries[_USERS]).command(
            self._entries[_USERS].resource_name, ["sh", "-c", loop]
        )
        self._process = await asyncio.create_subprocess_exec(
            *words,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PATH": search_path()},
        )

    async def end(self) -> Served:
        """Send no more; what came of those that were sent."""
        assert self._process and self._process.stdout
        with suppress(ProcessLookupError):
            self._process.kill()
        told = (await self._process.stdout.read()).decode().split()
        await self._process.wait()
        codes = Counter(told)
        return Served(answered=codes[_SERVED], lost=codes.total() - codes[_SERVED])

    def _vim(self, entry: ResourceRecord) -> NetworkedVim:
        known = self._catalogue.infrastructure.get().pops[entry.pop]
        access = PopAccess(
            name=entry.pop,
            capacity=known.capacity,
            settings=known.vim.settings,
            credential=known.vim.credential,
        )
        vim = open_vim(known.vim.kind, access, self._home)
        assert isinstance(vim, NetworkedVim)
        return vim
