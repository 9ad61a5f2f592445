"""What a plan costs and counts, reckoned anew from the documents.

For the checker, which shares no code with what made the plan.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isclose

from domain.infrastructure import Infrastructure, Pop, Resources
from domain.objectives import Objective, Weights
from domain.plans import GraphInstance, Plan, Route, ServiceGraph, Standing
from placement.topology import Usage

_TOLERANCE = 1e-6
_FIRST = 1000.0
_LOAD = ((1.0, 0.0), (3.0, 2 / 3), (10.0, 16 / 3), (70.0, 178 / 3))
"""The lines (slope, how far below 0 at no load) whose highest is the load of a utilisation; Fortz and Thorup,
INFOCOM 2000, equations 2 to 5."""


def miscounts(
    plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure, usage: Usage, standing: Standing
) -> Iterator[str]:
    """Where the cost, the objective or the currency of a plan are not what it says, or above the budget.

    Nothing is said of licences that are not sold: that is a rule broken, and what they cost is not known.
    """
    compute = sum(_instance_cost(each, plan, infrastructure) for each in graph.instances)
    cost = compute + sum(_route_cost(way, infrastructure) for way in plan.routes)
    if not isclose(cost, plan.cost_per_hour, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
        yield f"the plan costs {cost:g} per hour, not {plan.cost_per_hour:g}"
    if plan.currency != infrastructure.currency:
        yield f"the currency is {infrastructure.currency}, not {plan.currency}"
    budget = graph.budget_per_hour
    if (
        budget is not None
        and cost > budget
        and not isclose(cost, budget, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
    ):
        yield f"the plan costs {cost:g} per hour, the budget is {budget:g}"
    if plan.objective_per_hour is not None:
        counts = _objective(plan, graph, infrastructure, usage, standing)
        if not isclose(counts, plan.objective_per_hour, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
            yield f"the plan counts {counts:g} per hour, not {plan.objective_per_hour:g}"


def unsold(instance: GraphInstance, pop: Pop, infrastructure: Infrastructure) -> list[str]:
    """The licences of an instance that a PoP does not sell."""
    return sorted(instance.licences - pop.prices.licences.keys() - infrastructure.licences.keys())


def _instance_cost(instance: GraphInstance, plan: Plan, infrastructure: Infrastructure) -> float:
    pop, needs = infrastructure.pops[plan.placements[instance.name]], instance.resources
    kilowatts = (pop.energy.watts_per_instance + pop.energy.watts_per_vcpu * needs.vcpus) / 1000
    fees = {**infrastructure.licences, **pop.prices.licences}
    return (
        needs.vcpus * pop.prices.vcpu_hour
        + needs.disk * pop.prices.disk_gib_hour
        + needs.memory * pop.prices.memory_gib_hour / 1024
        + kilowatts * pop.energy.price_kwh
        + sum(fees.get(name, 0.0) for name in instance.licences)
    )


def _route_cost(route: Route, infrastructure: Infrastructure) -> float:
    return sum(
        route.bandwidth_mbps * infrastructure.links[name].price_mbps_hour for name in route.physical_links
    )


def _objective(
    plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure, usage: Usage, standing: Standing
) -> float:
    general = _weights(infrastructure.objective if graph.objective is None else graph.objective)
    own = {name: _weights(objective) for name, objective in graph.own_objectives.items()}
    parts = {each.name: each for each in graph.instances}
    moved = [name for name, pop in standing.instances.items() if plan.placements.get(name, pop) != pop]
    return (
        sum(
            own.get(name, general).cost * _instance_cost(part, plan, infrastructure)
            for name, part in parts.items()
        )
        + sum(own.get(way.link, general).cost * _route_cost(way, infrastructure) for way in plan.routes)
        + _latency(plan, graph, {way.link: own.get(way.link, general).latency for way in plan.routes})
        + _load_added(
            plan, graph, infrastructure, usage, standing, {n: own.get(n, general).balance for n in parts}
        )
        + sum(standing.move_cost_per_hour.get(name, 0.0) for name in moved)
    )


def _weights(objective: Objective) -> Weights:
    if isinstance(objective, Weights):
        return objective
    return Weights.model_validate({f"{objective}": _FIRST} if objective != "cost" else {})


def _latency(plan: Plan, graph: ServiceGraph, rates: Mapping[str, float]) -> float:
    """Of each chain the mean over its ways; without chains, of each virtual link the mean over its parts."""
    takes = {route.link: rates[route.link] * route.latency_ms for route in plan.routes}
    means: dict[str, list[float]] = defaultdict(list)
    for way in graph.chains:
        means[way.chain].append(sum(takes[name] for name in way.links))
    if not graph.chains:
        for link in graph.links:
            means[link.virtual_link].append(takes[link.name])
    return sum(sum(each) / len(each) for each in means.values())


def _load_added(
    plan: Plan,
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    rates: Mapping[str, float],
) -> float:
    """One instance after the other, those with the highest rates first, each what it adds to those before."""
    new: dict[str, list[tuple[float, Resources]]] = defaultdict(list)
    for instance in sorted(graph.instances, key=lambda each: -rates[each.name]):
        name, at = instance.name, plan.placements[instance.name]
        if standing.instances.get(name) != at or name in standing.uncounted:
            new[at].append((rates[name], instance.resources))
    total = 0.0
    for at, arrived in new.items():
        used = usage.pops.get(at, Resources.of(0, 0, 0))
        for what in ("vcpus", "memory"):
            most = getattr(infrastructure.pops[at].capacity, what)
            held = min(getattr(used, what), most)
            for rate, amount in arrived if most else ():
                more = held + getattr(amount, what)
                total += rate * (_load(more / most) - _load(held / most))
                held = more
    return total


def _load(utilisation: float) -> float:
    return max(slope * utilisation - below for slope, below in _LOAD)
