"""The placement as an integer linear program (docs/placement.md).

x[end, PoP] says where an instance or endpoint is, y[graph link, physical link, direction] which arcs a
graph link's route takes, z[PoP, resource] how much more load a PoP has than its instances would bring it one
by one. What a rule, a capability, a licence or a capacity forbids outright has no variable. The budget is no
constraint where cost alone is the objective: the optimum itself tells whether the budget suffices.

What stands already takes nothing more where it is; a way that is fixed has variables for its own arcs only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import networkx as nx
import pulp

from domain.plans import GraphLink, Route, ServiceGraph
from placement import balance, limits
from placement.candidates import Candidates
from placement.needs import Needs
from placement.objective import Aim
from placement.rows import Terms, equal
from placement.topology import wires

_SLACK_MS = 1e-9
_LARGEST_COEFFICIENT = 1000.0

Arc = tuple[str, str, str]
"""(physical link, from PoP, to PoP)."""


@dataclass(frozen=True)
class PlacementModel:
    """The program and its variables; its objective is `scale` times what a placement counts."""

    problem: pulp.LpProblem
    x: dict[tuple[str, str], pulp.LpVariable] = field(default_factory=dict)
    """(instance or endpoint, PoP)."""
    y: dict[str, dict[Arc, pulp.LpVariable]] = field(default_factory=dict)
    """Graph link -> arc."""
    scale: float = 1.0


def build(
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    candidates: Candidates,
    needs: Needs,
    fixed: Mapping[str, Route],
    aim: Aim,
    arcs: Mapping[str, Collection[Arc]] | None = None,
) -> PlacementModel:
    """The model of placing `graph` on what is free in `topology`; each end needs at least one candidate.

    :param fixed: graph link -> the way that it keeps
    :param arcs: graph link -> the arcs that its route may take, where not any; what is not named may take any
    """
    problem = pulp.LpProblem("placement", pulp.LpMinimize)
    model = PlacementModel(problem, _placements(problem, candidates))
    allowed = {**(arcs or {}), **{name: arcs_of(way) for name, way in fixed.items()}}
    _add_routes(model, graph, topology, needs, allowed)
    limits.resources(problem, model.x, graph, topology, needs)
    limits.bandwidth(problem, model.y, graph, topology, needs)
    limits.latency(problem, model.y, graph, topology)
    limits.groups(problem, model.x, graph, topology)
    if graph.budget_per_hour is not None and not aim.is_cost_alone:
        limits.cost(problem, model.x, model.y, graph, topology, aim, graph.budget_per_hour)
    return _aimed(model, _objective(model, graph, topology, needs, aim))


def _objective(
    model: PlacementModel, graph: ServiceGraph, topology: nx.MultiGraph, needs: Needs, aim: Aim
) -> Terms:
    terms: Terms = dict(_parts(model, graph, aim))
    network = wires(topology)
    for link in graph.links:
        for (name, _, _), variable in model.y[link.name].items():
            data = network[name]
            terms[variable] = aim.over(link, data["price"], data["latency_ms"])
    for layer in aim.layers:
        for variable, load in balance.add(model.problem, model.x, graph, topology, needs, layer).items():
            terms[variable] = terms.get(variable, 0.0) + layer.rate * load
    return terms


def _parts(model: PlacementModel, graph: ServiceGraph, aim: Aim) -> Iterator[tuple[pulp.LpVariable, float]]:
    instances = {instance.name: instance for instance in graph.instances}
    for (end, pop), variable in model.x.items():
        if end in instances:
            yield variable, aim.at(instances[end], pop)


def _aimed(model: PlacementModel, terms: Terms) -> PlacementModel:
    """With an objective whose coefficients suit the solvers' tolerances."""
    dearest = max(terms.values(), default=0.0)
    scale = _LARGEST_COEFFICIENT / dearest if dearest > 0 else 1.0
    counted = {variable: scale * amount for variable, amount in terms.items() if amount > 0}
    model.problem.setObjective(pulp.LpAffineExpression(counted))
    return replace(model, scale=scale)


def _placements(problem: pulp.LpProblem, candidates: Candidates) -> dict[tuple[str, str], pulp.LpVariable]:
    found: dict[tuple[str, str], pulp.LpVariable] = {}
    for end, pops in candidates.items():
        here = {
            pop: problem.add_variable(f"x{len(found) + n}", cat=pulp.LpBinary) for n, pop in enumerate(pops)
        }
        equal(problem, dict.fromkeys(here.values(), 1.0), 1.0)
        found.update({(end, pop): variable for pop, variable in here.items()})
    return found


def _add_routes(
    model: PlacementModel,
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    needs: Needs,
    allowed: Mapping[str, Collection[Arc]],
) -> None:
    for number, link in enumerate(graph.links):
        arcs = [] if link.ends[0] == link.ends[1] else usable_arcs(link, topology, needs)
        if link.name in allowed:
            some = set(allowed[link.name])
            arcs = [arc for arc in arcs if arc in some]
        model.y[link.name] = {
            arc: model.problem.add_variable(f"y{number}_{index}", cat=pulp.LpBinary)
            for index, arc in enumerate(arcs)
        }
        if link.ends[0] != link.ends[1]:
            _conserve_flow(model, link, topology)


def arcs_of(route: Route) -> list[Arc]:
    """The arcs that a route takes, in order."""
    return list(zip(route.physical_links, route.pops, route.pops[1:], strict=False))


def usable_arcs(link: GraphLink, topology: nx.MultiGraph, needs: Needs) -> list[Arc]:
    """Both directions of each physical link that could alone carry `link`."""
    limit_ms = float("inf") if link.latency_ms is None else link.latency_ms + _SLACK_MS
    return [
        arc
        for one, other, name, data in topology.edges(keys=True, data=True)
        if data["latency_ms"] <= limit_ms and needs.mbps(link, name) <= data["free_mbps"]
        for arc in ((name, one, other), (name, other, one))
    ]


def _conserve_flow(model: PlacementModel, link: GraphLink, topology: nx.MultiGraph) -> None:
    """At each PoP: what leaves less what arrives is the first end there less the second end there."""
    flow: dict[str, Terms] = defaultdict(dict)
    for (_, source, target), variable in model.y[link.name].items():
        flow[source][variable] = 1.0
        flow[target][variable] = -1.0
    for end, sign in zip(link.ends, (-1.0, 1.0), strict=True):
        for pop in topology:
            if (variable := model.x.get((end, pop))) is not None:
                flow[pop][variable] = sign
    for terms in flow.values():
        equal(model.problem, terms, 0.0)
