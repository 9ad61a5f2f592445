"""Asking whether something fits: cheap exact reasons first, then the placement, within one time limit."""

import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import networkx as nx

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import GraphInstance, Plan
from domain.pricing import instance_cost
from placement import reasons, topology
from placement.candidates import Candidates, candidates
from placement.explain.causes import Cause
from placement.explain.words import figure
from placement.explain.worlds import World
from placement.needs import Needs
from placement.solve import place

_TINY = 1e-9
_GOOD, _ANY = 0.2, 0.05
"""Of the whole time: the most that one question may take, where a good answer counts, and where any does."""
_LEAST_S = 0.5


class OutOfTimeError(Exception):
    """Nothing more can be asked."""


class Asker:
    """Answers until the time runs out, always about the same usage."""

    def __init__(self, time_limit_s: float) -> None:
        self._limit_s = time_limit_s
        self._end = time.monotonic() + time_limit_s
        self._known: tuple[Infrastructure, nx.MultiGraph] | None = None
        self.reason = ""
        """Why the placement refused the first question that it did."""
        self.unsure = 0
        """Questions that got no answer within their share of the time."""

    @property
    def left_s(self) -> float:
        """Seconds."""
        return self._end - time.monotonic()

    def plan(self, world: World) -> Plan | None:
        """A good plan; None where there is none, or where nothing is known (counted in `unsure`).

        :raises OutOfTimeError: no time is left
        """
        return self._answer(world, _GOOD)

    def fits_not(self, world: World) -> bool:
        """Whether it is proven that nothing fits.

        :raises OutOfTimeError: no time is left
        """
        if not (world.graph.instances or world.graph.endpoints):
            return False
        unsure = self.unsure
        return self._answer(world.asking(objective="cost"), _ANY) is None and self.unsure == unsure

    def _answer(self, world: World, share: float) -> Plan | None:
        self._check()
        limit = min(self.left_s, max(_LEAST_S, share * self._limit_s))
        try:
            if cause := next(self._causes(world), None):
                self.reason = self.reason or cause.text
                return None
            return place(world.graph, world.infrastructure, world.usage, limit, standing=world.standing)
        except InfeasibleError as error:
            self.reason = self.reason or str(error)
            return None
        except TemporaryError:
            self.unsure += 1
            return None

    def causes(self, world: World, most: int) -> list[Cause]:
        """The first few reasons that need no solver.

        :raises OutOfTimeError: no time is left
        """
        self._check()
        try:
            return [*islice(self._causes(world), most)]
        except InfeasibleError as error:
            ends = frozenset(end.name for end in world.graph.endpoints if f" {end.name} " in str(error))
            return [Cause(str(error), ends=ends)]

    def _check(self) -> None:
        if self.left_s <= 0:
            raise OutOfTimeError

    def _causes(self, world: World) -> Iterator[Cause]:
        """Reasons that need no solver; none does not mean that it fits.

        :raises InfeasibleError: an endpoint has no PoP
        """
        free = self._topology(world)
        options = candidates(world.graph, world.infrastructure, free, world.standing)
        yield from reasons.causes(world.graph, world.infrastructure, free, options, Needs(world.standing))
        yield from _dear(world, options)

    def _topology(self, world: World) -> nx.MultiGraph:
        """Made anew only where another infrastructure is asked about than before."""
        if self._known is None or self._known[0] is not world.infrastructure:
            self._known = world.infrastructure, topology.build(world.infrastructure, world.usage)
        return self._known[1]


def _dear(world: World, options: Candidates) -> Iterator[Cause]:
    """The fewest components that are above the budget, where each is cheapest and no link counts."""
    budget, parts = world.graph.budget_per_hour, world.graph.instances
    if budget is None or not all(options[part.name] for part in parts):
        return
    costs: dict[str, float] = defaultdict(float)
    for part in parts:
        costs[part.component] += _least_cost(part, options[part.name], world.infrastructure)
    total, dearest = 0.0, set()
    for component, cost in sorted(costs.items(), key=lambda item: -item[1]):
        total += cost
        dearest.add(component)
        if total > budget * (1 + _TINY):
            text = (
                f"the budget of {figure(budget)} per hour is below {figure(total)},"
                " each instance where it is cheapest"
            )
            ends = frozenset(part.name for part in parts if part.component in dearest)
            yield Cause(text, ends=ends, budget=True)
            return


def _least_cost(part: GraphInstance, pops: tuple[str, ...], infrastructure: Infrastructure) -> float:
    at = infrastructure.pops
    return min(instance_cost(part.resources, part.licences, at[pop], infrastructure) for pop in pops)
