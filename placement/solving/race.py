"""Several solvers on one program: the first proven optimum wins, and the others are ended.

A solution can be held against the program; the claim that there is none cannot. So the others are heard on it
for as long again, and for a moment at least: who finds a solution disproves it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from placement.solving.crew import Crew
from placement.solving.judging import Finding, Judge, together
from placement.solving.messages import Answer, Failure, Incumbent, Message, Request
from placement.solving.outcomes import Outcome, SolverFailedError, SolverName, State

Accept = Callable[[Outcome], str | None]
"""Why an answer is refused, or None."""

_EARLY = 0.1
"""Of the time limit: what ends this much before it did not run out of time."""
_LOOK_S = 0.02


@dataclass(frozen=True)
class Rules:
    """How long things take, and what counts."""

    limit_s: float
    grace_s: float
    """What a solver may take beyond the limit."""
    opinion_s: float
    """How long the others are heard at least, where one calls the program infeasible."""
    joins: Callable[[float, Crew], bool]
    """Whether the next solver begins, by the seconds since the first did; where that has ended, it does."""
    accept: Accept


class Race:
    """One request to a crew."""

    def __init__(self, request: Request, crew: Crew, rules: Rules) -> None:
        self._request, self._crew, self._rules = request, crew, rules
        self._begun = request.deadline - rules.limit_s
        self._end = self._patience = request.deadline + rules.grace_s
        self._judge = Judge(request)
        self._claim: Outcome | None = None
        """That nothing is feasible."""
        self._findings: list[Finding] = []
        self._failures: dict[SolverName, str] = {}

    @property
    def running(self) -> int:
        """How many solvers are at work."""
        return len(self._crew.running)

    def outcome(self) -> Outcome:
        """What is proven and accepted, else the best answer; raises SolverFailedError where there is none."""
        try:
            self._crew.start_next()
            while self._crew.running:
                settled = self._step()
                if settled is not None:
                    return settled
            return self._best()
        finally:
            self._dismiss_all()

    def _step(self) -> Outcome | None:
        """Wait for what a solver says, the turn of the next solver, or the end of patience."""
        now = time.monotonic()
        if now >= self._patience:
            self._give_up()
            return self._claim
        if not self._crew.is_complete and self._rules.joins(now - self._begun, self._crew):
            self._crew.start_next()
        left = self._patience - now
        heard = self._crew.hear(left if self._crew.is_complete else min(left, _LOOK_S))
        return self._heard(*heard) if heard else None

    def _heard(self, name: SolverName, message: Message) -> Outcome | None:
        if isinstance(message, Incumbent):
            self._judge.note(name, message.values)
            self._doubt()
            return None
        self._crew.dismiss(name)
        try:
            return self._weighed(self._judged(name, message))
        except SolverFailedError as error:
            self._fail(name, str(error))
            return None

    def _judged(self, name: SolverName, message: Answer | Failure) -> Finding:
        if isinstance(message, Failure):
            raise SolverFailedError(message.cause)
        finding = self._judge.finding(name, message)
        early = self._request.deadline - time.monotonic() > _EARLY * self._rules.limit_s
        if finding.state is State.UNKNOWN and early:
            raise SolverFailedError("stopped before its time without a solution")
        return finding

    def _weighed(self, finding: Finding) -> Outcome | None:
        self._doubt()
        if finding.state in (State.OPTIMAL, State.INFEASIBLE):
            offered = self._offered(finding)
            if offered and (offered.state is State.OPTIMAL or self._is_agreed(offered)):
                return offered
        else:
            self._findings.append(finding)
        self._crew.start_next()
        return None

    def _is_agreed(self, claim: Outcome) -> bool:
        """Whether nobody is left to be heard on the claim that nothing is feasible."""
        if self._claim is not None or (self._crew.is_complete and not self._crew.running):
            return True
        now = time.monotonic()
        self._claim = claim
        self._patience = min(self._end, now + max(self._rules.opinion_s, now - self._begun))
        return False

    def _doubt(self) -> None:
        """A solution is known: so something is feasible."""
        if self._claim is not None and self._judge.knows_solution:
            self._failures[self._claim.solver] = "calls it infeasible, though a solution is known"
            self._claim, self._patience = None, self._end

    def _fail(self, name: SolverName, cause: str) -> None:
        self._failures[name] = cause
        left = self._judge.last_of(name)
        if left is not None:
            self._findings.append(left)
        self._crew.start_next()

    def _give_up(self) -> None:
        """What runs still has had its time and more."""
        if self._claim is not None:
            return
        for name in self._crew.running:
            self._crew.dismiss(name)
            self._fail(name, f"did not stop at its limit of {self._rules.limit_s:g} s")

    def _dismiss_all(self) -> None:
        for name in self._crew.running:
            self._crew.dismiss(name)

    def _offered(self, finding: Finding) -> Outcome | None:
        outcome = self._outcome(finding)
        refused = self._rules.accept(outcome)
        if refused is None:
            return outcome
        self._failures[finding.solver] = f"its answer is refused: {refused}"
        return None

    def _best(self) -> Outcome:
        """Time is over, or nobody is left."""
        if self._claim is not None:
            return self._claim
        found = together(self._findings)
        for finding in found:
            outcome = self._offered(finding) if finding.state is not State.UNKNOWN else None
            if outcome is not None:
                return outcome
        for finding in found:
            if finding.state is State.UNKNOWN:
                return self._outcome(finding)
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
