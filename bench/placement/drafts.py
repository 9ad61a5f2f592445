"""A placement in the making, for contenders that do not bring plans of their own."""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field

import networkx as nx

from bench.placement.cases import Task
from domain.infrastructure import Resources
from domain.plans import GraphLink, Plan, Route, Standing
from placement import topology
from placement.objective import cost_of, objective_of

_NONE = Resources.of(0, 0, 0)

Leaving = dict[str, list[tuple[str, str]]]
"""PoP -> physical links that leave it, each with the PoP at its other end."""


@dataclass
class Draft:
    """What is placed so far, and what is left."""

    task: Task
    where: dict[str, str] = field(default_factory=dict)
    """Instance or endpoint -> PoP."""
    routes: dict[str, Route] = field(default_factory=dict)
    free: dict[str, Resources] = field(default_factory=dict)
    free_mbps: dict[str, float] = field(default_factory=dict)
    leaving: Leaving = field(default_factory=dict)
    ways: nx.MultiGraph = field(default_factory=nx.MultiGraph)
    """All physical links, whatever is free."""

    @classmethod
    def of(cls, task: Task) -> "Draft":
        """With the endpoints at their PoPs."""
        left = topology.build(task.infrastructure, task.usage)
        ends = {end.name: topology.endpoint_pop(end, task.infrastructure) for end in task.graph.endpoints}
        leaving: Leaving = defaultdict(list)
        for one, other, name in left.edges(keys=True):
            leaving[one].append((name, other))
            leaving[other].append((name, one))
        return cls(
            task,
            where=dict(ends),
            free=dict(left.nodes(data="free")),
            free_mbps={name: mbps for _, _, name, mbps in left.edges(keys=True, data="free_mbps")},
            leaving=leaving,
            ways=left,
        )

    def put(self, instance: str, pop: str) -> None:
        """Take what the instance needs of the PoP."""
        needs = next(part.resources for part in self.task.graph.instances if part.name == instance)
        self.where[instance] = pop
        self.free[pop] = _less(self.free[pop], needs)

    def lead(self, route: Route) -> None:
        """Take the bandwidth of the way."""
        self.routes[route.link] = route
        for name in route.physical_links:
            self.free_mbps[name] -= route.bandwidth_mbps

    def way(self, link: GraphLink, by: str = "price", heed: bool = True) -> Route | None:
        """The way between the ends of `link` that has the least price or latency (Dijkstra).

        :param by: price or latency
        :param heed: only where there is enough bandwidth
        """
        first, last = (self.where[end] for end in link.ends)
        least = link.bandwidth_mbps if heed else 0.0
        found = _dijkstra(self, first, last, least, by)
        return None if found is None else self.route(link, *found)

    def route(self, link: GraphLink, pops: tuple[str, ...], names: tuple[str, ...]) -> Route:
        """Of a graph link over these physical links."""
        links = self.task.infrastructure.links
        return Route(
            link=link.name,
            virtual_link=link.virtual_link,
            pops=pops,
            physical_links=names,
            bandwidth_mbps=link.bandwidth_mbps,
            latency_ms=sum(links[name].latency for name in names),
        )

    def plan(self, solver: str, gap: float = 0.0) -> Plan:
        """What is placed and led, as it is; the checker tells whether that is all and right."""
        task, ends = self.task, {end.name for end in self.task.graph.endpoints}
        placements = {name: pop for name, pop in self.where.items() if name not in ends}
        routes = tuple(self.routes.values())
        world = task.graph, task.infrastructure
        return Plan(
            placements=placements,
            endpoints={name: self.where[name] for name in ends},
            routes=routes,
            cost_per_hour=cost_of(*world, placements, routes),
            currency=task.infrastructure.currency,
            solver=solver,
            gap=gap,
            objective_per_hour=objective_of(*world, task.usage, Standing(), placements, routes),
            solve_ms=0.0,
        )


def _less(offer: Resources, needs: Resources) -> Resources:
    """What is left of an offer; never below nothing."""
    return Resources.of(
        max(0, offer.vcpus - needs.vcpus),
        max(0, offer.memory - needs.memory),
        max(0, offer.disk - needs.disk),
    )


def _dijkstra(
    draft: Draft, first: str, last: str, least_mbps: float, by: str
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    links = draft.task.infrastructure.links
    came: dict[str, tuple[str, str] | None] = {}
    heap: list[tuple[float, str, tuple[str, str] | None]] = [(0.0, first, None)]
    while heap:
        total, pop, over = heapq.heappop(heap)
        if pop in came:
            continue
        came[pop] = over
        if pop == last:
            return _traced(came, last)
        for name, other in draft.leaving[pop]:
            if other not in came and draft.free_mbps[name] >= least_mbps:
                more = links[name].price_mbps_hour if by == "price" else links[name].latency
                heapq.heappush(heap, (total + more, other, (pop, name)))
    return None


def _traced(came: dict[str, tuple[str, str] | None], last: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    pops, names = [last], []
    while (step := came[pops[-1]]) is not None:
        pops.append(step[0])
        names.append(step[1])
    return tuple(reversed(pops)), tuple(reversed(names))
