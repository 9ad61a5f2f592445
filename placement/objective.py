"""What a placement is to be good at, in numbers that the model and the search share.

objective = cost weight * cost per hour
          + latency weight * sum over graph links of (latency share * latency of its route)
          + balance weight * sum over PoPs, of vcpus and of memory, of (load after - load before)
          + what the instances count that leave where they stand,

all in the infrastructure's currency per hour (domain/objectives.py). Where parts of a graph have weights of
their own, each counts by them; of the load that several bring to one PoP, those with the higher weight count
first, and each what it adds to those before it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from domain.infrastructure import Infrastructure, Resources
from domain.objectives import Weights, load, weights
from domain.plans import GraphInstance, GraphLink, Route, ServiceGraph, Standing
from domain.pricing import instance_cost
from placement.needs import Needs
from placement.topology import Usage

_NOTHING = Resources.of(0, 0, 0)


@dataclass(frozen=True)
class Layer:
    """A part of what load counts: of some of the instances, as if they were alone."""

    rate: float
    """Per hour, for one unit of load."""
    members: frozenset[str]
    """Instances."""


class Aim:
    """The objective of placing one graph on one infrastructure: what each single choice counts."""

    def __init__(
        self, graph: ServiceGraph, infrastructure: Infrastructure, standing: Standing | None = None
    ) -> None:
        self._general = weights(graph.objective or infrastructure.objective)
        self._own = {name: weights(own) for name, own in graph.own_objectives.items()}
        self.layers = _layers({part.name: self.weights_of(part.name).balance for part in graph.instances})
        self.shares = latency_shares(graph)
        self._infrastructure = infrastructure
        self._needs = Needs(standing or Standing())
        self._costs: dict[tuple[object, frozenset[str], str], float] = {}

    @property
    def is_cost_alone(self) -> bool:
        """Whether the cheapest placement is the best: nothing else counts, no move either."""
        found = {self._general, *self._own.values()}
        is_other = any(each.latency or each.balance for each in found) or len(found) > 1
        return not (is_other or self._needs.counts_moves)

    def weights_of(self, part: str) -> Weights:
        """What counts how much for an instance or a graph link."""
        return self._own.get(part, self._general)

    def price(self, instance: GraphInstance, pop: str) -> float:
        """Of an instance at a PoP that sells its licences, per hour."""
        needs = instance.resources
        key = (needs.vcpus, needs.memory, needs.disk), instance.licences, pop
        if key not in self._costs:
            at = self._infrastructure.pops[pop]
            self._costs[key] = instance_cost(needs, instance.licences, at, self._infrastructure)
        return self._costs[key]

    def at(self, instance: GraphInstance, pop: str) -> float:
        """What an instance at a PoP counts: its price by its weight, and its move; without balance."""
        rate = self.weights_of(instance.name).cost
        return rate * self.price(instance, pop) + self._needs.move_cost(instance.name, pop)

    def over(self, link: GraphLink, price_mbps_hour: float, latency_ms: float) -> float:
        """What a graph link counts for one physical link of this price and latency on its way."""
        rates = self.weights_of(link.name)
        price = rates.cost * link.bandwidth_mbps * price_mbps_hour
        return price + rates.latency * self.shares[link.name] * latency_ms


def _layers(rates: Mapping[str, float]) -> tuple[Layer, ...]:
    """What load counts at these rates, by instance, as a sum of convex parts.

    Each counts at its rate what it adds to those of higher rates: the same as the sum, over the rates, of
    what all that have it or a higher one add together, times by how much it is above the next.
    """
    steps = [*sorted({rate for rate in rates.values() if rate > 0}, reverse=True), 0.0]
    return tuple(
        Layer(rate - below, frozenset(name for name, own in rates.items() if own >= rate))
        for rate, below in pairwise(steps)
    )


def latency_shares(graph: ServiceGraph) -> dict[str, float]:
    """Graph link -> how much of its latency counts.

    Of each chain the mean of its ways counts; of a graph without chains, of each virtual link the mean of its
    parts.
    """
    shares = {link.name: 0.0 for link in graph.links}
    if not graph.chains:
        parts = Counter(link.virtual_link for link in graph.links)
        return {link.name: 1 / parts[link.virtual_link] for link in graph.links}
    ways = Counter(way.chain for way in graph.chains)
    for way in graph.chains:
        for name in way.links:
            shares[name] += 1 / ways[way.chain]
    return shares


def objective_of(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    placements: Mapping[str, str],
    routes: Iterable[Route],
) -> float:
    """What a plan counts, in the infrastructure's currency per hour.

    :param usage: all that is taken, by this service too
    :param placements: instance -> PoP; endpoints may be there too
    """
    aim, links = Aim(graph, infrastructure, standing), {link.name: link for link in graph.links}
    of_instances = sum(aim.at(part, placements[part.name]) for part in graph.instances)
    of_ways = sum(
        aim.weights_of(way.link).latency * aim.shares[way.link] * way.latency_ms
        + sum(
            aim.over(links[way.link], infrastructure.links[name].price_mbps_hour, 0.0)
            for name in way.physical_links
        )
        for way in routes
    )
    return of_instances + of_ways + counted_load(aim, graph, infrastructure, usage, standing, placements)


def counted_load(
    aim: Aim,
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    placements: Mapping[str, str],
) -> float:
    """What the load counts that instances add to PoPs, per hour."""
    return sum(
        layer.rate * added_load(graph, infrastructure, usage, standing, placements, layer.members)
        for layer in aim.layers
    )


def cost_of(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    placements: Mapping[str, str],
    routes: Iterable[Route],
) -> float:
    """Of instances and network together, per hour."""
    aim = Aim(graph, infrastructure)
    links = infrastructure.links
    compute = sum(aim.price(part, placements[part.name]) for part in graph.instances)
    network = sum(
        way.bandwidth_mbps * links[name].price_mbps_hour for way in routes for name in way.physical_links
    )
    return compute + network


def added_load(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    placements: Mapping[str, str],
    members: Collection[str],
) -> float:
    """How much the load of all PoPs grows, of vcpus and of memory, by what of `members` is placed anew."""
    arriving: dict[str, Resources] = defaultdict(lambda: _NOTHING)
    needs = Needs(standing)
    for part in graph.instances:
        if part.name in members:
            pop = placements[part.name]
            arriving[pop] += needs.resources(part, pop)
    return sum(
        growth(used, more, capacity)
        for pop, needed in arriving.items()
        for used, more, capacity in loaded(infrastructure, usage, pop, needed)
    )


def growth(used: float, arriving: float, capacity: float) -> float:
    """How much the load of one resource of a PoP grows, whose capacity is above 0."""
    return load((used + arriving) / capacity) - load(used / capacity)


def loaded(
    infrastructure: Infrastructure, usage: Usage, pop: str, arriving: Resources
) -> Iterator[tuple[int, int, int]]:
    """(used, arriving, capacity) of a PoP's vcpus and of its memory, where it has any."""
    capacity, used = infrastructure.pops[pop].capacity, usage.pops.get(pop, _NOTHING)
    for most, taken, more in (
        (capacity.vcpus, used.vcpus, arriving.vcpus),
        (capacity.memory, used.memory, arriving.memory),
    ):
        if most > 0:
            yield min(taken, most), more, most
