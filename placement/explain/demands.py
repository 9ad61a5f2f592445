"""The requirements of a service one by one, and the question that is left when only some of them count."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

from domain.descriptor import ComponentKind
from domain.explanations import RequirementKind
from domain.plans import GraphEndpoint, GraphInstance, GraphLink, ServiceGraph, Standing
from placement.explain.causes import Cause
from placement.explain.worlds import NOTHING, World

_RULES: dict[RequirementKind, str] = {
    "allowed-pops": "allowed_pops",
    "forbidden-pops": "forbidden_pops",
    "allowed-regions": "allowed_regions",
    "forbidden-regions": "forbidden_regions",
}
_OPEN: dict[str, Any] = {
    "allowed_pops": None,
    "forbidden_pops": frozenset(),
    "allowed_regions": None,
    "forbidden_regions": frozenset(),
}


class Demand(NamedTuple):
    """One requirement; `subject` is a component, an instance, a virtual link, a chain, an endpoint, or the
    number of a group."""

    kind: RequirementKind
    subject: str
    what: str = ""
    """Of a component: the capability or licence."""


class Demands:
    """Those of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._described = {part.name: world.as_described(part) for part in world.graph.instances}

    @cached_property
    def of_part(self) -> dict[str, tuple[Demand, ...]]:
        """Of each instance; its component's other instances may share them."""
        return {part.name: tuple(self._of(part)) for part in self.world.graph.instances}

    @cached_property
    def all(self) -> tuple[Demand, ...]:
        """In the order in which they are told."""
        graph = self.world.graph
        found = [demand for part in graph.instances for demand in self.of_part[part.name]]
        found += [Demand("affinity", str(number)) for number in range(len(graph.affinity))]
        found += [Demand("anti-affinity", str(number)) for number in range(len(graph.anti_affinity))]
        found += [Demand("endpoint", end.name) for end in graph.endpoints]
        for link in graph.links:
            found += _of_link(link)
        found += [Demand("chain-latency", way.chain) for way in graph.chains if way.latency_ms is not None]
        found += [Demand("budget", "")] if graph.budget_per_hour is not None else []
        return tuple(dict.fromkeys(found))

    def scope(self, cause: Cause) -> tuple[Demand, ...]:
        """Those that a cause may need."""
        graph = self.world.graph
        inside = {demand for end in cause.ends for demand in self.of_part.get(end, ())}
        inside |= {Demand("endpoint", end) for end in cause.ends}
        inside |= {each for link in graph.links if link.name in cause.links for each in _of_link(link)}
        inside |= {Demand("chain-latency", way.chain) for way in graph.chains if way.name in cause.chains}
        inside |= {Demand("budget", "")} if cause.budget else set()
        inside |= {Demand("affinity", str(number)) for number in cause.affinity}
        inside |= {Demand("anti-affinity", str(number)) for number in cause.anti_affinity}
        return tuple(demand for demand in self.all if demand in inside)

    def without(self, dropped: Iterable[Demand]) -> World:
        """The world without some; its parts are all still there."""
        left = set(self.all) - set(dropped)
        return self.only(left, whole=True)

    def only(self, kept: Iterable[Demand], whole: bool = False) -> World:
        """The world with these alone.

        :param whole: keep the parts of which nothing is asked any more
        """
        return _Reduction(self, frozenset(kept), whole).world()

    def reduced(self, part: GraphInstance, kept: frozenset[Demand]) -> GraphInstance:
        """An instance of which nothing else is asked."""
        rules = self._described[part.name]
        fields: dict[str, Any] = {
            field: getattr(rules, field) if self._rule(kind, part) in kept else _OPEN[field]
            for kind, field in _RULES.items()
        }
        if Demand("stays", part.name) in kept:
            fields["allowed_pops"] = part.allowed_pops
        if Demand("kept-off", part.name) in kept:
            fields["forbidden_pops"] = fields["forbidden_pops"] | part.forbidden_pops
        if Demand("resources", part.component) not in kept:
            fields["resources"] = NOTHING
        for kind, field in (("capability", "requires"), ("licence", "licences")):
            names = getattr(part, field)
            fields[field] = frozenset(n for n in names if (kind, self._holder(field, part), n) in kept)
        return part.model_copy(update=fields)

    def _of(self, part: GraphInstance) -> Iterator[Demand]:
        yield from (Demand("capability", self._holder("requires", part), n) for n in sorted(part.requires))
        yield from (Demand("licence", self._holder("licences", part), n) for n in sorted(part.licences))
        rules = self._described[part.name]
        for kind, field in _RULES.items():
            if getattr(rules, field) != _OPEN[field]:
                yield self._rule(kind, part)
        if part.allowed_pops != rules.allowed_pops:
            yield Demand("stays", part.name)
        if part.forbidden_pops - rules.forbidden_pops:
            yield Demand("kept-off", part.name)
        if part.resources != NOTHING:
            yield Demand("resources", part.component)

    def _rule(self, kind: RequirementKind, part: GraphInstance) -> Demand:
        return Demand(kind, self._holder(_RULES[kind], part))

    def _holder(self, field: str, part: GraphInstance) -> str:
        """The component, where all its instances are alike in this; else the instance."""
        return part.component if part.component in self._alike[field] else part.name

    @cached_property
    def _alike(self) -> dict[str, frozenset[str]]:
        """Field -> the components whose instances have the same there."""
        return {field: self._uniform(field) for field in (*_OPEN, "requires", "licences")}

    def _uniform(self, field: str) -> frozenset[str]:
        values: dict[str, set[object]] = {}
        for part in self._described.values():
            values.setdefault(part.component, set()).add(getattr(part, field))
        return frozenset(component for component, found in values.items() if len(found) == 1)


