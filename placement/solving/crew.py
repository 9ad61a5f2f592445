"""The solvers of one race: who waits, who is at work, and what they say."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Protocol

from placement.solving.messages import Failure, Message, Request
from placement.solving.outcomes import SolverName


class Run(Protocol):
    """One solver at work on one request."""

    def messages(self) -> Iterator[Message]:
        """Blocks until it has answered; raises an exception where it fails, or was stopped."""

    def stop(self) -> None:
        """At once, from any thread; without effect where it has ended."""

    @property
    def held_up_s(self) -> float:
        """How long others on the machine had the processor that it would have had."""


Start = Callable[[Request], Run]


class Crew:
    """Each solver has a thread that listens to it; all that is heard comes by `hear`."""

    def __init__(self, request: Request, starts: Mapping[SolverName, Start]) -> None:
        self._request = request
        self._waiting = dict(starts)
        self._running: dict[SolverName, Run] = {}
        self._inbox: SimpleQueue[tuple[SolverName, Message]] = SimpleQueue()

    @property
    def running(self) -> tuple[SolverName, ...]:
        """Who is at work."""
        return tuple(self._running)

    @property
    def held_up_s(self) -> float:
        """How long one of those at work had to wait for a processor, at the most."""
        return max((run.held_up_s for run in self._running.values()), default=0.0)

    @property
    def is_complete(self) -> bool:
        """Whether nobody waits for a turn."""
        return not self._waiting

    def start_next(self) -> None:
        """The next one begins, if there is time left for it."""
        if self._waiting and time.monotonic() < self._request.deadline:
            name = next(iter(self._waiting))
            run = _started(self._waiting.pop(name), self._request)
            self._running[name] = run
            threading.Thread(target=self._listen, args=(name, run), daemon=True).start()

    def hear(self, timeout_s: float) -> tuple[SolverName, Message] | None:
        """What one of those at work says, if it does in time."""
        try:
            name, message = self._inbox.get(timeout=timeout_s)
        except Empty:
            return None
        return (name, message) if name in self._running else None

    def dismiss(self, name: SolverName) -> None:
        """End it, if it has not; it is not heard any more."""
        self._running.pop(name).stop()

    def _listen(self, name: SolverName, run: Run) -> None:
        try:
            for message in run.messages():
                self._inbox.put((name, message))
        except OSError as error:
            self._inbox.put((name, _absent(error)))
        except Exception as error:  # whatever it is, the race must hear of it
            self._inbox.put((name, Failure(str(error) or repr(error))))


def _started(start: Start, request: Request) -> Run:
    try:
        return start(request)
    except OSError as error:
        return _Absent(error)


class _Absent:
    """A solver that could not be started."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def messages(self) -> Iterator[Message]:
        yield _absent(self._error)

    def stop(self) -> None:
        """There is nothing to stop."""

    @property
    def held_up_s(self) -> float:
        """It is not there to wait."""
        return 0.0


def _absent(error: OSError) -> Failure:
    return Failure(f"cannot be started: {error}")
