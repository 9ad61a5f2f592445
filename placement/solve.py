"""The way in: a service graph and what is free go in, a checked plan comes out."""

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import networkx as nx

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, Route, ServiceGraph, Standing
from placement import check, model, reasons, routes, solvers, topology
from placement.candidates import Candidates, candidates
from placement.needs import Needs
from placement.objective import Aim, cost_of, objective_of
from placement.solvers import Outcome, SolverFailedError, SolverName, State
from placement.topology import Usage

_TINY = 1e-9


@dataclass(frozen=True)
class _Task:
    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    free: nx.MultiGraph
    standing: Standing
    options: Candidates
    fixed: Mapping[str, Route]
    """Graph link -> the way that it keeps."""
    solver: SolverName
    time_limit_s: float
    started: float

    @property
    def needs(self) -> Needs:
        """What is taken anew."""
        return Needs(self.standing)

    @property
    def aim(self) -> Aim:
        """What is minimised."""
        return Aim(self.graph, self.infrastructure, self.standing)

    def attempts(self) -> Iterator["_Task"]:
        """This, and what is left to try where it is infeasible; what the last one meets is the reason."""
        yield self
        loose = replace(self, fixed={})
        if self.fixed:
            yield loose
        if self.graph.budget_per_hour is not None and not self.aim.is_cost_alone:
            unmoved = self.standing.model_copy(update={"move_cost_per_hour": {}})
            cheapest = self.graph.model_copy(update={"objective": "cost"})
            yield replace(loose, graph=cheapest, standing=unmoved)  # tells what the budget would have to be


def place(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    time_limit_s: float = 30.0,
    solver: SolverName = "highs",
    standing: Standing | None = None,
) -> Plan:
    """The cheapest plan; the best known one with its gap where the time ran out before the proof.

    CBC takes over where HiGHS fails to run. Raises InfeasibleError with the first reason, and TemporaryError
    where the time ran out before anything was known or no solver works.

    :param usage: all that is taken, by this service too
    :param standing: what this service keeps; its ways give way where nothing is possible with them
    """
    started, stays = time.monotonic(), standing or Standing()
    free = topology.build(infrastructure, usage)
    options = candidates(graph, infrastructure, free, stays)
    reason = reasons.homeless(graph, infrastructure, free, options)
    if reason is not None:
        raise InfeasibleError(reason)
    fixed = Needs(stays).fixed(graph, options, free)
    task = _Task(graph, infrastructure, usage, free, stays, options, fixed, solver, time_limit_s, started)
    *firsts, last = task.attempts()
    for attempt in firsts:
        with suppress(InfeasibleError):
            return _placed(attempt)
    return _placed(last)


def _placed(task: _Task) -> Plan:
    program = model.build(task.graph, task.free, task.options, task.needs, task.fixed, task.aim)
    order: list[SolverName] = ["highs", "cbc"] if task.solver == "highs" else ["cbc"]
    failures = []
    for name in order:
        try:
            outcome = solvers.run(program.problem, name, task.time_limit_s)
            if outcome.state is State.INFEASIBLE:
                raise InfeasibleError(reasons.first_reason(task.graph, task.free, task.options, task.needs))
            return _plan(task, program, outcome, name)
        except SolverFailedError as failure:
            failures.append(str(failure))
    raise TemporaryError(f"no placement: {'; '.join(failures)}")


def _plan(
    task: _Task,
    program: model.PlacementModel,
    outcome: Outcome,
    solver: SolverName,
) -> Plan:
    if outcome.state is State.UNKNOWN:
        raise TemporaryError(f"{solver} found no placement within {task.time_limit_s:g} s, nor proof of none")
    values = {variable.name: variable.value() or 0.0 for variable in program.problem.variables()}
    where = routes.placements(program, values)
    ways = routes.routes(program, values, task.graph, task.free, where, task.needs, task.fixed)
    if ways is None or any(instance.name not in where for instance in task.graph.instances):
        raise SolverFailedError(f"{solver} returned values that are no solution")
    cost = cost_of(task.graph, task.infrastructure, where, ways)
    objective = objective_of(task.graph, task.infrastructure, task.usage, task.standing, where, ways)
    bound = 0.0 if outcome.bound is None else max(0.0, outcome.bound / program.scale)
    if task.aim.is_cost_alone:
        _keep_budget(task, cost, bound, outcome.state)
    plan = Plan(
        placements={instance.name: where[instance.name] for instance in task.graph.instances},
        endpoints={endpoint.name: where[endpoint.name] for endpoint in task.graph.endpoints},
        routes=ways,
        cost_per_hour=cost,
        currency=task.infrastructure.currency,
        solver=solver,
        gap=_gap(objective, bound),
        objective_per_hour=objective,
        solve_ms=(time.monotonic() - task.started) * 1000,
    )
    wrong = check.violations(plan, task.graph, task.infrastructure, task.usage, task.standing)
    if wrong:
        raise SolverFailedError(f"{solver} returned a wrong plan: {wrong[0]}")
    return plan


def _gap(cost: float, bound: float) -> float:
    gap = (cost - bound) / cost if cost > 0 else 0.0
    return gap if gap > _TINY else 0.0


def _keep_budget(task: _Task, cost: float, bound: float, state: State) -> None:
    """Cost is the objective: an optimum, or a bound, above the budget proves that it is too low."""
    budget, currency = task.graph.budget_per_hour, task.infrastructure.currency
    if budget is None or cost <= budget * (1 + _TINY):
        return
    limit = f"the budget of {budget:g} {currency} per hour"
    if state is State.OPTIMAL:
        raise InfeasibleError(f"{limit} is below the cheapest placement, {cost:.6g} {currency} per hour")
    if bound > budget * (1 + _TINY):
        raise InfeasibleError(f"{limit} is below any placement: at least {bound:.6g} {currency} per hour")
    raise TemporaryError(
        f"no placement within {limit} was found in {task.time_limit_s:g} s;"
        f" the cheapest so far costs {cost:.6g}, and none costs less than {bound:.6g}"
    )
