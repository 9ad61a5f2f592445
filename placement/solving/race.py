"""Several solvers on one program: the first proven answer wins, and the others are ended."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Protocol

import numpy as np

from placement.solving.judging import Finding, Judge, together
from placement.solving.messages import Answer, Failure, Incumbent, Message, Request
from placement.solving.outcomes import Outcome, SolverFailedError, SolverName, State

Accept = Callable[[Outcome], str | None]
"""Why an answer is refused, or None."""

_EARLY = 0.1
"""Of the time limit: what ends this much before it did not run out of time."""
_LOOK_S = 0.02
_PROOFS = (State.OPTIMAL, State.INFEASIBLE)


class Run(Protocol):
    """One solver at work on one request."""

    def messages(self) -> Iterator[Message]:
        """Blocks until it has answered; raises an exception where it fails, or was stopped."""

    def stop(self) -> None:
        """At once, from any thread; without effect where it has ended."""


class Race:
    """One request; the second solver begins when `joins` says, or when the first has failed."""

    def __init__(
        self,
        request: Request,
        starts: Mapping[SolverName, Callable[[Request], Run]],
        joins: Callable[[float], bool],
        limit_s: float,
        grace_s: float,
        accept: Accept,
    ) -> None:
        self._request, self._joins, self._accept = request, joins, accept
        self._limit_s, self._grace_s = limit_s, grace_s
        self._begun = request.deadline - limit_s
        self._first, self._waiting = next(iter(starts)), dict(starts)
        self._running: dict[SolverName, Run] = {}
        self._inbox: SimpleQueue[tuple[SolverName, Message]] = SimpleQueue()
        self._judge = Judge(request)
        self._findings: list[Finding] = []
        self._failures: dict[SolverName, str] = {}

    @property
    def running(self) -> int:
        """How many solvers are at work."""
        return len(self._running)

    def outcome(self) -> Outcome:
        """The first proven answer that is accepted, else the best one; raises SolverFailedError."""
        try:
            self._start_next()
            while self._running:
                finding = self._next_finding()
                if finding is None:
                    continue
                if finding.state not in _PROOFS:
                    self._findings.append(finding)
                elif (proven := self._offered(finding)) is not None:
                    return proven
                self._start_next()
            return self._best()
        finally:
            for run in self._running.values():
                run.stop()

    def _start_next(self) -> None:
        """Begin with the next solver that can be started at all."""
        while self._waiting and time.monotonic() < self._request.deadline:
            name = next(iter(self._waiting))
            start = self._waiting.pop(name)
            try:
                run = start(self._request)
            except OSError as error:
                self._failures[name] = f"cannot be started: {error}"
                continue
            self._running[name] = run
            threading.Thread(target=self._follow, args=(name, run), daemon=True).start()
            return

    def _follow(self, name: SolverName, run: Run) -> None:
        try:
            for message in run.messages():
                self._inbox.put((name, message))
        except OSError as error:
            self._inbox.put((name, Failure(f"cannot be started: {error}")))
        except Exception as error:  # whatever it is, the race must hear of it
            self._inbox.put((name, Failure(str(error) or repr(error))))

    def _next_finding(self) -> Finding | None:
        """Wait for what a solver says, the turn of the next solver, or the end of patience."""
        now = time.monotonic()
        if now >= self._request.deadline + self._grace_s:
            self._give_up()
            return None
        if self._waiting and self._joins(now - self._begun):
            self._start_next()
        try:
            name, message = self._inbox.get(timeout=self._pause(now))
        except Empty:
            return None
        return self._heard(name, message) if name in self._running else None

    def _pause(self, now: float) -> float:
        """Until the end; a solver that waits for its turn has it looked at often."""
        left = max(0.0, self._request.deadline + self._grace_s - now)
        return min(left, _LOOK_S) if self._waiting else left

    def _heard(self, name: SolverName, message: Message) -> Finding | None:
        if isinstance(message, Incumbent):
            self._judge.note(name, message.values)
            return None
        del self._running[name]
        try:
            if isinstance(message, Failure):
                raise SolverFailedError(message.cause)
            return self._judged(name, message)
        except SolverFailedError as error:
            self._fail(name, str(error))
            return None

    def _judged(self, name: SolverName, answer: Answer) -> Finding:
        finding = self._judge.finding(name, answer)
        early = self._request.deadline - time.monotonic() > _EARLY * self._limit_s
        if finding.state is State.UNKNOWN and early:
            raise SolverFailedError("stopped before its time without a solution")
        return finding

    def _fail(self, name: SolverName, cause: str) -> None:
        self._failures[name] = cause
        left = self._judge.last_of(name)
        if left is not None:
            self._findings.append(left)
        self._start_next()

    def _give_up(self) -> None:
        """What runs still has had its time and more."""
        for name in list(self._running):
            self._running.pop(name).stop()
            self._fail(name, f"did not stop at its limit of {self._limit_s:g} s")

    def _offered(self, finding: Finding) -> Outcome | None:
        outcome = self._outcome(finding)
        refused = self._accept(outcome)
        if refused is None:
            return outcome
        self._failures[finding.solver] = f"its answer is refused: {refused}"
        return None

    def _best(self) -> Outcome:
        """Time is over, or nobody is left."""
        found = together(self._findings)
        for finding in found:
            outcome = self._offered(finding) if finding.state is not State.UNKNOWN else None
            if outcome is not None:
                return outcome
        for finding in found:
            if finding.state is State.UNKNOWN:
                return self._outcome(finding)
        if not self._failures:
            return Outcome(State.UNKNOWN, self._first)
        raise SolverFailedError("; ".join(f"{name}: {cause}" for name, cause in self._failures.items()))

    def _outcome(self, finding: Finding) -> Outcome:
        program, values = self._request.program, finding.values
        known = np.isfinite(finding.bound) and finding.state is not State.INFEASIBLE
        others = {name: cause for name, cause in self._failures.items() if name != finding.solver}
        return Outcome(
            state=finding.state,
            solver=finding.solver,
            bound=program.as_stated(finding.bound + program.constant) if known else None,
            objective=None if values is None else program.objective(values),
            values={} if values is None else program.named(values),
            failures=tuple(f"{name}: {cause}" for name, cause in others.items()),
        )
