"""CBC, one process for each request, guarded by a shell that ends it where this process is gone."""

import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pulp

from placement.solving import mps
from placement.solving.children import ended
from placement.solving.messages import Answer, Failure, Message, Request
from placement.solving.outcomes import SolverFailedError, State
from placement.solving.program import Floats, slack

OWN = (pulp.PULP_CBC_CMD.pulp_cbc_path,)

_GUARD = """
folder=$1; shift; exec 3<&0
"$@" <"$folder/words" &
solver=$!
{ read -r _ <&3; rm -rf "$folder"; kill -9 0; } &
wait "$solver"
"""
"""The end of its input, which this process holds open, means the end of the group and of its files."""
_BOUND = re.compile(r"^Lower bound:\s+(\S+)", re.MULTILINE)
_EITHER = "infeasible or unbounded"
_NO_SOLUTION = "no integer solution"
_EXACTLY = ("-ratio", "0", "-allow", "0", "-preprocess", "off")
"""Preprocessing in CBC 2.10 loses solutions: of 400 small random programs it called one infeasible, and
of one a worse solution optimal. Without it placements are solved as quickly."""
_LAST_WORDS = "solution solution\nquit\n"
"""Read from its input: before it does, it writes out its log."""
_CRASHING_PROOF = "Problem is infeasible - tightenPrimalBounds!"
"""Without preprocessing CBC proves this and then crashes, for it has no solution to write."""
_SHORTEST_S = 0.01
_LONGEST_LOG = 1_000_000


class CbcRun:
    """One request to a process of its own."""

    def __init__(self, command: Sequence[str], request: Request) -> None:
        self._command, self._request = tuple(command), request
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def messages(self) -> Iterator[Message]:
        """Its answer; raises SolverFailedError, or OSError where it cannot be started."""
        with tempfile.TemporaryDirectory(prefix="cbc-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            try:
                status = self._run(folder)
                log = _text(folder / "log")
                if status != 0 and _CRASHING_PROOF not in log:
                    raise SolverFailedError(ended(status, log))
                yield _answer(self._request, _text(folder / "solution"), log)
            finally:
                self._close()

    def stop(self) -> None:
        """It and all that it started; from any thread."""
        with self._lock:
            self._stopped = True
            self._kill()

    @property
    def held_up_s(self) -> float:
        """Not known: the process is the guard, which does not work."""
        return 0.0

    def _run(self, folder: Path) -> int:
        words = self._words(folder)
        with self._lock, (folder / "log").open("wb") as log:
            if self._stopped:
                raise SolverFailedError("was not started any more")
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "guard", str(folder), *self._command, *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                process_group=0,
            )
        return self._process.wait()

    def _words(self, folder: Path) -> list[str]:
        request = self._request
        (folder / "words").write_text(_LAST_WORDS)
        (folder / "model.mps").write_text(mps.text(request.program))
        words = ["model.mps"]
        if request.start is not None:
            (folder / "start").write_text(mps.start(request.start))
            words += ["-mips", "start"]
        if request.cutoff is not None:
            words += ["-cutoff", repr(request.cutoff + slack(request.cutoff))]
        seconds = max(_SHORTEST_S, request.deadline - time.monotonic())
        words += ["-sec", f"{seconds:.3f}", "-timeMode", "elapsed"]
        return [*words, *_EXACTLY, "-solve", "-"]

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            if self._process is not None and self._process.returncode is None:
                os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        """The guard's watch ends with its input."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


def _text(path: Path) -> str:
    """The end of a file, or nothing where there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST_LOG))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def _answer(request: Request, solution: str, log: str) -> Message:
    """By the first line of the solution, for that says how the run ended."""
    head, _, body = solution.partition("\n")
    if head.startswith(("Infeasible", "Integer infeasible")) or _CRASHING_PROOF in log:
        return _no_solution(request, log)
    found = _BOUND.search(log)
    bound = float(found[1]) if found else None
    if _NO_SOLUTION in head:
        return Answer(State.UNKNOWN, bound=bound)
    if head.startswith("Optimal") and not _is_late(request):
        values = _values(request, body)
        return Answer(State.OPTIMAL, values, None if values is None else request.program.cost(values))
    if head.startswith(("Optimal", "Stopped on")):
        return Answer(State.FEASIBLE, _values(request, body), bound)
    said = [line for line in log.splitlines() if line.strip() and not line.startswith("Total time")]
    return Failure(f"ends with: {head.strip() or (said or ['neither a solution nor a word'])[-1]}")


def _no_solution(request: Request, log: str) -> Message:
    if _EITHER in log and not request.program.is_bounded_below:
        return Failure(f"finds the problem {_EITHER}")
    return Answer(State.UNKNOWN if _is_late(request) else State.INFEASIBLE)


def _is_late(request: Request) -> bool:
    """When its time is over CBC has been seen to call proven what it had merely no time for."""
    return time.monotonic() >= request.deadline


def _values(request: Request, body: str) -> Floats | None:
    """Only what is not 0 has a line: number, name, value, reduced cost; those out of bounds begin with **."""
    values = np.zeros(request.program.costs.size)
    for line in body.splitlines():
        words = line.replace("**", " ").split()
        try:
            values[int(words[1].removeprefix("C"))] = float(words[2])
        except (IndexError, ValueError):
            return None
    return values
