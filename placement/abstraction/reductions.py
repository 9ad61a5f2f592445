"""Exact reductions: what an infrastructure loses could be in no placement, or in none that is better.

PoPs that hold nothing and lie on no simple way between those that may are cut; links in series whose PoPs
between hold nothing become one; a link beside another that is as cheap, as quick and wide enough for all is
dropped. What stands already keeps its links as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf

import networkx as nx

from domain.infrastructure import Infrastructure, PhysicalLink
from domain.plans import Plan, Route, ServiceGraph, Standing
from placement.candidates import Candidates
from placement.topology import Usage

Hop = tuple[str, str, str]
"""(physical link, from PoP, to PoP)."""


@dataclass(frozen=True)
class Reduced:
    """What the solver sees, and how its routes read on the whole."""

    infrastructure: Infrastructure
    usage: Usage
    joined: Mapping[str, tuple[Hop, ...]] = field(default_factory=dict)
    """Link in series -> its parts, from the first of its ends to the second; no part is in two of them."""

    def expanded(self, plan: Plan, whole: Infrastructure) -> Plan:
        """The plan with its routes over the links of the whole."""
        routes = tuple(self._expanded(route, whole) for route in plan.routes)
        return plan.model_copy(update={"routes": routes})

    def _expanded(self, route: Route, whole: Infrastructure) -> Route:
        hops = zip(route.physical_links, route.pops, route.pops[1:], strict=False)
        parts = [part for hop in hops for part in self._parts(*hop)]
        names = tuple(name for name, _, _ in parts)
        return route.model_copy(
            update={
                "pops": (route.pops[0], *(target for _, _, target in parts)),
                "physical_links": names,
                "latency_ms": sum(whole.links[name].latency for name in names),
            }
        )

    def _parts(self, name: str, source: str, target: str) -> Iterable[Hop]:
        parts = self.joined.get(name, ((name, source, target),))
        return parts if parts[0][1] == source else turned(parts)


def turned(parts: Iterable[Hop]) -> tuple[Hop, ...]:
    """The same way back."""
    return tuple((name, target, source) for name, source, target in reversed(tuple(parts)))


def reduced(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    candidates: Candidates,
) -> Reduced:
    """What of an infrastructure can be in a best placement."""
    work = _Work(graph, infrastructure, usage, standing, candidates)
    work.cut()
    while work.drop_dominated() or work.join():
        pass
    return work.result(infrastructure, usage)


@dataclass(frozen=True)
class _Way:
    """A physical link, or several in series."""

    parts: tuple[Hop, ...]
    free_mbps: float
    """Of the narrowest."""
    latency_ms: float
    price: float

    def leading_from(self, pop: str) -> "_Way":
        """The same, from that end to the other."""
        return self if self.parts[0][1] == pop else replace(self, parts=turned(self.parts))

    def leading_to(self, pop: str) -> "_Way":
        """The same, from the other end to that one."""
        return self if self.parts[-1][2] == pop else replace(self, parts=turned(self.parts))

    def and_then(self, other: "_Way") -> "_Way":
        """Both in series."""
        return _Way(
            self.parts + other.parts,
            min(self.free_mbps, other.free_mbps),
            self.latency_ms + other.latency_ms,
            self.price + other.price,
        )


class _Work:
    """The links as a graph that shrinks: an edge is keyed by its first part, and has its `way`."""

    def __init__(
        self,
        graph: ServiceGraph,
        infrastructure: Infrastructure,
        usage: Usage,
        standing: Standing,
        candidates: Candidates,
    ) -> None:
        self._demand = sum(link.bandwidth_mbps for link in graph.links)
        self._kept = {name for way in standing.routes for name in way.physical_links}
        holding = {pop for pops in candidates.values() for pop in pops}
        holding |= {*standing.instances.values(), *(pop for way in standing.routes for pop in way.pops)}
        self._holding = holding & infrastructure.pops.keys()
        self._links = nx.MultiGraph()
        self._links.add_nodes_from(infrastructure.pops)
        for name, link in infrastructure.links.items():
            free = max(0.0, link.bandwidth - usage.links.get(name, 0.0))
            self._add(_Way(((name, *link.between),), free, link.latency, link.price_mbps_hour))

    def _add(self, way: _Way) -> None:
        self._links.add_edge(way.parts[0][1], way.parts[-1][2], key=way.parts[0][0], way=way)

    def cut(self) -> None:
        """Leave the PoPs that hold something, and those on simple ways between two of them."""
        useful = self._holding.union(*_blocks_between(nx.Graph(self._links), self._holding))
        self._links.remove_nodes_from([pop for pop in self._links if pop not in useful])

    def drop_dominated(self) -> bool:
        """Drop links beside one that is no dearer, no slower and wide enough for the whole service."""
        dropped = []
        for one, other in set(self._links.edges()):
            ways = self._links[one][other].items()
            beside = sorted((data["way"].price, data["way"].latency_ms, name) for name, data in ways)
            quickest = inf  # of those that are wide enough; none of them is dearer than the next
            for _, latency, name in beside:
                if latency >= quickest and name not in self._kept:
                    dropped.append((one, other, name))
                elif self._links.edges[one, other, name]["way"].free_mbps >= self._demand:
                    quickest = min(quickest, latency)
        self._links.remove_edges_from(dropped)
        return bool(dropped)

    def join(self) -> bool:
        """Make one link of two at PoPs that hold nothing and have no third one."""
        joined = False
        for pop in [pop for pop in self._links if pop not in self._holding]:
            around = list(self._links.edges(pop, data="way"))
            if len(around) == 2 and around[0][1] != around[1][1]:
                one, other = (way for _, _, way in around)
                self._links.remove_node(pop)
                self._add(one.leading_to(pop).and_then(other.leading_from(pop)))
                joined = True
        return joined

    def result(self, infrastructure: Infrastructure, usage: Usage) -> Reduced:
        """The links that are left; those in series have names of their own."""
        links: dict[str, PhysicalLink] = {}
        joined: dict[str, tuple[Hop, ...]] = {}
        fresh = (name for name in map("series-{}".format, count(1)) if name not in infrastructure.links)
        for way in (way for _, _, way in self._links.edges(data="way")):
            first = infrastructure.links[way.parts[0][0]]
            if len(way.parts) == 1:
                links[way.parts[0][0]] = first
                continue
            name = next(fresh)
            joined[name] = way.parts
            links[name] = first.model_copy(update=_as_one(way))
        pops = {name: pop for name, pop in infrastructure.pops.items() if name in self._links}
        small = infrastructure.model_copy(update={"pops": pops, "links": links})
        return Reduced(small, usage, joined)


def _as_one(way: _Way) -> dict[str, object]:
    """The fields of a link in series; what is taken of its parts is off its bandwidth."""
    return {
        "between": (way.parts[0][1], way.parts[-1][2]),
        "bandwidth": way.free_mbps,
        "latency": way.latency_ms,
        "price_mbps_hour": way.price,
    }


def _blocks_between(links: nx.Graph, holding: set[str]) -> list[set[str]]:
    """The biconnected parts that lie between two PoPs that hold something: no other part is on a simple way.

    Parts that hang on one PoP and hold nothing else are taken off until none does.
    """
    blocks = dict(enumerate(nx.biconnected_components(links)))
    of_pop: dict[str, set[int]] = {}
    for number, pops in blocks.items():
        for pop in pops:
            of_pop.setdefault(pop, set()).add(number)
    waiting = list(blocks)
    while waiting:
        number = waiting.pop()
        shared = {pop for pop in blocks.get(number, ()) if len(of_pop[pop]) > 1}
        if number not in blocks or len(shared) + len(blocks[number] & holding - shared) > 1:
            continue
        for pop in blocks.pop(number):
            of_pop[pop].discard(number)
        waiting += [beside for pop in shared for beside in of_pop[pop]]
    return list(blocks.values())
