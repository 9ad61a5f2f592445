"""One call to an emulated PoP, and the errors that it may end with."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adaptors.machine.commands import CommandError
from domain.errors import InputError, VimRefusedError, VimUnavailableError


class Trouble(Exception):
    """Why a call is refused for good, in words; `answering` adds what was called."""


@dataclass(frozen=True)
class Call:
    """What is asked of which PoP."""

    pop: str
    operation: str
    resource: str

    def refused(self, words: str) -> VimRefusedError:
        return VimRefusedError(f"{self._what()} was refused; the emulator says: {words}")

    def unavailable(self, words: str) -> VimUnavailableError:
        return VimUnavailableError(f"{self._what()} failed; the emulator says: {words}")

    def _what(self) -> str:
        return f"PoP {self.pop}: {self.operation} of {self.resource}"


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """What the descriptor caused is refused for good; trouble of the machine may pass."""
    try:
        yield
    except (Trouble, InputError) as error:
        raise call.refused(str(error)) from error
    except (CommandError, sqlite3.Error, OSError) as error:
        raise call.unavailable(str(error)) from error
