"""What the parts of a service take anew, beside what stands and holds its capacity already."""

import networkx as nx

from domain.infrastructure import Resources
from domain.plans import GraphInstance, GraphLink, Route, ServiceGraph, Standing
from placement.candidates import Candidates

_NOTHING = Resources.of(0, 0, 0)


class Needs:
    """Of each instance at a PoP, of each graph link on a physical link."""

    def __init__(self, standing: Standing) -> None:
        self._instances = standing.instances
        self._uncounted = standing.uncounted
        self._moves = standing.move_cost_per_hour
        self._routes = {route.link: route for route in standing.routes}

    @property
    def counts_moves(self) -> bool:
        """Whether moves count beside the cost."""
        return bool(self._moves)

    def stands(self, instance: str, pop: str) -> bool:
        """Whether an instance is at a PoP already."""
        return self._instances.get(instance) == pop

    def resources(self, instance: GraphInstance, pop: str) -> Resources:
        """What an instance takes of a PoP: nothing more where it stands and is counted already."""
        return _NOTHING if self.holds(instance.name, pop) else instance.resources

    def holds(self, instance: str, pop: str) -> bool:
        """Whether an instance stands at a PoP and what is taken there counts it already."""
        return self.stands(instance, pop) and instance not in self._uncounted

    def mbps(self, link: GraphLink, physical_link: str) -> float:
        """What a graph link takes of a physical link: no more than it lacks where its way leads already."""
        route = self._routes.get(link.name)
        held = route.bandwidth_mbps if route and physical_link in route.physical_links else 0.0
        return max(0.0, link.bandwidth_mbps - held)

    def move_cost(self, instance: str, pop: str) -> float:
        """What it counts, beside the price, to place an instance there: nothing where it stands."""
        away = instance in self._instances and not self.stands(instance, pop)
        return self._moves.get(instance, 0.0) if away else 0.0

    def way(self, link: str) -> Route | None:
        """The present way of a graph link."""
        return self._routes.get(link)

    def fixed(self, graph: ServiceGraph, candidates: Candidates, free: nx.MultiGraph) -> dict[str, Route]:
        """The ways that stay: those of links whose ends cannot move, as long as all of the way is there."""
        found = {}
        for link in graph.links:
            route = self.way(link.name)
            if route is None or any(end in self._moves for end in link.ends):
                continue
            pinned = [candidates[end] for end in link.ends] == [(route.pops[0],), (route.pops[-1],)]
            hops = zip(route.pops, route.pops[1:], route.physical_links, strict=False)
            if pinned and all(free.has_edge(*hop) for hop in hops):
                found[link.name] = route
        return found
