"""Deployments of a shop, placed by hand on a ring of PoPs, and what turns one into another."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import networkx as nx

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.expansion import expand
from domain.infrastructure import Infrastructure
from domain.names import OperationKind
from domain.operation_plans import OperationPlan, Step
from domain.plans import Plan, Route, ServiceGraph
from domain.steering import ImageTraits, PlanOrder, Survey
from planning.deployed import deployed
from planning.operation_plan import operation_plan
from planning.target import ALL_AT_ONCE, Target
from planning.wanted import wanted_instances

POPS = ("north", "east", "south", "west")
RING = [
    ("north-east", "north", "east"),
    ("east-south", "east", "south"),
    ("south-west", "south", "west"),
    ("west-north", "west", "north"),
]
NOW = datetime(2026, 7, 1, tzinfo=UTC)
TRAITS = {
    **{f"firewall:{n}": ImageTraits(routed=True) for n in (1, 2)},
    **{f"store:{n}": ImageTraits(stateful=True) for n in (1, 2)},
}


def component(image: str, *points: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "vnf",
        "image": image,
        "resources": {"vcpus": 1, "memory": "1 GiB"},
        "connection_points": points,
        **more,
    }


def shop(
    changed: Mapping[str, Mapping[str, Any]] | None = None, version: str = "1", without: Collection[str] = ()
) -> Descriptor:
    """Users, a firewall, a load balancer that is told of web servers, which know their store."""
    components = {
        "firewall": component("firewall:1", "outside", "inside"),
        "balancer": component(
            "balancer:1", "front", "back", config={"backends": "${web.addresses}", "algorithm": "rr"}
        ),
        "web": component("web:1", "http", "data", instances=2, environment={"STORE": "${store.address}"}),
        "store": component("store:1", "sql"),
        "watcher": component("watcher:1", "eye", config={"whom": "${balancer.address}", "at": "${web.pop}"}),
    }
    links = {
        "access": ["users", "firewall.outside"],
        "filtered": ["firewall.inside", "balancer.front"],
        "pages": ["balancer.back", "web.http"],
        "queries": ["web.data", "store.sql"],
        "watching": ["watcher.eye", "balancer.back"],
    }
    path = ["users", "firewall.outside", "firewall.inside", "balancer.front", "balancer.back", "web.http"]
    return Descriptor.model_validate(
        {
            "api_version": "interlace/v1",
            "kind": "Service",
            "name": "shop",
            "version": version,
            "endpoints": {"users": {"pop": "north"}},
            "components": {
                name: {**each, **(changed or {}).get(name, {})}
                for name, each in components.items()
                if name not in without
            },
            "links": {
                name: {"between": ends, "bandwidth": "12 Mbit/s"}
                for name, ends in links.items()
                if not {end.partition(".")[0] for end in ends} & set(without)
            },
            "chains": {"shopping": {"path": path}},
        }
    )


def infrastructure(kind: str = "emulator") -> Infrastructure:
    pop = {"vim": {"kind": kind}, "capacity": {"vcpus": 64, "memory": "64 GiB"}}
    return Infrastructure.model_validate(
        {
            "api_version": "interlace/v1",
            "kind": "Infrastructure",
            "pops": dict.fromkeys(POPS, pop),
            "links": {
                name: {"between": [one, other], "bandwidth": "1 Gbit/s", "latency": "1 ms"}
                for name, one, other in RING
            },
        }
    )


def target(
    present: Descriptor | None,
    before: Deployment | None,
    descriptor: Descriptor,
    kind: OperationKind = OperationKind.UPDATE,
    anew: Collection[str] = (),
    ends_first: Collection[str] = (),
    unreachable: Collection[str] = (),
    surge: int = ALL_AT_ONCE,
    in_place: Collection[str] = (),
    rehosted: Collection[str] = (),
) -> Target:
    graph = expand("shop", descriptor)
    return Target(
        kind=kind,
        service="shop",
        tenant="default",
        descriptor=descriptor,
        present=present,
        version=descriptor.version,
        graph=graph,
        asked=graph,
        wanted=wanted_instances(graph, descriptor, present, before, ()),
        anew=frozenset(anew),
        ends_first=frozenset(ends_first),
        unreachable=frozenset(unreachable),
        surge=surge,
        in_place=frozenset(in_place),
        rehosted=tuple(rehosted),
    )


def placed(
    aim: Target,
    before: Deployment | None,
    places: Mapping[str, str],
    plan_id: str,
    kind: str = "emulator",
) -> Deployment:
    """The deployment of a target; what `places` leaves out stays where it is, or goes to the north."""
    old = {each.name: each.pop for each in before.instances} if before else {}
    where = {each.name: places.get(each.name, old.get(each.name, "north")) for each in aim.graph.instances}
    ends = {each.name: places.get(each.name, each.pop or "north") for each in aim.graph.endpoints}
    plan = Plan(
        placements=where,
        endpoints=ends,
        routes=_routes(aim.graph, {**where, **ends}, aim.unreachable),
        cost_per_hour=float(len(where)),
        currency="EUR",
        solver="hand",
        gap=0,
        solve_ms=0,
    )
    return deployed(aim, plan, before, plan_id, dict.fromkeys(POPS, kind))


def committed(deployment: Deployment, descriptor: Descriptor) -> Deployment:
    """As the catalogue has it: with the addresses that its VIMs gave."""
    instances = tuple(_addressed(each, descriptor) for each in deployment.instances)
    return deployment.model_copy(update={"instances": instances})


def address_of(placed: PlacedInstance) -> str:
    """Made of its name in the VIM, unless it keeps its predecessor's."""
    return next(iter(placed.addresses.values()), placed.resource)


