"""The processes of a proof, started by a nursery and gone with it."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from adaptors.machine.processes import Process
from domain.errors import InterlaceError
from lab.proving.nursery import Order

_KEPT_OUT = ("INTERLACE_HOME", "INTERLACE_CATALOGUE_", "INTERLACE_PROVE", "TEMPORAL_")
"""What the environment says of another lab."""


class BroodError(InterlaceError):
    """Processes cannot be started."""


class Brood:
    """Starts processes in no time; none outlives the one that began this."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._nursery: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "Brood":
        kept = {key: value for key, value in os.environ.items() if not key.startswith(_KEPT_OUT)}
        with self._log.open("ab") as log:
            self._nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "lab.proving.nursery"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**kept, "TEMPORAL_CONFIG_FILE": os.devnull, "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,
            )
        try:
            await self._answer()
        except BaseException:  # given up while it was starting: it has nobody yet, and must not stay
            self._nursery.kill()
            await self._nursery.wait()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._nursery and self._nursery.stdin
        self._nursery.stdin.close()
        await self._nursery.wait()

    async def start(self, order: Order) -> Process | None:
        """The process; None if it has died already."""
        assert self._nursery and self._nursery.stdin
        async with self._turn:
            self._nursery.stdin.write(order.model_dump_json().encode() + b"\n")
            pid = int(await self._answer())
        with suppress(psutil.NoSuchProcess):
            return Process.of(pid)
        return None

    async def _answer(self) -> bytes:
        assert self._nursery and self._nursery.stdout
        line = await self._nursery.stdout.readline()
        if not line:
            raise BroodError(f"no process can be started; {self._log} says why")
        return line
