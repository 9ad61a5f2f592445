"""What any placement counts at least that touches a PoP: so much of a large network can be left out.

Relaxed is what instances share: each alone must fit its PoP, each graph link alone its physical links. Where
the service is a tree, the least count then follows from messages along it: what the tree beyond a graph link
counts, as a function of the PoP where that link arrives, is one search for shortest ways from all PoPs at
once. A service with cycles is bounded by the mean over spanning trees that share the counts of its links (as
in Wainwright, Jaakkola and Willsky, "MAP estimation via agreement on trees", IEEE Trans. Information Theory
51(11), 2005). Latency limits are priced by one Lagrange multiplier (Jüttner et al., "Lagrange relaxation
based method for the QoS routing problem", IEEE INFOCOM 2001), which leaves each bound a bound.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np

from domain.infrastructure import Infrastructure, Resources
from domain.objectives import load
from domain.plans import GraphLink, ServiceGraph, Standing
from placement.abstraction.trees import MOST_FORESTS, Forest, Message, covering_forests
from placement.abstraction.ways import Array, Ways
from placement.candidates import Candidates
from placement.needs import Needs
from placement.objective import Aim, loaded
from placement.topology import Usage

_STEPS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Multipliers to be tried, each as a part of the count that the limits' sum stands for."""
_PATIENCE = 400_000
"""Messages times PoPs for which the multipliers are tried; beyond it, limits are not priced."""
_MESSAGE_S = 2e-6
"""What a message takes, for each PoP."""
_PASSES = 4
"""How often all messages are sent, beside those to try multipliers."""


@dataclass(frozen=True)
class Bounds:
    """In what is minimised, per hour."""

    least: float
    """What any placement counts; infinite where there is none."""
    touching: dict[str, float]
    """PoP -> what any placement counts that has an instance there, or a route through it."""


@dataclass(frozen=True)
class _Relaxed:
    """Units (instances that share a PoP, endpoints), the links between them, and what both count."""

    graph: ServiceGraph
    ways: Ways
    needs: Needs
    aim: Aim
    counts: dict[str, Array]
    """Unit -> what it counts at each PoP, infinite where it cannot be."""
    forests: list[Forest]
    limits: Counter[str]
    """Graph link -> how many latency limits count its latency."""
    limits_ms: float
    """Their sum."""

    def spread(self, link: GraphLink, share: float, multiplier: float, start: Array) -> Array:
        """What `start` becomes over `link`: at each PoP, the least over all PoPs where it may come from."""
        rates = self.aim.weights_of(link.name)
        latency = rates.latency * self.aim.shares[link.name]
        price = rates.cost * link.bandwidth_mbps
        usable = self.ways.usable(link, self.needs)
        per_ms = latency + multiplier * self.limits[link.name]
        return self.ways.spread(usable, share * price, share * per_ms, start)

    def least(self, multiplier: float) -> float:
        """The bound that the multiplier gives."""
        bounds = [forest.least(self.counts, self._message(forest, multiplier)) for forest in self.forests]
        return float(np.mean(bounds)) - multiplier * self.limits_ms

    def touching(self, multiplier: float) -> Array:
        """The same of each PoP: the least over graph links that may pass it."""
        passing: dict[str, list[Array]] = {}
        least = []
        for forest in self.forests:
            one = forest.passing(self.counts, self._message(forest, multiplier))
            least.append(one.least)
            for name, counts in one.of_links.items():
                passing.setdefault(name, []).append(counts - one.least)
            for name, counts in one.of_units.items():
                passing.setdefault(name, []).append(counts - one.least)
        if not passing:
            return np.zeros(self.ways.size)
        if not np.all(np.isfinite(least)):
            return np.full(self.ways.size, np.inf)
        # in a forest without a link, or a unit alone, it adds nothing to the least
        added = np.min([np.sum(each, axis=0) for each in passing.values()], axis=0) / len(self.forests)
        return np.asarray(added + float(np.mean(least)) - multiplier * self.limits_ms)

    def _message(self, forest: Forest, multiplier: float) -> Message:
        return lambda link, start: self.spread(link, forest.shares[link.name], multiplier, start)


def bounds(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    free: nx.MultiGraph,
    candidates: Candidates,
    budget_s: float = np.inf,
) -> Bounds:
    """The bounds of all PoPs.

    :param free: topology.build(infrastructure, usage)
    :param budget_s: about how long that may take; the shorter, the lower are the bounds
    """
    once_s = max(1, len(graph.links)) * len(infrastructure.pops) * _MESSAGE_S
    most = int(min(MOST_FORESTS, max(1.0, budget_s / (_PASSES * once_s))))
    relaxed = _relaxed(graph, infrastructure, usage, standing, free, candidates, most)
    multiplier, least = _multiplier(relaxed, budget_s / once_s)
    touching = relaxed.touching(multiplier)
    return Bounds(least, dict(zip(relaxed.ways.pops, touching.tolist(), strict=True)))


