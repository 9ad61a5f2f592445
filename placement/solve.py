"""The way in: a service graph and what is free go in, a checked plan comes out."""

import time
from dataclasses import dataclass

import networkx as nx

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, Route, ServiceGraph
from placement import check, model, reasons, routes, solvers, topology
from placement.candidates import candidates
from placement.solvers import Outcome, SolverFailedError, SolverName, State
from placement.topology import Usage

_TINY = 1e-9


@dataclass(frozen=True)
class _Task:
    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    free: nx.MultiGraph
    time_limit_s: float
    started: float


def place(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    time_limit_s: float = 30.0,
    solver: SolverName = "highs",
) -> Plan:
    """The cheapest plan; the best known one with its gap where the time ran out before the proof.

    CBC takes over where HiGHS fails to run. Raises InfeasibleError with the first reason, and TemporaryError
    where the time ran out before anything was known or no solver works.
    """
    free = topology.build(infrastructure, usage)
    task = _Task(graph, infrastructure, usage, free, time_limit_s, time.monotonic())
    options = candidates(graph, infrastructure, free)
    reason = reasons.homeless(graph, infrastructure, free, options)
    if reason is not None:
        raise InfeasibleError(reason)
    program = model.build(graph, free, options)
    order: list[SolverName] = ["highs", "cbc"] if solver == "highs" else ["cbc"]
    failures = []
    for name in order:
        try:
            outcome = solvers.run(program.problem, name, time_limit_s)
            if outcome.state is State.INFEASIBLE:
                raise InfeasibleError(reasons.first_reason(graph, free, options))
            return _plan(task, program, outcome, name)
        except SolverFailedError as failure:
            failures.append(str(failure))
    raise TemporaryError(f"no placement: {'; '.join(failures)}")


def _plan(task: _Task, program: model.PlacementModel, outcome: Outcome, solver: SolverName) -> Plan:
    if outcome.state is State.UNKNOWN:
        raise TemporaryError(f"{solver} found no placement within {task.time_limit_s:g} s, nor proof of none")
    where = routes.placements(program)
    ways = routes.routes(program, task.graph, task.free, where)
    if ways is None or any(instance.name not in where for instance in task.graph.instances):
        raise SolverFailedError(f"{solver} returned values that are no solution")
    cost = _cost(task, where, ways)
    bound = 0.0 if outcome.bound is None else max(0.0, outcome.bound / program.scale)
    _keep_budget(task, cost, bound, outcome.state)
    plan = Plan(
        placements={instance.name: where[instance.name] for instance in task.graph.instances},
        endpoints={endpoint.name: where[endpoint.name] for endpoint in task.graph.endpoints},
        routes=ways,
        cost_per_hour=cost,
        currency=task.infrastructure.currency,
        solver=solver,
        gap=_gap(cost, bound),
        solve_ms=(time.monotonic() - task.started) * 1000,
    )
    wrong = check.violations(plan, task.graph, task.infrastructure, task.usage)
    if wrong:
        raise SolverFailedError(f"{solver} returned a wrong plan: {wrong[0]}")
    return plan


def _cost(task: _Task, where: dict[str, str], ways: tuple[Route, ...]) -> float:
    pops, links = task.infrastructure.pops, task.infrastructure.links
    compute = sum(
        model.instance_cost(instance.resources, pops[where[instance.name]].prices)
        for instance in task.graph.instances
    )
    network = sum(
        way.bandwidth_mbps * links[name].price_mbps_hour for way in ways for name in way.physical_links
    )
    return compute + network


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
