"""Where services are at one moment of a re-optimisation, and what they take of PoPs and links."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from domain.infrastructure import Infrastructure, Resources
from domain.objectives import Objective, weights
from domain.plans import Plan, Route, ServiceGraph, Standing
from domain.reoptimisation import RunningService
from placement.moves.together import Together
from placement.objective import cost_of, objective_of
from placement.topology import Usage

_NOTHING = Resources.of(0, 0, 0)
_MBPS_DIGITS = 6
_LEAST_MOVE_COST = 1e-6
"""Per hour: what gains nothing does not move."""


@dataclass(frozen=True)
class Spot:
    """Where the parts of one service are."""

    placements: Mapping[str, str]
    routes: tuple[Route, ...]

    @classmethod
    def of(cls, plan: Plan) -> "Spot":
        """As a plan has it."""
        return cls(plan.placements, plan.routes)


Layout = Mapping[str, Spot]
"""By service."""


@dataclass(frozen=True)
class Estate:
    """What is to be re-optimised: services that run, and what is taken by all else."""

    infrastructure: Infrastructure
    usage: Usage
    """All that is taken, by these services too."""
    services: Mapping[str, RunningService]
    objective: Objective | None
    """Of all of them; of each its own where None."""
    horizon_h: float
    newcomers: Mapping[str, ServiceGraph]
    """To be placed beside them."""

    @cached_property
    def graphs(self) -> dict[str, ServiceGraph]:
        """Of all services, each with the objective by which it counts."""
        found = {name: each.graph for name, each in self.services.items()} | dict(self.newcomers)
        general = self.infrastructure.objective
        return {
            name: graph.model_copy(update={"objective": self.objective or graph.objective or general})
            for name, graph in found.items()
        }

    @cached_property
    def is_of_one_mind(self) -> bool:
        """Whether a batch counts what it adds to the whole: the load counts alike for all services."""
        return len({weights(graph.objective or "cost").balance for graph in self.graphs.values()}) < 2

    @cached_property
    def start(self) -> Layout:
        """As all runs now."""
        return {name: Spot(each.placements, each.routes) for name, each in self.services.items()}

    @cached_property
    def base(self) -> Usage:
        """What is taken by all that does not move in any case."""
        return less(self.usage, (self.loose(name, spot) for name, spot in self.start.items()))

    def keeping(self, kept: Mapping[str, Collection[str]]) -> "Estate":
        """With these instances of services to be left where they are."""
        services = {
            name: each.model_copy(
                update={"moves": {k: v for k, v in each.moves.items() if k not in kept.get(name, ())}}
            )
            for name, each in self.services.items()
        }
        return replace(self, services=services)

    def movable(self, service: str) -> frozenset[str]:
        """Instances whose place is open."""
        if service in self.newcomers:
            return frozenset(each.name for each in self.newcomers[service].instances)
        return frozenset(self.services[service].moves)

    def ways_kept(self, service: str) -> tuple[Route, ...]:
        """Those of links whose ends both stay."""
        if service in self.newcomers:
            return ()
        loose = self._loose_links(service)
        return tuple(way for way in self.services[service].routes if way.link not in loose)

    def loose(self, service: str, spot: Spot) -> "Share":
        """What, of what a service takes, is open: its movable instances, and the ways from and to them."""
        loose, movable = self._loose_links(service), self.movable(service)
        sizes = {each.name: each.resources for each in self.graphs[service].instances}
        return Share(
            tuple((pop, sizes[name]) for name, pop in spot.placements.items() if name in movable),
            tuple(way for way in spot.routes if way.link in loose),
        )

    def whole(self, service: str, spot: Spot) -> "Share":
        """All that a service takes."""
        sizes = {each.name: each.resources for each in self.graphs[service].instances}
        return Share(tuple((pop, sizes[name]) for name, pop in spot.placements.items()), spot.routes)

    def standing(self, service: str) -> Standing:
        """Of a service from which all that is open is taken away."""
        if service in self.newcomers:
            return Standing()
        running = self.services[service]
        return Standing(
            instances=running.placements,
            routes=self.ways_kept(service),
            move_cost_per_hour={
                name: max(cost.once / self.horizon_h, _LEAST_MOVE_COST)
                for name, cost in running.moves.items()
            },
            uncounted=frozenset(running.moves),
        )

    def used(self, layout: Layout, without: Collection[str] = ()) -> Usage:
        """What is taken in a layout, without what is open of some services."""
        shares = (self.loose(name, spot) for name, spot in layout.items() if name not in without)
        return more(self.base, shares)

    def value(self, layout: Layout) -> float:
        """What a layout counts: its objective, and per hour of the horizon what it costs to come there."""
        together = Together([self.graphs[name] for name in layout])
        return objective_of(
            together.graph,
            self.infrastructure,
            self.base,
            together.standing({name: self.standing(name) for name in layout}),
            together.placements({name: spot.placements for name, spot in layout.items()}),
            together.routes({name: spot.routes for name, spot in layout.items()}),
        )

    def cost(self, service: str, spot: Spot) -> float:
        """Of a service, per hour, at today's prices."""
        return cost_of(self.graphs[service], self.infrastructure, spot.placements, spot.routes)

    def moved(self, layout: Layout) -> dict[str, dict[str, str]]:
        """By service, the instances that are elsewhere than they run now, and where."""
        found = {
            name: {part: pop for part, pop in spot.placements.items() if self._home(name, part) != pop}
            for name, spot in layout.items()
            if name in self.services
        }
        return {name: moves for name, moves in found.items() if moves}

    def _home(self, service: str, part: str) -> str:
        return self.services[service].placements[part]

    def _loose_links(self, service: str) -> frozenset[str]:
        movable = self.movable(service)
        return frozenset(
            link.name for link in self.graphs[service].links if not movable.isdisjoint(link.ends)
        )


@dataclass(frozen=True)
class Share:
    """What a service, or a part of it, takes."""

    instances: tuple[tuple[str, Resources], ...]
    """Each with its PoP."""
    routes: tuple[Route, ...]


def more(usage: Usage, shares: Iterable[Share]) -> Usage:
    """A usage with more shares."""
    return _changed(usage, shares, 1)


def less(usage: Usage, shares: Iterable[Share]) -> Usage:
    """A usage without shares that are in it."""
    return _changed(usage, shares, -1)


def _changed(usage: Usage, shares: Iterable[Share], sign: int) -> Usage:
    totals: dict[str, list[int]] = {}
    mbps = dict(usage.links)
    for share in shares:
        for pop, taken in share.instances:
            if pop not in totals:
                totals[pop] = _amounts(usage.pops.get(pop, _NOTHING))
            total = totals[pop]
            for kind, amount in enumerate(_amounts(taken)):
                total[kind] += sign * amount
        for way in share.routes:
            for name in way.physical_links:
                mbps[name] = mbps.get(name, 0.0) + sign * way.bandwidth_mbps
    pops = {pop: Resources.of(*(max(0, amount) for amount in total)) for pop, total in totals.items()}
    links = {name: max(0.0, round(taken, _MBPS_DIGITS)) for name, taken in mbps.items()}
    return Usage(pops={**usage.pops, **pops}, links=links)


def _amounts(held: Resources) -> list[int]:
    return [held.vcpus, held.memory, held.disk]
