"""What solvers answer, held against the program, the checker and what is known."""

from domain.plans import Plan
from placement import answers, model, routes
from placement.answers import Draft, Task
from placement.solving.outcomes import Outcome, State


class Hearing:
    """Hears what solvers answer, and keeps the best plan that holds."""

    def __init__(self, task: Task, program: model.PlacementModel, least: float, known: Plan | None) -> None:
        """
        :param least: no plan counts less
        :param known: the best plan so far
        """
        self._task = task
        self._program = program
        self._least = least
        self.known = known

    def refused(self, outcome: Outcome) -> str | None:
        """Why an answer cannot be true, or None: then its plan is kept if it is the best."""
        if outcome.state is State.INFEASIBLE:
            return None if self.known is None else "infeasible, but there is a plan"
        made = self._plan(outcome)
        if made is None:
            return "values that are no solution"
        wrong = answers.fault(self._task, made)
        if wrong is None and self.known is not None and _bound(made) > _value(self.known) * (1 + 1e-6) + 1e-9:
            wrong = "a bound above what a plan counts"
        if wrong is None and (self.known is None or _value(made) <= _value(self.known)):
            self.known = made
        return wrong

    def plan(self, outcome: Outcome) -> Plan:
        """The best plan, with what the answer proves."""
        if outcome.state is State.INFEASIBLE:
            raise answers.impossible(self._task)
        if self.known is None and outcome.state is not State.UNKNOWN:
            self.refused(outcome)  # nothing was to be chosen, so nobody was asked
        if self.known is None:
            raise answers.late(self._task, outcome.solver)
        known, bound = self.known, self._proven(outcome)
        value = _value(known)
        gap = 0.0 if outcome.state is State.OPTIMAL or value <= 0 else (value - min(bound, value)) / value
        return answers.within_budget(self._task, known.model_copy(update={"gap": gap}))

    def _proven(self, outcome: Outcome) -> float:
        solvers = 0.0 if outcome.bound is None else outcome.bound / self._program.scale
        return max(solvers, self._least)

    def _plan(self, outcome: Outcome) -> Plan | None:
        task, program = self._task, self._program
        where = routes.placements(program, outcome.values)
        ways = routes.routes(program, outcome.values, task.graph, task.free, where, task.needs, task.fixed)
        if ways is None or any(instance.name not in where for instance in task.graph.instances):
            return None
        is_optimal = outcome.state is State.OPTIMAL
        return answers.plan(task, Draft(where, ways, outcome.solver, self._proven(outcome), is_optimal))


def _value(made: Plan) -> float:
    return made.cost_per_hour if made.objective_per_hour is None else made.objective_per_hour


def _bound(made: Plan) -> float:
    return _value(made) * (1 - made.gap)