def running(
    places: Mapping[str, str] | None = None, kind: str = "emulator", descriptor: Descriptor | None = None
) -> Deployment:
    """A shop as it was instantiated."""
    descriptor = descriptor or shop()
    aim = target(None, None, descriptor, OperationKind.INSTANTIATE)
    return committed(placed(aim, None, places or {}, "plan-00000000", kind), descriptor)


def planned(
    aim: Target,
    before: Deployment | None,
    after: Deployment,
    ailments: Collection[str] = (),
    traits: Mapping[str, ImageTraits] = TRAITS,
    expected: Mapping[tuple[str, str], float] | None = None,
) -> OperationPlan:
    """The plan that turns one into the other; `ailments` are names in the VIM."""
    survey = Survey(traits=dict(traits), ailments=dict.fromkeys(ailments, "it is dead"))
    order = PlanOrder(plan_id="plan-11111111", kind=aim.kind, request={"service": "shop"}, survey=survey)
    known = infrastructure(next(iter(after.vim_kinds.values())))
    return operation_plan(order, aim, before, after, known, 1 if before else 0, expected or {}, NOW)


def steps_of(plan: OperationPlan) -> list[Step]:
    return [step for wave in plan.waves for step in wave.steps]


def ids(plan: OperationPlan) -> list[list[str]]:
    """By wave."""
    return [[step.id for step in wave.steps] for wave in plan.waves]


def _addressed(each: PlacedInstance, descriptor: Descriptor) -> PlacedInstance:
    points = ("users",) if each.endpoint else descriptor.components[each.component].connection_points
    given = {point: f"{each.resource}{f':{point}' if number else ''}" for number, point in enumerate(points)}
    return each.model_copy(update={"addresses": {**given, **each.addresses}})


def _routes(graph: ServiceGraph, where: Mapping[str, str], lost: Collection[str]) -> tuple[Route, ...]:
    ring = nx.Graph()
    ring.add_nodes_from(POPS)
    ring.add_edges_from((one, other, {"name": name}) for name, one, other in RING)
    ring.remove_nodes_from(lost)
    return tuple(
        _route(ring, each.name, each.virtual_link, *(where[end] for end in each.ends)) for each in graph.links
    )


def _route(ring: "nx.Graph[str]", link: str, virtual_link: str, start: str, end: str) -> Route:
    pops = nx.shortest_path(ring, start, end)
    names = tuple(ring.edges[pair]["name"] for pair in pairwise(pops))
    return Route(
        link=link,
        virtual_link=virtual_link,
        pops=tuple(pops),
        physical_links=names,
        bandwidth_mbps=1,
        latency_ms=float(len(names)),
    )
