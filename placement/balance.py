"""The load that a placement adds to PoPs, in linear rows.

load() is convex, so that what several instances add to a PoP together is no less than the sum of what each
would add alone. That sum is linear in x; z is what comes on top of it, held up by a row a segment of load().
"""

from collections import defaultdict
from collections.abc import Mapping

import networkx as nx
import pulp

from domain.infrastructure import Resources
from domain.objectives import LOAD_SLOPES, load
from domain.plans import ServiceGraph
from placement.needs import Needs
from placement.objective import Layer, growth
from placement.rows import Terms, at_most


def add(
    problem: pulp.LpProblem,
    x: Mapping[tuple[str, str], pulp.LpVariable],
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    needs: Needs,
    layer: Layer,
) -> Terms:
    """The load that a layer's instances add to all PoPs, as a sum over x and over new variables z."""
    arriving: dict[str, list[tuple[pulp.LpVariable, Resources]]] = defaultdict(list)
    instances = {instance.name: instance for instance in graph.instances if instance.name in layer.members}
    for (end, pop), variable in x.items():
        if end in instances:
            arriving[pop].append((variable, needs.resources(instances[end], pop)))
    terms: Terms = defaultdict(float)
    for pop, parts in arriving.items():
        capacity, free = topology.nodes[pop]["pop"].capacity, topology.nodes[pop]["free"]
        vcpus: Terms = {variable: amount.vcpus for variable, amount in parts if amount.vcpus}
        memory: Terms = {variable: amount.memory for variable, amount in parts if amount.memory}
        for amounts, left, most in (
            (vcpus, free.vcpus, capacity.vcpus),
            (memory, free.memory, capacity.memory),
        ):
            if most > 0:
                _add_load(problem, terms, amounts, left, most, f"z{len(layer.members)}_{len(terms)}")
    return terms


def _add_load(problem: pulp.LpProblem, terms: Terms, amounts: Terms, left: int, most: int, name: str) -> None:
    """Of one resource of a PoP, into `terms`.

    :param name: of its variable; no two layers have equally many members
    """
    used = most - left
    alone: Terms = {variable: growth(used, amount, most) for variable, amount in amounts.items()}
    for variable, amount in alone.items():
        terms[variable] += amount
    reached = (used + min(left, sum(amounts.values()))) / most
    steps = [(start, slope) for start, slope in LOAD_SLOPES if used / most < start < reached]
    if not steps:
        return
    extra = problem.add_variable(name, lowBound=0)
    terms[extra] = 1.0
    for start, slope in steps:
        row = {variable: slope * amount / most - alone[variable] for variable, amount in amounts.items()}
        begun = load(used / most) - load(start) + slope * (start - used / most)
        at_most(problem, {**row, extra: -1.0}, begun)
