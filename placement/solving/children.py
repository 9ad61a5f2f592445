"""Processes that run HiGHS, kept ready; each can be killed at any moment, and another takes its place."""

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from placement.solving import messages
from placement.solving.messages import Incumbent, Message, Request
from placement.solving.outcomes import SolverFailedError
from placement.solving.pressure import Queueing

OWN = (sys.executable, "-m", "placement.solving.child")
_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
"""numpy is but a container there: without threads of its own it is there sooner."""
_LAST_WORDS = 2000


class Child:
    """One process; it takes one request after the other."""

    def __init__(self, command: Sequence[str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed with the child
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=_ROOT,
            env=os.environ | _ENVIRONMENT,
            process_group=0,
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: Request) -> Iterator[Message]:
        """What it says until it has answered; raises SolverFailedError where it ends or talks nonsense."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            messages.send(self._process.stdin, request)
            while True:
                said = messages.message(messages.receive(self._process.stdout))
                yield said
                if not isinstance(said, Incumbent):
                    return
        except (OSError, EOFError):
            raise SolverFailedError(self._last_words()) from None
        except ValueError as error:
            raise SolverFailedError(str(error)) from error

    def kill(self) -> None:
        """It and all that it started; from any thread."""
        with suppress(ProcessLookupError):
            if self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Kill it, and leave nothing of it."""
        self.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(OSError):  # what was not yet written to it
                    stream.close()

    def _last_words(self) -> str:
        try:
            status = self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            return "closed its output"
        self._errors.seek(max(0, self._errors.seek(0, os.SEEK_END) - _LAST_WORDS))
        return ended(status, self._errors.read().decode(errors="replace"))


def ended(status: int, said: str) -> str:
    """How a process ended, in words, with the last line that it said."""
    number = -status if status < 0 else status - 128  # a shell adds 128 to the signal's number
    try:
        how = f"was ended by {signal.Signals(number).name}"
    except ValueError:
        how = f"ended with status {status}"
    lines = said.strip().splitlines()
    return f"{how}: {lines[-1].strip()}" if lines else how


class Children:
    """The processes that wait for work, at most `kept` of them; more are started where more are asked for."""

    def __init__(self, command: Sequence[str], kept: int) -> None:
        self._command, self._kept = tuple(command), kept
        self._idle: list[Child] = []
        self._lock = threading.Lock()
        self._closed = False
        atexit.register(self.close)

    def take(self) -> Child:
        """One that is alive; raises OSError where it cannot be started."""
        while True:
            with self._lock:
                child = self._idle.pop() if self._idle else None
            if child is None:
                return Child(self._command)
            if child.alive:
                return child
            child.close()

    def warm(self, count: int) -> None:
        """See to it that so many wait, or as many as are kept; each is soon ready. Raises OSError."""
        with self._lock:
            missing = 0 if self._closed else min(count, self._kept) - len(self._idle)
        for _ in range(missing):
            self.give_back(Child(self._command))

    def give_back(self, child: Child) -> None:
        """It waits for the next request, unless enough do."""
        with self._lock:
            keep = not self._closed and len(self._idle) < self._kept
            if keep:
                self._idle.append(child)
        if not keep:
            child.close()

    def replace(self, child: Child) -> None:
        """End it; another begins to start in its place, so that the next request need not wait for that."""
        child.close()
        with self._lock:
            missing = not self._closed and len(self._idle) < self._kept
        if missing:
            with suppress(OSError):
                self.give_back(Child(self._command))

    def close(self) -> None:
        """End those that wait, and those that are given back from now on."""
        with self._lock:
            self._closed, idle, self._idle = True, self._idle, []
        for child in idle:
            child.close()


class HighsRun:
    """One request to one of the children; raises OSError where none can be started."""

    def __init__(self, children: Children, request: Request) -> None:
        self._children, self._request = children, request
        self._lock = threading.Lock()
        child = children.take()
        self._child: Child | None = child
        self._is_stopped = False
        self._queueing = Queueing(child.pid)

    @property
    def held_up_s(self) -> float:
        """How long it would have worked and others on the machine did."""
        return self._queueing.waited_s

    def messages(self) -> Iterator[Message]:
        """What it says, the last of it its answer; raises SolverFailedError."""
        child = self._child
        assert child is not None
        answered = False
        try:
            for message in child.ask(self._request):
                answered = not isinstance(message, Incumbent)
                if answered:
                    self._leave(child, unharmed=True)
                yield message
        finally:
            if not answered:
                self._leave(child, unharmed=False)

    def stop(self) -> None:
        """From any thread; a child that has answered is not ours any more."""
        with self._lock:
            if self._child is not None:
                self._is_stopped = True
                self._child.kill()

    def _leave(self, child: Child, unharmed: bool) -> None:
        with self._lock:
            self._child = None
            unharmed = (
                unharmed and not self._is_stopped
            )  # its answer may have been on its way when it was killed
        if unharmed:
            self._children.give_back(child)
        else:
            self._children.replace(child)
