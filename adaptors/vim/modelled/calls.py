"""One call to the modelled VIM, and the errors that it may end with."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from domain.errors import VimRefusedError, VimUnavailableError

Operation = Literal["create", "delete", "configure", "resize", "move", "read", "list", "capacity"]


@dataclass(frozen=True)
class Call:
    """What is asked of which PoP; faults select by it and messages name it."""

    pop: str
    operation: Operation
    resource: str
    component: str | None = None

    def refused(self, words: str) -> VimRefusedError:
        return VimRefusedError(f"{self._what()} was refused; the modelled VIM says: {words}")

    def unavailable(self, words: str) -> VimUnavailableError:
        return VimUnavailableError(f"{self._what()} failed; the modelled VIM says: {words}")

    def _what(self) -> str:
        return f"PoP {self.pop}: {self.operation} of {self.resource}"


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """Trouble with the world's file is an outage of the VIM."""
    try:
        yield
    except sqlite3.Error as error:
        raise call.unavailable(str(error)) from error
