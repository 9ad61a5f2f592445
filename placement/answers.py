"""From places and ways to a plan: what it costs, how far from the optimum it can be, and whether it holds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import networkx as nx

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, Route, ServiceGraph, Standing
from placement import check, reasons
from placement.candidates import Candidates
from placement.needs import Needs
from placement.objective import Aim, cost_of, objective_of
from placement.topology import Usage

_TINY = 1e-9


@dataclass(frozen=True)
class Task:
    """What is to be placed, where, beside what, and how long that may take."""

    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    free: nx.MultiGraph
    standing: Standing
    options: Candidates
    fixed: Mapping[str, Route]
    """Graph link -> the way that it keeps."""
    time_limit_s: float
    started: float
    """By time.monotonic()."""

    @cached_property
    def needs(self) -> Needs:
        """What is taken anew."""
        return Needs(self.standing)

    @cached_property
    def aim(self) -> Aim:
        """What is minimised."""
        return Aim(self.graph, self.infrastructure, self.standing)

    @property
    def deadline(self) -> float:
        """By time.monotonic()."""
        return self.started + self.time_limit_s

    @property
    def left_s(self) -> float:
        """What is left of the time."""
        return self.deadline - time.monotonic()


@dataclass(frozen=True)
class Draft:
    """Places and ways, and what is known of them."""

    where: Mapping[str, str]
    """Instance or endpoint -> PoP."""
    ways: tuple[Route, ...]
    solver: str
    bound: float
    """No plan counts less."""
    is_optimal: bool


def plan(task: Task, draft: Draft) -> Plan:
    """The plan of a draft; it may yet be above its budget."""
    cost = cost_of(task.graph, task.infrastructure, draft.where, draft.ways)
    counts = objective_of(task.graph, task.infrastructure, task.usage, task.standing, draft.where, draft.ways)
    return Plan(
        placements={instance.name: draft.where[instance.name] for instance in task.graph.instances},
        endpoints={endpoint.name: draft.where[endpoint.name] for endpoint in task.graph.endpoints},
        routes=draft.ways,
        cost_per_hour=cost,
        currency=task.infrastructure.currency,
        solver=draft.solver,
        gap=0.0 if draft.is_optimal else _gap(counts, draft.bound),
        objective_per_hour=counts,
        solve_ms=(time.monotonic() - task.started) * 1000,
    )


def _gap(value: float, bound: float) -> float:
    gap = (value - max(0.0, bound)) / value if value > 0 else 0.0
    return gap if gap > _TINY else 0.0


def fault(task: Task, made: Plan) -> str | None:
    """What is wrong with a plan, by the checker; that it is above its budget is said by `within_budget`."""
    graph = task.graph
    if task.aim.is_cost_alone:
        graph = graph.model_copy(update={"budget_per_hour": None})
    wrong = check.violations(made, graph, task.infrastructure, task.usage, task.standing)
    return f"a wrong plan: {wrong[0]}" if wrong else None


def within_budget(task: Task, made: Plan) -> Plan:
    """`made`, if it keeps its budget.

    Where cost is the objective, an optimum, or a bound, above the budget proves that it is too low.

    :raises InfeasibleError: if no plan keeps the budget
    :raises TemporaryError: if one may, but is not known
    """
    budget, currency = task.graph.budget_per_hour, task.infrastructure.currency
    cost, bound = made.cost_per_hour, made.cost_per_hour * (1 - made.gap)
    if not task.aim.is_cost_alone or budget is None or cost <= budget * (1 + _TINY):
        return made
    limit = f"the budget of {budget:g} {currency} per hour"
    if not made.gap:
        raise InfeasibleError(f"{limit} is below the cheapest placement, {cost:.6g} {currency} per hour")
    if bound > budget * (1 + _TINY):
        raise InfeasibleError(f"{limit} is below any placement: at least {bound:.6g} {currency} per hour")
    raise TemporaryError(
        f"no placement within {limit} was found in {task.time_limit_s:g} s;"
        f" the cheapest so far costs {cost:.6g}, and none costs less than {bound:.6g}"
    )


def impossible(task: Task) -> InfeasibleError:
    """That there is no plan, with the first reason."""
    return InfeasibleError(reasons.first_reason(task.graph, task.free, task.options, task.needs))


def late(task: Task, who: str) -> TemporaryError:
    """That the time was too short for a plan, and for a proof that there is none."""
    return TemporaryError(f"{who} found no placement within {task.time_limit_s:g} s, nor proof of none")
