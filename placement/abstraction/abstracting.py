"""Placement on a large network: the solver sees a part of it, and the answer is checked on the whole.

Which abstraction of an infrastructure serves best depends on the service (Soenen, Sahhaf, Tavernier,
Sköldström, Colle and Pickavet, "A model to select the right infrastructure abstraction for service function
chaining", IEEE NFV-SDN 2016). Here it is the PoPs that may be in a good placement, by a lower bound of what
any placement counts that touches them. What is found on them is held against the PoPs left out: no placement
that touches one of those counts less than its bound. So the gap is that on the whole.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf, isfinite

from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import Plan, ServiceGraph, Standing
from placement import check, topology
from placement.abstraction.bounds import Bounds, bounds
from placement.abstraction.reductions import Reduced, reduced
from placement.candidates import Candidates, candidates
from placement.objective import objective_of
from placement.topology import Usage

LARGE = 400
"""PoPs above which the solver sees an abstraction."""

_FIRST = 120
_WIDER = 4
_WIDEST = 1000
"""PoPs up to which the solver looks for a better placement than the one known."""
_FIRST_SHARE = 0.3
"""Of the time left, for a part that may not be the last."""
_LEAST_S = 1.0
"""What a try gets at least, as long as there is so much left."""
_SHORTEST_S = 0.05
_BOUNDS_SHARE = 0.2
"""Of the time limit, for the bounds, about."""
_WORTH = 0.2
"""Of the time limit, without which nothing better is looked for."""
_TINY = 1e-9

Solve = Callable[[ServiceGraph, Infrastructure, Usage, float, Standing], Plan]
"""Graph, infrastructure, usage, time limit in seconds, standing -> a checked plan."""


def placed(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    time_limit_s: float,
    solve: Solve,
    first: int = _FIRST,
) -> Plan:
    """A plan for the whole, with its gap against any other on the whole.

    :param solve: places on what it is given: parts of the infrastructure, in what is left of the time
    :param first: how many PoPs it is given at first
    :raises InfeasibleError: with the reason that `solve` has on all PoPs that could matter
    :raises TemporaryError: as `solve` does
    """
    started = time.monotonic()
    free = topology.build(infrastructure, usage)
    options = candidates(graph, infrastructure, free, standing)
    lower = bounds(graph, infrastructure, usage, standing, free, options, _BOUNDS_SHARE * time_limit_s)
    whole = _Whole(graph, infrastructure, usage, standing, options, lower)
    plan = _Search(whole, solve, started + time_limit_s).best(first)
    return plan.model_copy(update={"solve_ms": (time.monotonic() - started) * 1000})


@dataclass(frozen=True)
class _Whole:
    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    standing: Standing
    options: Candidates
    lower: Bounds

    @property
    def fixed(self) -> set[str]:
        """PoPs that every part has: those of endpoints, and of what stands."""
        found = {self.options[endpoint.name][0] for endpoint in self.graph.endpoints}
        found |= {*self.standing.instances.values()}
        found |= {pop for way in self.standing.routes for pop in way.pops}
        return found & self.infrastructure.pops.keys()

    def promising(self) -> list[str]:
        """The PoPs that can be in a placement at all, the best bound first; no other can be missed."""
        touching = self.lower.touching
        return sorted((pop for pop in touching if isfinite(touching[pop])), key=lambda pop: touching[pop])

    def part(self, pops: set[str]) -> Reduced:
        """What of the infrastructure can matter between these PoPs."""
        seen = {name: pop for name, pop in self.infrastructure.pops.items() if name in pops}
        links = {
            name: link for name, link in self.infrastructure.links.items() if pops.issuperset(link.between)
        }
        small = self.infrastructure.model_copy(update={"pops": seen, "links": links})
        left = {name: tuple(pop for pop in where if pop in pops) for name, where in self.options.items()}
        return reduced(self.graph, small, self.usage, self.standing, left)

    def objective(self, plan: Plan) -> float:
        """What a plan counts."""
        where = {**plan.placements, **plan.endpoints}
        return objective_of(self.graph, self.infrastructure, self.usage, self.standing, where, plan.routes)


@dataclass(frozen=True)
class _Found:
    plan: Plan
    objective: float
    bound: float
    """What any placement counts at least; of those on the PoPs that were seen, until told of the others."""

    def among(self, others: float, least: float) -> "_Found":
        """The same, where placements on other PoPs count `others` at least, and all of them `least`."""
        return replace(self, bound=max(min(self.bound, others), least))

    def or_other(self, other: "_Found") -> "_Found":
        """The better plan, with the better bound."""
        best = min(self, other, key=lambda each: each.objective)
        return replace(best, bound=max(self.bound, other.bound))

    def told(self) -> Plan:
        """The plan with its gap."""
        gap = (self.objective - self.bound) / self.objective if self.objective > 0 else 0.0
        return self.plan.model_copy(update={"gap": gap if gap > _TINY else 0.0})


class _Search:
    """From few PoPs to as many as it takes."""

    def __init__(self, whole: _Whole, solve: Solve, until: float) -> None:
        self._whole, self._solve, self._until = whole, solve, until
        self._worth_s = _WORTH * (until - time.monotonic())
        self._order = whole.promising()
        self._touching = whole.lower.touching

    def best(self, size: int) -> Plan:
        """The plan, its gap counted against all PoPs that were left out."""
        while size < len(self._order):
            try:
                known = self._found(size, _FIRST_SHARE)
            except (InfeasibleError, TemporaryError):
                if self._left_s <= self._worth_s:
                    raise self._late() from None
                size *= _WIDER  # on the whole there may be a way, or one that is found sooner
            else:
                return self._improved(known, size).told()
        return self._found(len(self._order)).told()

    @property
    def _left_s(self) -> float:
        return self._until - time.monotonic()

    def _late(self) -> TemporaryError:
        """The time is over, and what was seen was not all."""
        return TemporaryError("no placement was found in time on a part of the network, nor proof of none")

    def _improved(self, known: _Found, size: int) -> _Found:
        """What is better can touch those PoPs alone whose bound is below what is known."""
        limit = known.objective * (1 - _TINY)
        enough = min(_WIDEST, sum(self._touching[pop] < limit for pop in self._order))
        if enough > size and self._left_s > self._worth_s:
            with suppress(InfeasibleError, TemporaryError):
                return self._found(enough).or_other(known)
        return known

    def _found(self, size: int, share: float = 1.0) -> _Found:
        """The best on the first PoPs in a share of the time left, checked on all."""
        whole, seen = self._whole, {*self._order[:size], *self._whole.fixed}
        part = whole.part(seen)
        left_s = max(share * self._left_s, min(_LEAST_S, self._left_s), _SHORTEST_S)
        small = self._solve(whole.graph, part.infrastructure, part.usage, left_s, whole.standing)
        plan = part.expanded(small, whole.infrastructure)
        wrong = check.violations(plan, whole.graph, whole.infrastructure, whole.usage, whole.standing)
        if wrong:
            raise TemporaryError(f"a placement on a part of the network is none on the whole: {wrong[0]}")
        objective = whole.objective(plan)
        others = self._touching[self._order[size]] if size < len(self._order) else inf
        return _Found(plan, objective, objective * (1 - small.gap)).among(others, whole.lower.least)
