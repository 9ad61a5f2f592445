"""The placement as an integer linear program.

x[end, PoP] says where an instance or endpoint is, y[graph link, physical link, direction] which arcs a graph
link's route takes. What a rule, a capability or a capacity forbids outright has no variable. The budget is no
constraint where cost is the objective: the optimum itself tells whether the budget suffices. It is one where
moves count too.

What stands already takes nothing more where it is; a way that is fixed has variables for its own arcs only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import networkx as nx
import pulp

from domain.infrastructure import Prices, Resources
from domain.plans import GraphLink, Route, ServiceGraph
from placement.candidates import Candidates
from placement.needs import Needs

_SLACK_MS = 1e-9
_LARGEST_COEFFICIENT = 1000.0

Arc = tuple[str, str, str]
"""(physical link, from PoP, to PoP)."""


@dataclass(frozen=True)
class PlacementModel:
    """The program and its variables; the objective is `scale` times the cost per hour, with that of moves."""

    problem: pulp.LpProblem
    x: dict[tuple[str, str], pulp.LpVariable] = field(default_factory=dict)
    """(instance or endpoint, PoP)."""
    y: dict[str, dict[Arc, pulp.LpVariable]] = field(default_factory=dict)
    """Graph link -> arc."""
    scale: float = 1.0

    def at(self, end: str, pop: str) -> list[pulp.LpVariable]:
        """The variable of `end` at `pop`, or nothing where it cannot be."""
        variable = self.x.get((end, pop))
        return [] if variable is None else [variable]

    def cap(self, terms: Iterable[tuple[pulp.LpVariable, float]], limit: float) -> None:
        """Constrain the sum of variable * amount to `limit`, scaled to 1 for the solver's tolerances."""
        counted = [(variable, amount) for variable, amount in terms if amount > 0]
        if sum(amount for _, amount in counted) > limit:
            divisor = limit if limit > 0 else 1.0
            row = pulp.LpAffineExpression([(variable, amount / divisor) for variable, amount in counted])
            self.problem.addConstraint(row <= limit / divisor)


def build(
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    candidates: Candidates,
    needs: Needs,
    fixed: Mapping[str, Route],
    arcs: Mapping[str, Collection[Arc]] | None = None,
) -> PlacementModel:
    """The model of placing `graph` on what is free in `topology`; each end needs at least one candidate.

    :param fixed: graph link -> the way that it keeps
    :param arcs: graph link -> the arcs that its route may take, where not any; what is not named may take any
    """
    model = PlacementModel(problem=pulp.LpProblem("placement", pulp.LpMinimize))
    _add_placements(model, candidates)
    _add_routes(model, graph, topology, needs, fixed, arcs or {})
    _limit_resources(model, graph, topology, needs)
    _limit_bandwidth(model, graph, topology, needs)
    _limit_latency(model, graph, topology)
    _group(model, graph, topology)
    terms = _Costs(graph, topology).of(model)
    moves = {v.name: needs.move_cost(end, pop) for (end, pop), v in model.x.items()}
    if needs.counts_moves and graph.budget_per_hour is not None:
        model.cap(terms, graph.budget_per_hour)
    return _aimed(model, [(v, cost + moves.get(v.name, 0.0)) for v, cost in terms])


def _aimed(model: PlacementModel, terms: list[tuple[pulp.LpVariable, float]]) -> PlacementModel:
    """With an objective whose coefficients suit the solvers' tolerances."""
    dearest = max((cost for _, cost in terms), default=0.0)
    scale = _LARGEST_COEFFICIENT / dearest if dearest > 0 else 1.0
    model.problem.setObjective(pulp.LpAffineExpression([(v, scale * cost) for v, cost in terms if cost > 0]))
    return PlacementModel(model.problem, model.x, model.y, scale)


def instance_cost(resources: Resources, prices: Prices) -> float:
    """Of one instance at a PoP with these prices, per hour."""
    return (
        resources.vcpus * prices.vcpu_hour
        + resources.memory / 1024 * prices.memory_gib_hour
        + resources.disk * prices.disk_gib_hour
    )


class _Costs:
    """The cost per hour that each variable stands for."""

    def __init__(self, graph: ServiceGraph, topology: nx.MultiGraph) -> None:
        self._resources = {instance.name: instance.resources for instance in graph.instances}
        self._bandwidth = {link.name: link.bandwidth_mbps for link in graph.links}
        self._topology = topology

    def of(self, model: PlacementModel) -> list[tuple[pulp.LpVariable, float]]:
        nodes, edges = self._topology.nodes, self._topology.edges
        terms = [
            (variable, instance_cost(self._resources[end], nodes[pop]["pop"].prices))
            for (end, pop), variable in model.x.items()
            if end in self._resources
        ]
        terms += [
            (variable, self._bandwidth[link] * edges[source, target, name]["price"])
            for link, arcs in model.y.items()
            for (name, source, target), variable in arcs.items()
        ]
        return terms


