"""What a cloud told that seldom changes, such as its flavours: asked again later, or where it misled."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

_KEEP_S = 60.0


class Memory:
    """Answers by question."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[float, Any]] = {}

    def recall(self, question: str, ask: Callable[[], T]) -> T:
        """The answer that is not older than a minute, else a new one."""
        with self._guard:
            found = self._kept.get(question)
        if found is not None and time.monotonic() - found[0] < _KEEP_S:
            answer: T = found[1]
            return answer
        answer = ask()
        self.keep(question, answer)
        return answer

    def known(self, question: str) -> object:
        """The answer of before, however old; None where there is none."""
        with self._guard:
            found = self._kept.get(question)
        return None if found is None else found[1]

    def keep(self, question: str, answer: object) -> None:
        """This is the answer from now on."""
        with self._guard:
            self._kept[question] = (time.monotonic(), answer)

    def forget(self, question: str) -> None:
        """Ask anew the next time."""
        with self._guard:
            self._kept.pop(question, None)