def _multiplier(relaxed: _Relaxed, most: float) -> tuple[float, float]:
    """The multiplier of those tried whose bound is the highest; the bound is concave in it.

    :param most: how often all links may send messages
    """
    best = (0.0, relaxed.least(0.0))
    messages = len(relaxed.graph.links) * relaxed.ways.size * len(relaxed.forests)
    if relaxed.limits_ms <= 0 or not np.isfinite(best[1]) or messages * len(_STEPS) > _PATIENCE:
        return best
    if len(relaxed.forests) * (len(_STEPS) + _PASSES) > most:
        return best
    for step in _STEPS:
        multiplier = step * max(best[1], 1e-9) / relaxed.limits_ms
        bound = relaxed.least(multiplier)
        if bound < best[1]:
            break
        best = (multiplier, bound)
    return best


def _relaxed(
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing,
    free: nx.MultiGraph,
    candidates: Candidates,
    most: int,
) -> _Relaxed:
    needs, aim, ways = Needs(standing), Aim(graph, infrastructure, standing), Ways(free)
    counting = _Counting(graph, infrastructure, usage, needs, aim, free, candidates)
    units = _units(graph)
    counts = {unit: counting.together(members, ways) for unit, members in _members(units).items()}
    joined = [(link, units[link.ends[0]], units[link.ends[1]]) for link in graph.links]
    joined = [(link, one, other) for link, one, other in joined if one != other]
    limits, limits_ms = _limits(graph)
    forests = covering_forests(list(counts), joined, most)
    return _Relaxed(graph, ways, needs, aim, counts, forests, limits, limits_ms)


def _limits(graph: ServiceGraph) -> tuple[Counter[str], float]:
    """Graph link -> how many latency limits count its latency; and the sum of all limits."""
    limited: list[tuple[tuple[str, ...], float | None]]
    limited = [((link.name,), link.latency_ms) for link in graph.links]
    limited += [(chain.links, chain.latency_ms) for chain in graph.chains]
    times = Counter(name for names, limit in limited if limit is not None for name in names)
    return times, sum(limit for _, limit in limited if limit is not None)


def _units(graph: ServiceGraph) -> dict[str, str]:
    """Instance or endpoint -> the unit it belongs to, named by one of those that must share its PoP."""
    sharing = nx.utils.UnionFind([part.name for part in graph.instances])
    for group in graph.affinity:
        sharing.union(*group)
    units: dict[str, str] = {part.name: sharing[part.name] for part in graph.instances}
    return units | {endpoint.name: endpoint.name for endpoint in graph.endpoints}


def _members(units: dict[str, str]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name, unit in units.items():
        members.setdefault(unit, []).append(name)
    return members


class _Counting:
    """What instances count at a PoP, each by itself."""

    def __init__(
        self,
        graph: ServiceGraph,
        infrastructure: Infrastructure,
        usage: Usage,
        needs: Needs,
        aim: Aim,
        free: nx.MultiGraph,
        candidates: Candidates,
    ) -> None:
        self._instances = {part.name: part for part in graph.instances}
        self._infrastructure, self._usage = infrastructure, usage
        self._needs, self._aim, self._free, self._candidates = needs, aim, free, candidates

    def together(self, members: list[str], ways: Ways) -> Array:
        """What those of one unit count at each PoP; infinite where they do not fit together."""
        counts = np.full(ways.size, np.inf)
        shared = set.intersection(*(set(self._candidates[member]) for member in members))
        for pop in shared:
            if self._together_fit(members, pop):
                counts[ways.position[pop]] = sum(self._at(member, pop) for member in members)
        return counts

    def _together_fit(self, members: list[str], pop: str) -> bool:
        parts = [self._instances[member] for member in members if member in self._instances]
        if len(parts) < 2:
            return True
        total = sum((self._needs.resources(part, pop) for part in parts), start=Resources.of(0, 0, 0))
        return total.fits_in(self._free.nodes[pop]["free"])

    def _at(self, member: str, pop: str) -> float:
        part = self._instances.get(member)
        if part is None:
            return 0.0
        counted = self._aim.at(part, pop)
        weight = self._aim.weights_of(member).balance
        return (
            counted + weight * sum(self._loads(pop, self._needs.resources(part, pop))) if weight else counted
        )

    def _loads(self, pop: str, arriving: Resources) -> Iterator[float]:
        """What the load grows by one arriving alone: by the load's convexity, no more than beside others."""
        for used, more, most in loaded(self._infrastructure, self._usage, pop, arriving):
            yield load((used + more) / most) - load(used / most)
