"""What the tests of pictures share: public topologies, and a service by hand that runs on one."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Classifier, ComponentKind
from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphChain, GraphEndpoint, GraphInstance, GraphLink, Plan, Route, ServiceGraph
from domain.records import Usage
from interfaces.picture.facts import Topology
from interfaces.picture.gathering import topology_of
from lab.topologies import generate
from tests.unit.placement_world import infra, pop, wire

SMALL = Resources.of(2, 2048, 4)


def public(name: str) -> Infrastructure:
    """One of topohub's."""
    return Infrastructure.model_validate(generate(name))


def at(latitude: float, longitude: float, **more: Any) -> dict[str, Any]:
    """A PoP that has a place."""
    return pop(location={"latitude": latitude, "longitude": longitude}, **more)


def line() -> Infrastructure:
    """a - b - c, west to east."""
    pops = {"a": at(50, 0), "b": at(51, 5), "c": at(50, 10)}
    return infra(pops, {"a-b": wire("a", "b"), "b-c": wire("b", "c")})


def deployment(
    placements: Mapping[str, str],
    links: Mapping[str, tuple[str, str]],
    routes: Mapping[str, Sequence[str]],
    chains: Mapping[str, Sequence[str]],
    endpoints: Mapping[str, str],
    service: str = "shop",
) -> Deployment:
    """A service by what is where, what is joined, by which PoPs, and which links a chain passes."""
    return Deployment(
        service=service,
        tenant="default",
        descriptor="shop",
        version="1",
        graph=_graph(service, placements, links, chains, endpoints),
        plan=Plan(
            placements=dict(placements),
            endpoints=dict(endpoints),
            routes=tuple(_route(link, pops) for link, pops in routes.items()),
            cost_per_hour=1.5,
            currency="EUR",
            solver="by hand",
            gap=0,
            solve_ms=0,
        ),
        instances=tuple(_instance(name, where, service) for name, where in placements.items()),
        vim_kinds={},
    )


def _graph(
    service: str,
    placements: Mapping[str, str],
    links: Mapping[str, tuple[str, str]],
    chains: Mapping[str, Sequence[str]],
    endpoints: Mapping[str, str],
) -> ServiceGraph:
    return ServiceGraph(
        service=service,
        descriptor="shop",
        version="1",
        instances=tuple(
            GraphInstance(
                name=name, component=name.rpartition("-")[0], kind=ComponentKind.VNF, resources=SMALL
            )
            for name in placements
        ),
        endpoints=tuple(GraphEndpoint(name=name, pop=where) for name, where in endpoints.items()),
        links=tuple(
            GraphLink(name=name, virtual_link=name, ends=ends, bandwidth_mbps=100)
            for name, ends in links.items()
        ),
        chains=tuple(
            GraphChain(
                name=f"{name}/1", chain=name, classifier=Classifier(), links=tuple(passed), latency_ms=20
            )
            for name, passed in chains.items()
        ),
    )


def _instance(name: str, where: str, service: str) -> PlacedInstance:
    return PlacedInstance(
        name=name,
        component=name.rpartition("-")[0],
        pop=where,
        resource=f"{service}-{name}",
        image="it:1",
        resources=SMALL,
    )


def _route(link: str, pops: Sequence[str]) -> Route:
    return Route(
        link=link,
        virtual_link=link,
        pops=tuple(pops),
        physical_links=tuple("-".join(sorted(pair)) for pair in pairwise(pops)),
        bandwidth_mbps=100,
        latency_ms=2.0 * (len(pops) - 1),
    )


def shop() -> Deployment:
    """Two chains over a - b - c, one of them back again, and a link beside them."""
    return deployment(
        placements={"wall-1": "b", "web-1": "c", "data-1": "a"},
        links={
            "access": ("users", "wall-1"),
            "pages": ("web-1", "wall-1"),
            "rows": ("web-1", "data-1"),
        },
        routes={"access": ("a", "b"), "pages": ("c", "b"), "rows": ("c", "b", "a")},
        chains={"buying": ("access", "pages"), "looking": ("access",)},
        endpoints={"users": "a"},
    )


def drawn(infrastructure: Infrastructure | None = None, usage: Usage | None = None) -> Topology:
    """The shop on the line; or an infrastructure alone."""
    if infrastructure is not None:
        return topology_of(infrastructure, "a test", usage or Usage(pops={}, links={}))
    taken = Usage(pops={"b": Resources.of(6, 2048, 0)}, links={"a-b": 950.0})
    return topology_of(line(), "a test", taken, [shop()])
