"""Services to place, by seed: chains, fan-outs behind a load balancer, meshes."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any, Literal

from domain.descriptor import Classifier, ComponentKind
from domain.infrastructure import Resources
from domain.plans import GraphChain, GraphEndpoint, GraphInstance, GraphLink, ServiceGraph

Shape = Literal["chain", "fan-out", "mesh"]
SHAPES: tuple[Shape, ...] = ("chain", "fan-out", "mesh")

_USERS, _SITE = "users", "site"
_VCPUS = (1, 1, 2, 2, 4)
_MEMORY_MIB = (1024, 2048, 4096, 8192)
_DISK_GIB = (5, 10, 20, 40)
_MBPS = (20.0, 50.0, 100.0, 200.0, 400.0)

_Parts = tuple[list[str], list[GraphLink], list[tuple[str, ...]]]
"""Names of the instances, links between them, and the ways of the chain by the names of their links."""


def service(
    shape: Shape, components: int, ends: tuple[str, str], allowed_ms: float, dice: random.Random
) -> ServiceGraph:
    """A service of so many instances between users and a site.

    :param ends: the PoPs of the users and of the site
    :param allowed_ms: along each way of its chain; in a mesh, along some links
    """
    names, links, ways = _BUILDERS[shape](components, dice)
    if shape == "mesh":
        links = [_limited(link, allowed_ms, dice) for link in links]
    return ServiceGraph(
        service="bench",
        descriptor="bench",
        version="1",
        instances=tuple(_instance(name, dice) for name in names),
        endpoints=tuple(
            GraphEndpoint(name=name, pop=pop) for name, pop in zip((_USERS, _SITE), ends, strict=True)
        ),
        links=tuple(links),
        chains=tuple(_chain(number, way, allowed_ms) for number, way in enumerate(ways, 1)),
        **_groups(names, dice),
    )


def _chain_of(components: int, dice: random.Random) -> _Parts:
    names = [f"c{number}-1" for number in range(1, components + 1)]
    mbps = dice.choice(_MBPS)
    links = [_link(one, other, mbps) for one, other in pairwise([_USERS, *names, _SITE])]
    return names, links, [tuple(link.name for link in links)]


def _fan_out(components: int, dice: random.Random) -> _Parts:
    """A load balancer, replicas behind it that share its traffic, and a chain of what they all use."""
    replicas = max(2, components // 2)
    webs = [f"web-{number}" for number in range(1, replicas + 1)]
    behind = [f"back{number}-1" for number in range(1, components - replicas)]
    mbps = dice.choice(_MBPS)
    first, tail = _link(_USERS, "lb-1", mbps), [*behind, _SITE]
    rest = [_link(one, other, mbps) for one, other in pairwise(tail)]
    to_webs = [_link("lb-1", web, mbps / replicas) for web in webs]
    from_webs = [_link(web, tail[0], mbps / replicas) for web in webs]
    ways = [
        tuple(link.name for link in (first, into, out, *rest))
        for into, out in zip(to_webs, from_webs, strict=True)
    ]
    return ["lb-1", *webs, *behind], [first, *to_webs, *from_webs, *rest], ways


def _mesh(components: int, dice: random.Random) -> _Parts:
    """A random tree, and half as many links again."""
    names = [f"m{number}-1" for number in range(1, components + 1)]
    pairs = [(names[dice.randrange(number)], names[number]) for number in range(1, components)]
    more = [
        (one, other) for n, one in enumerate(names) for other in names[n + 1 :] if (one, other) not in pairs
    ]
    pairs += dice.sample(more, min(len(more), components // 2))
    pairs += [(_USERS, names[0]), (names[-1], _SITE)]
    return names, [_link(one, other, dice.choice(_MBPS) / 2) for one, other in pairs], []


_BUILDERS: dict[Shape, Callable[[int, random.Random], _Parts]] = {
    "chain": _chain_of,
    "fan-out": _fan_out,
    "mesh": _mesh,
}


def _link(one: str, other: str, mbps: float) -> GraphLink:
    return GraphLink(
        name=f"{one}--{other}", virtual_link=f"{one}-{other}", ends=(one, other), bandwidth_mbps=mbps
    )


def _limited(link: GraphLink, allowed_ms: float, dice: random.Random) -> GraphLink:
    return link.model_copy(update={"latency_ms": allowed_ms}) if dice.random() < 0.5 else link


def _chain(number: int, way: tuple[str, ...], allowed_ms: float) -> GraphChain:
    return GraphChain(
        name=f"main-{number}", chain="main", classifier=Classifier(), links=way, latency_ms=allowed_ms
    )


def _instance(name: str, dice: random.Random) -> GraphInstance:
    needs = Resources.of(dice.choice(_VCPUS), dice.choice(_MEMORY_MIB), dice.choice(_DISK_GIB))
    region = frozenset({dice.choice(("north", "south"))})
    return GraphInstance(
        name=name,
        component=name.rsplit("-", 1)[0],
        kind=ComponentKind.VNF,
        resources=needs,
        requires=frozenset({"dpdk"} if dice.random() < 0.2 else ()),
        allowed_regions=region if dice.random() < 0.1 else None,
    )


def _groups(names: list[str], dice: random.Random) -> dict[str, Any]:
    """Sometimes two that share a PoP, sometimes two that do not: the rules may contradict each other."""
    together, apart = dice.random() < 0.25, dice.random() < 0.5
    return {
        "affinity": (tuple(dice.sample(names, 2)),) if together else (),
        "anti_affinity": (tuple(dice.sample(names, 2)),) if apart else (),
    }
