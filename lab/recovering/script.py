"""The plain script, from outside: orders in, times out."""

import asyncio
import os
import sys
from pathlib import Path

from domain.errors import InterlaceError
from domain.lifecycle import AnyRequest
from domain.names import OperationKind
from lab.recovering.monolith import Done, Order


class ScriptError(InterlaceError):
    """The plain script failed; its own words are in its log."""


class Script:
    """One process that carries operations out, one after the other; it ends with this one."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: asyncio.subprocess.Process | None = None
        self._number = 0

    @property
    def pid(self) -> int | None:
        """Of the process, while it runs."""
        return self._process.pid if self._process else None

    async def __aenter__(self) -> "Script":
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "lab.recovering.monolith"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "INTERLACE_HOME": str(self._home), "INTERLACE_CATALOGUE_URL": ""},
                start_new_session=True,
            )
        await self._answer()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process and self._process.stdin
        if self._process.returncode is None:
            self._process.kill()  # whatever it is at: nothing is wanted of it any more
        await self._process.wait()

    async def carry_out(self, kind: OperationKind, request: AnyRequest) -> Done:
        """Have an operation carried out.

        :raises ScriptError: if it failed
        """
        assert self._process and self._process.stdin
        self._number += 1
        order = Order(kind=kind, number=self._number, request=request.model_dump(mode="json"))
        self._process.stdin.write(order.model_dump_json().encode() + b"\n")
        return Done.model_validate_json(await self._answer())

    @property
    def _log(self) -> Path:
        return self._home / "script.log"

    async def _answer(self) -> bytes:
        assert self._process and self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            last = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise ScriptError(f"the plain script failed: {last}; {self._log} has more")
        return line
