"""What a placement is to be good at, in numbers that the model and the search share.

objective = cost weight * cost per hour
          + latency weight * sum over graph links of (latency share * latency of its route)
          + balance weight * sum over PoPs, of vcpus and of memory, of (load after - load before)
          + what the instances count that leave where they stand,

all in the infrastructure's currency per hour (domain/objectives.py).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from domain.infrastructure import Infrastructure, Resources
from domain.objectives import Weights, load, weights
from domain.plans import GraphInstance, GraphLink, Route, ServiceGraph, Standing
from domain.pricing import instance_cost
from placement.needs import Needs
from placement.topology import Usage

_NOTHING = Resources.of(0, 0, 0)


class Aim:
    """The objective of placing one graph on one infrastructure: what each single choice counts."""

    def __init__(
        self, graph: ServiceGraph, infrastructure: Infrastructure, standing: Standing | None = None
    ) -> None:
        self.weights: Weights = weights(graph.objective or infrastructure.objective)
        self.shares = latency_shares(graph)
        self._infrastructure = infrastructure
        self._needs = Needs(standing or Standing())
        self._costs: dict[tuple[object, frozenset[str], str], float] = {}

    @property
    def is_cost_alone(self) -> bool:
        """Whether the cheapest placement is the best: nothing else counts, no move either."""
        return not (self.weights.latency or self.weights.balance or self._needs.counts_moves)

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
        return self.weights.cost * self.price(instance, pop) + self._needs.move_cost(instance.name, pop)

    def over(self, link: GraphLink, price_mbps_hour: float, latency_ms: float) -> float:
        """What a graph link counts for one physical link of this price and latency on its way."""
        price = self.weights.cost * link.bandwidth_mbps * price_mbps_hour
        return price + self.weights.latency * self.shares[link.name] * latency_ms


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
    aim, ways = Aim(graph, infrastructure, standing), tuple(routes)
    latency = sum(aim.shares[way.link] * way.latency_ms for way in ways)
    added = added_load(graph, infrastructure, usage, standing, placements)
    moves = sum(Needs(standing).move_cost(part.name, placements[part.name]) for part in graph.instances)
    return (
        aim.weights.cost * cost_of(graph, infrastructure, placements, ways)
        + aim.weights.latency * latency
        + aim.weights.balance * added
        + moves
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
) -> float:
    """How much the load of all PoPs grows, of vcpus and of memory, by what is placed anew."""
    arriving: dict[str, Resources] = defaultdict(lambda: _NOTHING)
    needs = Needs(standing)
    for part in graph.instances:
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
