"""What solvers say, held against the program and against what is known already."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from placement.solving.messages import Answer, Request
from placement.solving.outcomes import SolverFailedError, SolverName, State
from placement.solving.program import Floats, slack


@dataclass(frozen=True)
class Finding:
    """An answer that agrees with the program; costs and bounds are without the program's constant."""

    solver: SolverName
    state: State
    values: Floats | None = None
    cost: float = np.inf
    bound: float = -np.inf


class Judge:
    """Knows the best solution so far, and so which claims cannot be true."""

    def __init__(self, request: Request) -> None:
        self._program = request.program
        self._highest = np.inf if request.cutoff is None else request.cutoff
        self._incumbents: dict[SolverName, Floats] = {}
        self._least = np.inf
        if request.start is not None:
            self._see(request.start)

    @property
    def knows_solution(self) -> bool:
        """Whether anything is feasible for certain."""
        return self._least < np.inf

    def note(self, solver: SolverName, values: Floats) -> None:
        """An incumbent that a solver told of; what is no solution is not counted."""
        with suppress(SolverFailedError):
            checked = self._checked(values)
            if self._see(checked):
                self._incumbents[solver] = checked

    def last_of(self, solver: SolverName) -> Finding | None:
        """What is left of a solver that ended without an answer."""
        values = self._incumbents.get(solver)
        return None if values is None else Finding(solver, State.FEASIBLE, values, self._program.cost(values))

    def finding(self, solver: SolverName, answer: Answer) -> Finding:
        """The answer as far as it holds; raises SolverFailedError with what is wrong with it."""
        if answer.state in (State.OPTIMAL, State.FEASIBLE):
            return self._solution(solver, answer)
        if answer.state is State.INFEASIBLE and self.knows_solution:
            raise SolverFailedError("calls it infeasible, though a solution is known")
        return Finding(solver, answer.state, bound=self._bound(answer))

    def _solution(self, solver: SolverName, answer: Answer) -> Finding:
        values = self._checked(answer.values)
        cost, bound = self._program.cost(values), self._bound(answer)
        if cost > self._highest + slack(self._highest):
            state = State.INFEASIBLE if answer.state is State.OPTIMAL else State.UNKNOWN
            return self.finding(solver, Answer(state, bound=answer.bound))
        claimed = answer.state is State.OPTIMAL
        if claimed and cost > self._least + slack(cost):
            raise SolverFailedError("calls a solution optimal, though a better one is known")
        self._see(values)
        proven = claimed and cost - bound <= slack(cost)
        state = State.OPTIMAL if proven else State.FEASIBLE
        return Finding(solver, state, values, cost, cost if proven else min(bound, cost))

    def _checked(self, values: Floats | None) -> Floats:
        if values is None:
            raise SolverFailedError("returned no values that could be read")
        fault = self._program.fault(values)
        rounded = self._program.rounded(values) if fault is None else values
        fault = fault or self._program.fault(rounded)
        if fault is not None:
            raise SolverFailedError(f"returned values that are no solution: {fault}")
        return rounded

    def _bound(self, answer: Answer) -> float:
        """Nothing above the cutoff was looked at, so no bound above it is proven."""
        said = -np.inf if answer.bound is None or np.isnan(answer.bound) else answer.bound
        return float(min(said, self._highest))

    def _see(self, values: Floats) -> bool:
        cost = self._program.cost(values)
        counts = cost <= self._highest + slack(self._highest)
        if counts:
            self._least = min(self._least, cost)
        return counts


def together(findings: list[Finding]) -> list[Finding]:
    """The best first, each with the best bound that any of them proved and no solution disproves."""
    least = min((finding.cost for finding in findings), default=np.inf)
    bounds = [finding.bound for finding in findings if finding.bound <= least + slack(least)]
    bound = max(bounds, default=-np.inf)
    ranked = sorted(findings, key=lambda finding: finding.cost)
    return [_bounded(finding, min(bound, finding.cost)) for finding in ranked]


def _bounded(finding: Finding, bound: float) -> Finding:
    proven = finding.values is not None and finding.cost - bound <= slack(finding.cost)
    state = State.OPTIMAL if proven else finding.state
    return Finding(finding.solver, state, finding.values, finding.cost, bound)
