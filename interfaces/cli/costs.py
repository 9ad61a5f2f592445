"""What a placement costs, part by part, and what it was to be good at: in words for people."""

from domain.costs import CostParts
from domain.infrastructure import Infrastructure
from domain.objectives import Objective, Weights
from domain.plans import Plan, ServiceGraph

_OPTIMAL = 1e-6
"""A gap that is one of rounding only."""


def divided(parts: CostParts | None) -> str:
    """The parts that are anything, such as `compute 0.1200, licences 0.0300`."""
    amounts = parts.model_dump() if parts else {}
    return ", ".join(f"{name} {amount:.4f}" for name, amount in amounts.items() if amount > 0)


def aims(objective: Objective) -> str:
    """What a placement is to be good at."""
    if not isinstance(objective, Weights):
        return objective if objective == "cost" else f"{objective} first, then cost"
    mix = {"cost": objective.cost, "latency per ms": objective.latency, "balance": objective.balance}
    return ", ".join(f"{name} x {weight:g}" for name, weight in mix.items() if weight)


def objective_of(graph: ServiceGraph, infrastructure: Infrastructure) -> Objective:
    """The service's own, else the operator's."""
    return infrastructure.objective if graph.objective is None else graph.objective


def quality(plan: Plan) -> str:
    """How good a plan is known to be."""
    gap = plan.gap
    return "proven optimal" if gap < _OPTIMAL else f"proven within {gap:.1%} of the optimum"


def counted(plan: Plan) -> str:
    """What the objective comes to, where that is not the cost."""
    value = plan.objective_per_hour
    if value is None or abs(value - plan.cost_per_hour) <= _OPTIMAL * max(1.0, abs(value)):
        return ""
    return f", {value:.4f} {plan.currency}/h counted"
