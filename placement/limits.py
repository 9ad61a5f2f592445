"""What a placement must not exceed: capacities, bandwidth, latency, the budget, and who may share a PoP."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import networkx as nx
import pulp

from domain.plans import ServiceGraph
from placement.needs import Needs
from placement.objective import Aim
from placement.rows import Terms, cap, equal
from placement.topology import wires

X = Mapping[tuple[str, str], pulp.LpVariable]
"""(instance or endpoint, PoP) -> variable."""
Y = Mapping[str, Mapping[tuple[str, str, str], pulp.LpVariable]]
"""Graph link -> (physical link, from PoP, to PoP) -> variable."""


def resources(
    problem: pulp.LpProblem, x: X, graph: ServiceGraph, topology: nx.MultiGraph, needs: Needs
) -> None:
    """What arrives at a PoP fits in what is free there."""
    taken: dict[str, tuple[Terms, Terms, Terms]] = {pop: ({}, {}, {}) for pop in topology}
    instances = {instance.name: instance for instance in graph.instances}
    for (end, pop), variable in x.items():
        if end in instances:
            amount, (vcpus, memory, disk) = needs.resources(instances[end], pop), taken[pop]
            vcpus[variable], memory[variable], disk[variable] = amount.vcpus, amount.memory, amount.disk
    for pop, (vcpus, memory, disk) in taken.items():
        free = topology.nodes[pop]["free"]
        cap(problem, vcpus, free.vcpus)
        cap(problem, memory, free.memory)
        cap(problem, disk, free.disk)


def bandwidth(
    problem: pulp.LpProblem, y: Y, graph: ServiceGraph, topology: nx.MultiGraph, needs: Needs
) -> None:
    """A route takes its bandwidth each way, whichever way it was searched; so both arcs count together."""
    taken: dict[str, Terms] = defaultdict(dict)
    for link in graph.links:
        for (name, _, _), variable in y[link.name].items():
            taken[name][variable] = needs.mbps(link, name)
    for name, data in wires(topology).items():
        cap(problem, taken[name], data["free_mbps"])


def latency(problem: pulp.LpProblem, y: Y, graph: ServiceGraph, topology: nx.MultiGraph) -> None:
    """Of each link and of each way through a chain that has a limit."""
    delays = {name: data["latency_ms"] for name, data in wires(topology).items()}
    limits = [((link.name,), link.latency_ms) for link in graph.links]
    for links, limit in [*limits, *((way.links, way.latency_ms) for way in graph.chains)]:
        if limit is None:
            continue
        terms: Terms = defaultdict(float)
        for link in links:
            for (name, _, _), variable in y[link].items():
                terms[variable] += delays[name]
        cap(problem, terms, limit)


def cost(
    problem: pulp.LpProblem,
    x: X,
    y: Y,
    graph: ServiceGraph,
    topology: nx.MultiGraph,
    aim: Aim,
    budget: float,
) -> None:
    """The cost per hour is within the budget."""
    instances, network = {instance.name: instance for instance in graph.instances}, wires(topology)
    prices: Terms = {v: aim.price(instances[end], pop) for (end, pop), v in x.items() if end in instances}
    for link in graph.links:
        for (name, _, _), variable in y[link.name].items():
            prices[variable] = link.bandwidth_mbps * network[name]["price"]
    cap(problem, prices, budget)


def groups(problem: pulp.LpProblem, x: X, graph: ServiceGraph, topology: nx.MultiGraph) -> None:
    """Affinity: where the first is, all are. Anti-affinity: at most one at each PoP."""
    for group in graph.affinity:
        for member in group[1:]:
            for pop in topology:
                together: Terms = dict(_signed(x, pop, group[0], member))
                if together and member != group[0]:
                    equal(problem, together, 0.0)
    for group in graph.anti_affinity:
        for pop in topology:
            here = [x[member, pop] for member in dict.fromkeys(group) if (member, pop) in x]
            cap(problem, dict.fromkeys(here, 1.0), 1.0)


def _signed(x: X, pop: str, one: str, other: str) -> Iterator[tuple[pulp.LpVariable, float]]:
    for end, sign in ((one, 1.0), (other, -1.0)):
        if (end, pop) in x:
            yield x[end, pop], sign
