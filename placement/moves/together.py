"""Several service graphs as one, to be placed together; and the plan of it, taken apart again.

Instances, links and chains are named `service:name`: a service's name has no colon. Endpoints, virtual links
and the chains of a plan are DNS labels, so these are numbered instead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from domain.infrastructure import Infrastructure
from domain.objectives import Objective, weights
from domain.plans import (
    GraphChain,
    GraphEndpoint,
    GraphInstance,
    GraphLink,
    Plan,
    Route,
    ServiceGraph,
    Standing,
)
from placement.objective import cost_of


class Together:
    """Graphs of several services; no two of one name."""

    def __init__(self, graphs: Sequence[ServiceGraph]) -> None:
        self.graphs = {graph.service: graph for graph in graphs}
        self._endpoints = _numbered("e", ((g.service, end.name) for g in graphs for end in g.endpoints))
        self._virtual = _numbered("v", ((g.service, each.virtual_link) for g in graphs for each in g.links))
        self._chains = _numbered("c", ((g.service, way.chain) for g in graphs for way in g.chains))

    @cached_property
    def graph(self) -> ServiceGraph:
        """The one graph, each part of which counts by its own service's objective; without their budgets."""
        graphs = self.graphs.values()
        alike = not differ(graph.objective for graph in graphs)
        return ServiceGraph(
            service="together",
            descriptor="together",
            version="1",
            instances=tuple(self._instance(g, each) for g in graphs for each in g.instances),
            endpoints=tuple(self._endpoint(g, each) for g in graphs for each in g.endpoints),
            links=tuple(self._link(g, each) for g in graphs for each in g.links),
            chains=tuple(each for g in graphs for each in self._ways(g)),
            affinity=tuple(_members(g.service, group) for g in graphs for group in g.affinity),
            anti_affinity=tuple(_members(g.service, group) for g in graphs for group in g.anti_affinity),
            objective=next((graph.objective for graph in graphs), None) if alike else None,
            own_objectives={} if alike else dict(self._own_objectives()),
        )

    def _own_objectives(self) -> Iterator[tuple[str, Objective]]:
        for graph in self.graphs.values():
            if graph.objective is not None:
                for name in (*(each.name for each in graph.instances), *(each.name for each in graph.links)):
                    yield named(graph.service, name), graph.objective

    def standing(self, standings: Mapping[str, Standing]) -> Standing:
        """What of all services runs already."""
        routes = (self._renamed(name, way) for name, each in standings.items() for way in each.routes)
        costs = [(n, each.move_cost_per_hour.items()) for n, each in standings.items()]
        return Standing(
            instances=self.placements({name: each.instances for name, each in standings.items()}),
            routes=tuple(routes),
            move_cost_per_hour={named(name, part): cost for name, pairs in costs for part, cost in pairs},
            uncounted=frozenset(
                named(name, part) for name, each in standings.items() for part in each.uncounted
            ),
        )

    def placements(self, parts: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
        """By instance of the one graph, from those by service and instance."""
        return {named(name, part): pop for name, some in parts.items() for part, pop in some.items()}

    def routes(self, ways: Mapping[str, Sequence[Route]]) -> tuple[Route, ...]:
        """Of the one graph, from those by service."""
        return tuple(self._renamed(name, way) for name, some in ways.items() for way in some)

    def apart(self, plan: Plan, infrastructure: Infrastructure) -> dict[str, Plan]:
        """By service, its part of a plan of the one graph, with its own cost."""
        return {name: self._part(graph, plan, infrastructure) for name, graph in self.graphs.items()}

    def _part(self, graph: ServiceGraph, plan: Plan, infrastructure: Infrastructure) -> Plan:
        ways = {route.link: route for route in plan.routes}
        routes = tuple(
            ways[named(graph.service, link.name)].model_copy(
                update={"link": link.name, "virtual_link": link.virtual_link}
            )
            for link in graph.links
        )
        placements = {each.name: plan.placements[named(graph.service, each.name)] for each in graph.instances}
        return plan.model_copy(
            update={
                "placements": placements,
                "endpoints": {
                    end.name: plan.endpoints[self._endpoints[graph.service, end.name]]
                    for end in graph.endpoints
                },
                "routes": routes,
                "cost_per_hour": cost_of(graph, infrastructure, placements, routes),
                "objective_per_hour": None,
            }
        )

    def _instance(self, graph: ServiceGraph, part: GraphInstance) -> GraphInstance:
        return part.model_copy(update={"name": named(graph.service, part.name)})

    def _endpoint(self, graph: ServiceGraph, end: GraphEndpoint) -> GraphEndpoint:
        return end.model_copy(update={"name": self._endpoints[graph.service, end.name]})

    def _end(self, service: str, end: str) -> str:
        return self._endpoints.get((service, end)) or named(service, end)

    def _link(self, graph: ServiceGraph, link: GraphLink) -> GraphLink:
        one, other = link.ends
        return link.model_copy(
            update={
                "name": named(graph.service, link.name),
                "virtual_link": self._virtual[graph.service, link.virtual_link],
                "ends": (self._end(graph.service, one), self._end(graph.service, other)),
            }
        )

    def _ways(self, graph: ServiceGraph) -> Iterator[GraphChain]:
        for way in graph.chains:
            links = tuple(named(graph.service, each) for each in way.links)
            chain = self._chains[graph.service, way.chain]
            name = named(graph.service, way.name)
            yield way.model_copy(update={"name": name, "chain": chain, "links": links})
        if not graph.chains and self._chains:
            yield from self._links_as_chains(graph)

    def _links_as_chains(self, graph: ServiceGraph) -> Iterator[GraphChain]:
        """Beside chains, latency counts on chains only: each virtual link then is one, its parts the ways."""
        some = next(way.classifier for each in self.graphs.values() for way in each.chains)
        for link in graph.links:
            name = named(graph.service, link.name)
            chain = self._virtual[graph.service, link.virtual_link]
            yield GraphChain(name=name, chain=chain, classifier=some, links=(name,))

    def _renamed(self, service: str, way: Route) -> Route:
        virtual = self._virtual[service, way.virtual_link]
        return way.model_copy(update={"link": named(service, way.link), "virtual_link": virtual})


def named(service: str, part: str) -> str:
    """An instance, link or way of a service, as the one graph names it."""
    return f"{service}:{part}"


def differ(objectives: Iterable[Objective | None]) -> bool:
    """Whether they are not all of the same weights; None is the infrastructure's."""
    return len({None if each is None else weights(each) for each in objectives}) > 1


def _members(service: str, group: Sequence[str]) -> tuple[str, ...]:
    return tuple(named(service, each) for each in group)


def _numbered(letter: str, names: Iterator[tuple[str, str]]) -> dict[tuple[str, str], str]:
    return {name: f"{letter}{number}" for number, name in enumerate(dict.fromkeys(names))}
