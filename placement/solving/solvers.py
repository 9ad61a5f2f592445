"""The solvers of this process: HiGHS and CBC, raced where processors are idle."""

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np
import pulp

from placement.solving import cbc, children, reading
from placement.solving.cbc import CbcRun
from placement.solving.children import Children, HighsRun
from placement.solving.crew import Crew, Start
from placement.solving.messages import Request
from placement.solving.outcomes import Outcome, SolverFailedError, SolverName, State
from placement.solving.program import Program
from placement.solving.race import Accept, Race, Rules

_HEAD_START_S = 0.2
"""What HiGHS solves within it is not worth a second process; where others have the processor, it waits."""
_LAST_JOIN = 0.5
"""Of the time limit: then the second solver begins wherever it runs, for the first may hang."""
_GRACE_S = 0.8
_OPINION_S = 0.3
_SPARE = 1
"""Processes that are ready beside the one for the next request."""


class Solvers:
    """Safe with threads. Keeps a process ready for each processor; they end when this one does."""

    def __init__(
        self,
        highs: Sequence[str] = children.OWN,
        cbc: Sequence[str] = cbc.OWN,
        *,
        cores: int | None = None,
        grace_s: float = _GRACE_S,
        head_start_s: float = _HEAD_START_S,
        opinion_s: float = _OPINION_S,
    ) -> None:
        """
        :param highs: the command of a process that speaks as `placement.solving.child` does
        :param cbc: the command that takes CBC's words
        :param cores: processors that may be used; those that this process may use, by default
        :param grace_s: what a solver may take beyond its time limit before it is killed
        :param head_start_s: what the first solver has for itself
        :param opinion_s: how long the other one is heard at least, where one calls a problem infeasible
        """
        self._cores = cores or _processors()
        self._grace_s, self._head_start_s, self._opinion_s = grace_s, head_start_s, opinion_s
        self._children = Children(highs, self._cores)
        self._starts: dict[SolverName, Start] = {
            "highs": lambda request: HighsRun(self._children, request),
            "cbc": lambda request: CbcRun(cbc, request),
        }
        self._races: set[Race] = set()
        self._lock = threading.Lock()

    def solve(
        self,
        problem: pulp.LpProblem,
        time_limit_s: float,
        names: Sequence[SolverName] = ("highs", "cbc"),
        start: Mapping[str, float] | None = None,
        cutoff: float | None = None,
        accept: Accept = lambda outcome: None,
    ) -> Outcome:
        """The first proven answer of the solvers `names`, or the best one when the time is over.

        Nothing is written into `problem`. The time limit is kept within the grace. Raises SolverFailedError
        where each solver failed, or its answer was refused.

        :param names: the first has a head start; the others join where it takes longer, or fails
        :param start: a solution to begin with; what it does not name is 0; ignored where it is none
        :param cutoff: only what is as good is a solution
        :param accept: why an answer is refused, or None; not asked where nothing is known
        """
        deadline = time.monotonic() + time_limit_s
        try:
            program = reading.program(problem)
        except ValueError as error:
            raise SolverFailedError(str(error)) from error
        request = _request(program, deadline, start, cutoff)
        if not program.names:
            return _trivial(program, names[0])
        if time.monotonic() >= deadline:
            return Outcome(State.UNKNOWN, names[0])
        crew = Crew(request, {name: self._starts[name] for name in names})
        joins = self._joins(time_limit_s)
        rules = Rules(time_limit_s, self._grace_s, self._opinion_s, joins, accept)
        return self._raced(Race(request, crew, rules))

    def warm(self) -> None:
        """Start HiGHS now, and a spare, for the first requests; without effect where it cannot be."""
        with suppress(OSError):  # the first request will tell
            self._children.warm(1 + _SPARE)

    def close(self) -> None:
        """End the processes that are ready."""
        self._children.close()

    def _raced(self, race: Race) -> Outcome:
        with self._lock:
            self._races.add(race)
        try:
            return race.outcome()
        finally:
            with self._lock:
                self._races.discard(race)

    def _joins(self, limit_s: float) -> Callable[[float, Crew], bool]:
        """Whether the next solver begins, by the seconds since the first did."""

        def joins(elapsed_s: float, crew: Crew) -> bool:
            if elapsed_s >= _LAST_JOIN * limit_s:
                return True
            return elapsed_s - crew.held_up_s >= self._head_start_s and self._idle()

        return joins

    def _idle(self) -> bool:
        with self._lock:
            return sum(race.running for race in self._races) < self._cores


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _request(
    program: Program, deadline: float, start: Mapping[str, float] | None, cutoff: float | None
) -> Request:
    """Without the program's constant, and minimised."""
    values = None if start is None else program.rounded(program.vector(start))
    highest = None if cutoff is None else program.as_stated(cutoff) - program.constant
    if values is not None and program.fault(values):
        values = None
    return Request(program, deadline, values, highest)


def _trivial(program: Program, solver: SolverName) -> Outcome:
    """Nothing to choose: each row is 0."""
    if program.fault(np.zeros(0)):
        return Outcome(State.INFEASIBLE, solver)
    constant = program.as_stated(program.constant)
    return Outcome(State.OPTIMAL, solver, bound=constant, objective=constant)


SOLVERS = Solvers()
"""Those of this process; nothing is started before it is needed, or warmed."""
