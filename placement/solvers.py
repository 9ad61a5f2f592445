"""HiGHS and CBC through PuLP, with an answer that can be trusted: its state and the bound that was proven."""

import re
import tempfile
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal

import pulp

SolverName = Literal["highs", "cbc"]

_CBC_BOUND = re.compile(r"^Lower bound:\s+(\S+)", re.MULTILINE)
_CBC_EMPTY = "No feasible solution found"


class State(Enum):
    """What a run came to."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible, not proven optimal"
    INFEASIBLE = "infeasible"
    UNKNOWN = "no solution within the time"


@dataclass(frozen=True)
class Outcome:
    """The state and, where one was proven, the lower bound of the objective (scaled as the model is)."""

    state: State
    bound: float | None = None


class SolverFailedError(Exception):
    """The solver did not run, or stopped before its time with nothing to show."""


def run(problem: pulp.LpProblem, solver: SolverName, time_limit_s: float) -> Outcome:
    """Solve `problem`; its variables then hold the solution, where there is one."""
    started = time.monotonic()
    try:
        outcome = _run_highs(problem, time_limit_s) if solver == "highs" else _run_cbc(problem, time_limit_s)
    except (pulp.PulpError, OSError) as error:
        raise SolverFailedError(f"{solver}: {error}") from error
    if outcome.state is State.UNKNOWN and time.monotonic() - started < 0.9 * time_limit_s:
        raise SolverFailedError(f"{solver} stopped before its time without a solution")
    return outcome


def _state(problem: pulp.LpProblem) -> State:
    """From `sol_status`, for `status` says Optimal on a time-out too; it is sure of infeasibility only."""
    if problem.status == pulp.LpStatusInfeasible or problem.sol_status == pulp.LpSolutionInfeasible:
        return State.INFEASIBLE
    if problem.sol_status == pulp.LpSolutionOptimal:
        return State.OPTIMAL
    if problem.sol_status == pulp.LpSolutionIntegerFeasible:
        return State.FEASIBLE
    return State.UNKNOWN


def _run_highs(problem: pulp.LpProblem, time_limit_s: float) -> Outcome:
    problem.solve(pulp.HiGHS(msg=False, timeLimit=time_limit_s, gapRel=0.0, gapAbs=0.0))
    info = problem.solverModel.getInfo()
    state = _state(problem)
    if state in (State.OPTIMAL, State.FEASIBLE) and info.primal_solution_status != 2:
        return Outcome(State.UNKNOWN)
    return Outcome(state, info.mip_dual_bound)


def _run_cbc(problem: pulp.LpProblem, time_limit_s: float) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "cbc.log"
        options = {"timeLimit": time_limit_s, "gapRel": 0.0, "gapAbs": 0.0, "logPath": str(log)}
        problem.solve(pulp.COIN_CMD(path=pulp.PULP_CBC_CMD.pulp_cbc_path, msg=False, **options))
        text = log.read_text(errors="replace")
    state = _state(problem)
    if state is State.FEASIBLE and _CBC_EMPTY in text:
        return Outcome(State.UNKNOWN)
    if state is State.OPTIMAL:
        return Outcome(state, pulp.value(problem.objective))
    bound = _CBC_BOUND.search(text)
    return Outcome(state, float(bound[1]) if bound else None)
