"""Contenders in processes of their own, warm as a worker is, timed, and ended where they do not end."""

import gc
import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

import psutil

from bench.placement.cases import Case, Task, cases, task
from bench.placement.contenders import contender
from bench.placement.outcomes import Outcome, Verdict
from domain.errors import InfeasibleError, TemporaryError
from domain.plans import Plan
from placement import model
from placement.check import violations

_GRACE_S = 10.0
_GAP = 1e-6
_START_S = 60.0

_SPAWN = multiprocessing.get_context("spawn")


class Runner:
    """One contender's process; it is started again after it had to be ended."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: Any = None
        self._connection: Connection | None = None
        self._waits = False

    def run(self, case: Case, limit_s: float) -> Outcome:
        """Its answer; late where it does not answer within the limit and some grace."""
        connection = self._ready()
        connection.send((case, limit_s))
        with suppress(EOFError):
            if connection.poll(2 * limit_s + _GRACE_S):
                outcome: Outcome = connection.recv()
                return outcome
        self.close()
        return Outcome(
            case=case,
            contender=self._name,
            verdict=Verdict.LATE,
            limit_s=limit_s,
            wall_s=limit_s,
            message="ended",
        )

    def close(self) -> None:
        """End the process and what it started."""
        if self._process is None:
            return
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self._process.pid)
            for process in [*top.children(recursive=True), top]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self._process.join()
        self._process = self._connection = None

    def start(self) -> None:
        """Begin to start it; `run` waits until it is ready."""
        self._connection, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(theirs, self._name))
        self._process.start()
        theirs.close()
        self._waits = True

    def _ready(self) -> Connection:
        if self._connection is None:
            self.start()
        assert self._connection is not None
        if self._waits and not (self._connection.poll(_START_S) and self._connection.recv() == "ready"):
            raise TemporaryError(f"{self._name} did not start")
        self._waits = False
        return self._connection


def _serve(connection: Connection, name: str) -> None:
    placing = contender(name)
    clock = _timed_builds()
    for warm_up in _warming():
        _answer(name, placing.place, task(warm_up), warm_up, 10.0, clock)
    connection.send("ready")
    while True:
        try:
            case, limit_s = connection.recv()
        except EOFError:
            return
        given = task(case)
        placing.prepare(given)
        connection.send(_answer(name, placing.place, given, case, limit_s, clock))


def _warming() -> list[Case]:
    """Two for the search, one for which solvers are started, which a worker keeps; none is measured."""
    hard = (each for each in cases((22,), (20,), (5,)) if (each.shape, each.tightness) == ("mesh", "loose"))
    return [*cases((22,), (3,), (0,))[:2], next(hard)]


def _timed_builds() -> list[float]:
    """Have each building of a PuLP model timed; the seconds of each are added to the list."""
    seconds: list[float] = []
    build = model.build

    def timed(*args: Any, **more: Any) -> Any:
        started = time.perf_counter()
        try:
            return build(*args, **more)
        finally:
            seconds.append(time.perf_counter() - started)

    setattr(model, "build", timed)  # noqa: B010
    return seconds


def _answer(
    name: str,
    place: Callable[[Task, float], Plan],
    given: Task,
    case: Case,
    limit_s: float,
    builds: list[float],
) -> Outcome:
    gc.collect()
    builds.clear()
    cpu, started = _cpu_s(), time.perf_counter()
    found = _tried(place, given, limit_s)
    wall = time.perf_counter() - started
    return Outcome(
        case=case,
        contender=name,
        limit_s=limit_s,
        wall_s=wall,
        cpu_s=max(0.0, _cpu_s() - cpu),
        build_s=sum(builds),
        **(_judged(found, given) if isinstance(found, Plan) else found),
    )


def _tried(place: Callable[[Task, float], Plan], given: Task, limit_s: float) -> Plan | dict[str, Any]:
    try:
        return place(given, limit_s)
    except InfeasibleError as error:
        return {"verdict": Verdict.INFEASIBLE, "message": str(error)}
    except TemporaryError as error:
        return {"verdict": Verdict.LATE, "message": str(error)}
    except Exception as error:  # what a contender dies of is its outcome
        return {"verdict": Verdict.FAILED, "message": f"{type(error).__name__}: {error}"}


def _judged(plan: Plan, given: Task) -> dict[str, Any]:
    wrong = violations(plan, given.graph, given.infrastructure, given.usage)
    return {
        "verdict": Verdict.OPTIMAL if plan.gap <= _GAP else Verdict.UNPROVEN,
        "cost_per_hour": plan.cost_per_hour,
        "gap": plan.gap,
        "solver": plan.solver,
        "violations": tuple(wrong),
    }


def _cpu_s() -> float:
    """Of this process, of its children that have ended, and of those that still run."""
    ended = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    running = 0.0
    for child in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            running += times.user + times.system + times.children_user + times.children_system
    return running + sum(usage.ru_utime + usage.ru_stime for usage in ended)


@contextmanager
def runners(names: tuple[str, ...]) -> Iterator[dict[str, Runner]]:
    """A runner for each, ended at the end."""
    found = {name: Runner(name) for name in names}
    try:
        for runner in found.values():
            runner.start()
        yield found
    finally:
        for runner in found.values():
            runner.close()