def _of_link(link: GraphLink) -> Iterator[Demand]:
    yield Demand("link", link.virtual_link)
    if link.bandwidth_mbps > 0:
        yield Demand("bandwidth", link.virtual_link)
    if link.latency_ms is not None:
        yield Demand("latency", link.virtual_link)


class _Reduction:
    """One world with some of its demands."""

    def __init__(self, demands: Demands, kept: frozenset[Demand], whole: bool) -> None:
        self._demands, self._kept, self._whole = demands, kept, whole
        self._graph = demands.world.graph
        self._chains = tuple(way for way in self._graph.chains if Demand("chain-latency", way.chain) in kept)
        self._links = tuple(self._link(link) for link in self._graph.links if self._is_asked(link))

    def world(self) -> World:
        world, ends = self._demands.world, self._ends()
        pinned = [end for end in self._graph.endpoints if Demand("endpoint", end.name) in self._kept]
        loose = [end for end in self._graph.endpoints if end not in pinned and end.name in ends]
        parts = [
            self._demands.reduced(part, self._kept)
            for part in self._graph.instances
            if self._whole or part.name in ends or self._kept.intersection(self._demands.of_part[part.name])
        ]
        graph = self._graph.model_copy(
            update={
                "instances": (*parts, *map(_movable, loose)),
                "endpoints": tuple(pinned),
                "links": self._links,
                "chains": self._chains,
                "affinity": self._groups("affinity", self._graph.affinity),
                "anti_affinity": self._groups("anti-affinity", self._graph.anti_affinity),
                "budget_per_hour": self._graph.budget_per_hour
                if Demand("budget", "") in self._kept
                else None,
            }
        )
        return replace(world, graph=graph, standing=_still(world.standing, graph))

    def _is_asked(self, link: GraphLink) -> bool:
        kinds: tuple[RequirementKind, ...] = ("link", "bandwidth", "latency")
        return any(Demand(kind, link.virtual_link) in self._kept for kind in kinds) or any(
            link.name in way.links for way in self._chains
        )

    def _link(self, link: GraphLink) -> GraphLink:
        fields: dict[str, Any] = {}
        if Demand("bandwidth", link.virtual_link) not in self._kept:
            fields["bandwidth_mbps"] = 0.0
        if Demand("latency", link.virtual_link) not in self._kept:
            fields["latency_ms"] = None
        return link.model_copy(update=fields)

    def _ends(self) -> set[str]:
        """Instances and endpoints that links or groups speak of."""
        ends = {end for link in self._links for end in link.ends}
        for kind, groups in (
            ("affinity", self._graph.affinity),
            ("anti-affinity", self._graph.anti_affinity),
        ):
            ends |= {
                m
                for number, group in enumerate(groups)
                if (kind, str(number), "") in self._kept
                for m in group
            }
        return ends

    def _groups(
        self, kind: RequirementKind, groups: tuple[tuple[str, ...], ...]
    ) -> tuple[tuple[str, ...], ...]:
        return tuple(group for number, group in enumerate(groups) if Demand(kind, str(number)) in self._kept)


def _movable(end: GraphEndpoint) -> GraphInstance:
    """An endpoint that may be anywhere."""
    return GraphInstance(name=end.name, component=end.name, kind=ComponentKind.VNF, resources=NOTHING)


def _still(standing: Standing, graph: ServiceGraph) -> Standing:
    """What of the standing the graph still has; what a move counts plays no part in whether it fits."""
    links = {link.name for link in graph.links}
    parts = {part.name for part in graph.instances}
    return standing.model_copy(
        update={
            "instances": {name: pop for name, pop in standing.instances.items() if name in parts},
            "routes": tuple(route for route in standing.routes if route.link in links),
            "move_cost_per_hour": {},
        }
    )
