"""Turns: those of one process who change the same object do so one after the other, and need not race."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_PACE_S = 0.1


@dataclass
class Turn:
    """Whose turn it is finds what the one before has left."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    users: int = 0
    latest: Any = None
    """What became of the object, as far as somebody said."""


class Turns:
    """As many turns as there are objects that anybody changes."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: dict[str, Turn] = {}

    @contextmanager
    def of(self, subject: str, tell: Callable[[], None]) -> Iterator[Turn]:
        """Have the turn.

        :param tell: called while others have it; where it raises, this does
        """
        with self._guard:
            turn = self._turns.setdefault(subject, Turn())
            turn.users += 1
        try:
            while not turn.lock.acquire(timeout=_PACE_S):
                tell()
            try:
                yield turn
            finally:
                turn.lock.release()
        finally:
            self._leave(subject, turn)

    def _leave(self, subject: str, turn: Turn) -> None:
        with self._guard:
            turn.users -= 1
            if not turn.users:
                del self._turns[subject]
