"""Messages along the spanning forests of a service graph."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import networkx as nx
import numpy as np

from domain.plans import GraphLink
from placement.abstraction.ways import Array

Message = Callable[[GraphLink, Array], Array]
"""What counts at the PoPs of one end become at those of the other, over a graph link."""

Joined = tuple[GraphLink, str, str]
"""A graph link and the two different units that it joins."""

MOST_FORESTS = 4
"""At most; links in none of them count nothing."""


@dataclass(frozen=True)
class Passing:
    """What a placement counts at each PoP."""

    least: float
    of_links: dict[str, Array] = field(default_factory=dict)
    """Graph link -> with its route through the PoP."""
    of_units: dict[str, Array] = field(default_factory=dict)
    """Unit without a link -> with it there."""


@dataclass(frozen=True)
class _Step:
    """A unit and the one above it; roots have none."""

    unit: str
    above: str | None
    link: GraphLink | None


class Forest:
    """A spanning forest of the units; `shares` says how much of each link's counts is this forest's."""

    def __init__(self, units: list[str], links: list[Joined], shares: dict[str, float]) -> None:
        self.shares = shares
        graph = nx.Graph()
        graph.add_nodes_from(units)
        graph.add_edges_from((one, other, {"link": link}) for link, one, other in links)
        self._steps: list[_Step] = []
        self._below: dict[str, list[_Step]] = {unit: [] for unit in units}
        for root in (next(iter(part)) for part in nx.connected_components(graph)):
            self._steps.append(_Step(root, None, None))
            for above, unit in nx.bfs_edges(graph, root):
                step = _Step(unit, above, graph.edges[above, unit]["link"])
                self._steps.append(step)
                self._below[above].append(step)

    def least(self, counts: dict[str, Array], message: Message) -> float:
        """What all units count together at least."""
        gathered, _ = self._upwards(counts, message)
        return float(sum(gathered[step.unit].min() for step in self._steps if step.above is None))

    def passing(self, counts: dict[str, Array], message: Message) -> Passing:
        """The same under the condition that a link passes a PoP; infinite where it cannot."""
        gathered, arrived = self._upwards(counts, message)
        roots = {step.unit: float(gathered[step.unit].min()) for step in self._steps if step.above is None}
        least = sum(roots.values())
        if not np.isfinite(least):
            return Passing(np.inf)
        rest: dict[str, float] = {}
        """Unit -> what the other trees of the forest count."""
        whole = Passing(least)
        from_above: dict[str, Array] = {}
        for step in self._steps:
            if step.above is None:
                rest[step.unit] = least - roots[step.unit]
                if not self._below[step.unit]:
                    whole.of_units[step.unit] = counts[step.unit] + rest[step.unit]
            others = self._without_each(step.unit, counts, arrived, from_above.get(step.unit))
            for below, outside in zip(self._below[step.unit], others, strict=True):
                assert below.link is not None
                rest[below.unit] = rest[step.unit]
                from_above[below.unit] = message(below.link, outside)
                through = from_above[below.unit] + arrived[below.unit] + rest[step.unit]
                whole.of_links[below.link.name] = through
        return whole

    def _upwards(
        self, counts: dict[str, Array], message: Message
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Unit -> what it and all below it count at each PoP; unit -> the same, arrived at the other end."""
        gathered, arrived = dict(counts), {}
        for step in reversed(self._steps):
            if step.above is not None and step.link is not None:
                arrived[step.unit] = message(step.link, gathered[step.unit])
                gathered[step.above] = gathered[step.above] + arrived[step.unit]
        return gathered, arrived

    def _without_each(
        self, unit: str, counts: dict[str, Array], arrived: dict[str, Array], above: Array | None
    ) -> list[Array]:
        """For each step below: what the unit, all above and all other steps below count (no differences: of
        infinite counts there are none)."""
        messages = [arrived[step.unit] for step in self._below[unit]]
        before = [counts[unit] if above is None else counts[unit] + above]
        for one in messages[:-1]:
            before.append(before[-1] + one)
        after = [np.zeros_like(counts[unit])]
        for one in reversed(messages[1:]):
            after.append(after[-1] + one)
        return [early + late for early, late in zip(before, reversed(after), strict=True)] if messages else []


def covering_forests(units: list[str], links: list[Joined], most: int = MOST_FORESTS) -> list[Forest]:
    """Spanning forests that together hold all links, as far as `most` can; one where one can."""
    times: Counter[str] = Counter()
    chosen: list[list[Joined]] = []
    while len(chosen) < most and (not chosen or any(link.name not in times for link, _, _ in links)):
        sharing = nx.utils.UnionFind(units)
        forest = []
        for joined in sorted(links, key=lambda each: (times[each[0].name], -each[0].bandwidth_mbps)):
            if sharing[joined[1]] != sharing[joined[2]]:
                sharing.union(joined[1], joined[2])
                forest.append(joined)
        times.update(link.name for link, _, _ in forest)
        chosen.append(forest)
    return [
        Forest(units, forest, {link.name: len(chosen) / times[link.name] for link, _, _ in forest})
        for forest in chosen
    ]