def _add_placements(model: PlacementModel, candidates: Candidates) -> None:
    for end, pops in candidates.items():
        for pop in pops:
            model.x[end, pop] = model.problem.add_variable(f"x{len(model.x)}", cat=pulp.LpBinary)
        model.problem.addConstraint(pulp.lpSum(model.x[end, pop] for pop in pops) == 1)


def _add_routes(
    model: PlacementModel,
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    needs: Needs,
    fixed: Mapping[str, Route],
    allowed: Mapping[str, Collection[Arc]],
) -> None:
    for number, link in enumerate(graph.links):
        arcs = _usable_arcs(link, topology, needs)
        if link.name in fixed:
            way = arcs_of(fixed[link.name])
            arcs = [arc for arc in arcs if arc in way]
        elif link.name in allowed:
            arcs = [arc for arc in arcs if arc in allowed[link.name]]
        variables = {
            arc: model.problem.add_variable(f"y{number}_{index}", cat=pulp.LpBinary)
            for index, arc in enumerate(arcs)
        }
        model.y[link.name] = variables
        _conserve_flow(model, link, topology)


def arcs_of(route: Route) -> list[Arc]:
    """The arcs that a route takes, in order."""
    return list(zip(route.physical_links, route.pops, route.pops[1:], strict=False))


def _usable_arcs(link: GraphLink, topology: nx.MultiGraph, needs: Needs) -> list[Arc]:
    """Both directions of each physical link that could alone carry `link`."""
    arcs: list[Arc] = []
    for one, other, name, data in topology.edges(keys=True, data=True):
        quick = link.latency_ms is None or data["latency_ms"] <= link.latency_ms + _SLACK_MS
        if quick and needs.mbps(link, name) <= data["free_mbps"]:
            arcs += [(name, one, other), (name, other, one)]
    return arcs


def _conserve_flow(model: PlacementModel, link: GraphLink, topology: nx.MultiGraph) -> None:
    """At each PoP: what leaves less what arrives is the first end there less the second end there."""
    balance: dict[str, list[tuple[pulp.LpVariable, int]]] = defaultdict(list)
    for (_, source, target), variable in model.y[link.name].items():
        balance[source].append((variable, 1))
        balance[target].append((variable, -1))
    first, second = link.ends
    if first == second:
        return
    for pop in topology:
        terms = balance[pop]
        terms += [(variable, -1) for variable in model.at(first, pop)]
        terms += [(variable, 1) for variable in model.at(second, pop)]
        if terms:
            model.problem.addConstraint(pulp.LpAffineExpression(terms) == 0)


def _limit_resources(
    model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph, needs: Needs
) -> None:
    for pop, data in topology.nodes(data=True):
        here = [
            (variable, needs.resources(instance, pop))
            for instance in graph.instances
            for variable in model.at(instance.name, pop)
        ]
        free = data["free"]
        model.cap([(variable, taken.vcpus) for variable, taken in here], free.vcpus)
        model.cap([(variable, taken.memory) for variable, taken in here], free.memory)
        model.cap([(variable, taken.disk) for variable, taken in here], free.disk)


def _limit_bandwidth(
    model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph, needs: Needs
) -> None:
    """A route takes its bandwidth each way, whichever way it was searched; so both arcs count together."""
    taken: dict[str, list[tuple[pulp.LpVariable, float]]] = defaultdict(list)
    for link in graph.links:
        for (name, _, _), variable in model.y[link.name].items():
            taken[name].append((variable, needs.mbps(link, name)))
    for _, _, name, free in topology.edges(keys=True, data="free_mbps"):
        model.cap(taken[name], free)


def _limit_latency(model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph) -> None:
    delays = {
        link: [(v, topology.edges[one, other, name]["latency_ms"]) for (name, one, other), v in arcs.items()]
        for link, arcs in model.y.items()
    }
    bounds: list[tuple[tuple[str, ...], float | None]] = [
        ((link.name,), link.latency_ms) for link in graph.links
    ]
    bounds += [(chain.links, chain.latency_ms) for chain in graph.chains]
    for links, limit in bounds:
        if limit is not None:
            terms = [term for link in links for term in delays[link] if term[1] > 0]
            if terms:
                row = pulp.lpSum(latency * variable for variable, latency in terms)
                model.problem.addConstraint(row <= limit + _SLACK_MS)


def _group(model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph) -> None:
    for group in graph.affinity:
        for member in group[1:]:
            for pop in topology:
                pair = model.at(group[0], pop), model.at(member, pop)
                if any(pair):
                    model.problem.addConstraint(pulp.lpSum(pair[0]) - pulp.lpSum(pair[1]) == 0)
    for group in graph.anti_affinity:
        for pop in topology:
            here = [variable for member in set(group) for variable in model.at(member, pop)]
            if len(here) > 1:
                model.problem.addConstraint(pulp.lpSum(here) <= 1)
