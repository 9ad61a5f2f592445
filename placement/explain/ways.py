"""Links and chains in words: how far, how wide, and from where to where."""

import heapq
from collections.abc import Iterator

from domain.errors import InfeasibleError
from domain.plans import GraphChain, GraphLink
from domain.spelling import perhaps
from placement import topology
from placement.candidates import Candidates, candidates
from placement.explain.causes import first_end
from placement.explain.demands import Demand
from placement.explain.reach import onward
from placement.explain.words import figure, some
from placement.explain.worlds import World
from placement.needs import Needs

_SHOWN = 4
_SLACK = 1e-9


class WayFacts:
    """Of the links, chains and endpoints of a conflict's own small world.

    :param small: the world with the conflict's requirements alone
    """

    def __init__(self, small: World, world: World) -> None:
        self._small, self._world = small, world
        self._free = topology.build(small.infrastructure, small.usage)
        self._needs = Needs(small.standing)
        try:
            found: Candidates = candidates(small.graph, small.infrastructure, self._free, small.standing)
        except InfeasibleError:
            found = {}
        self._options = found

    def text(self, demand: Demand) -> str:
        """What is asked for."""
        if demand.kind == "endpoint":
            end = next(each for each in self._world.graph.endpoints if each.name == demand.subject)
            return f"{end.name} is at {end.pop or f'the PoP nearest to its location ({self._at(end.name)})'}"
        if demand.kind == "chain-latency":
            return f"chain {demand.subject} allows {figure(self._chains(demand)[0].latency_ms or 0.0)} ms"
        parts = [link for link in self._world.graph.links if link.virtual_link == demand.subject]
        ends = [self._component(end) for end in parts[0].ends]
        joins = f"link {demand.subject} joins {ends[0]} and {ends[1]}"
        if demand.kind == "latency":
            return f"{joins} within {figure(parts[0].latency_ms or 0.0)} ms"
        if demand.kind == "bandwidth":
            return f"{joins} with {_mbps(sum(link.bandwidth_mbps for link in parts))}"
        return joins

    def facts(self, demand: Demand) -> Iterator[str]:
        """What the network has to say to it."""
        if demand.kind == "endpoint":
            yield from self._endpoint_facts(demand.subject)
        elif demand.kind == "chain-latency":
            yield from self._chain_facts(demand)
        else:
            links = [link for link in self._small.graph.links if link.virtual_link == demand.subject]
            told = self._wide if demand.kind == "bandwidth" else self._far
            texts = [*dict.fromkeys(text for link in links for text in told(link))]
            yield from texts[:_SHOWN]

    def _at(self, end: str) -> str:
        return some(self._options.get(end, ())) or "none"

    def _component(self, end: str) -> str:
        return next((part.component for part in self._world.graph.instances if part.name == end), end)

    def _endpoint_facts(self, name: str) -> Iterator[str]:
        end = next(each for each in self._world.graph.endpoints if each.name == name)
        if end.pop is not None and end.pop not in self._world.infrastructure.pops:
            yield "there is no such PoP"
            yield from filter(None, [perhaps(end.pop, self._world.infrastructure.pops)])
        elif not self._options:
            yield "no PoP has a location"

    def _anchored(self, link: GraphLink) -> tuple[str, str]:
        """The end with fewer PoPs to choose from, and the other."""
        first, second = link.ends
        return (first, second) if len(self._options[first]) <= len(self._options[second]) else (second, first)

    def _from(self, anchor: str) -> str:
        places = some(self._options[anchor], _SHOWN)
        return places if places == anchor else f"{self._component(anchor)} at {places}"

    def _far(self, link: GraphLink) -> Iterator[str]:
        """How far the PoPs of the other end are, the nearest first; or which are near enough."""
        if not self._options:
            return
        anchor, other = self._anchored(link)
        to, whence = self._options[other], self._from(anchor)
        reached = onward(dict.fromkeys(self._options[anchor], 0.0), link, to, self._free, self._needs)
        limit = float("inf") if link.latency_ms is None else link.latency_ms + _SLACK
        near = [pop for pop in reached if reached[pop] <= limit]
        if near and len(near) < len(to):
            yield f"only {some(near, _SHOWN)} {'is' if len(near) == 1 else 'are'} so near to {whence}"
        elif not near:
            yield from self._too_far(reached, whence, to, link)

    def _too_far(
        self, reached: dict[str, float], whence: str, to: tuple[str, ...], link: GraphLink
    ) -> Iterator[str]:
        nearest = sorted(reached, key=lambda pop: (reached[pop], pop))
        yield from (f"{pop} is {figure(reached[pop])} ms from {whence}" for pop in nearest[: _SHOWN - 1])
        missed = [pop for pop in to if pop not in reached]
        if len(nearest) >= _SHOWN:
            yield f"{len(nearest) - _SHOWN + 1} more PoPs are farther"
        elif missed:
            wide = f" with {_mbps(link.bandwidth_mbps)} free" if link.bandwidth_mbps else ""
            yield f"no way{wide} leads from {whence} to {some(missed, _SHOWN)}"

    def _wide(self, link: GraphLink) -> Iterator[str]:
        """How wide the ways to the PoPs of the other end are, the widest first; or which are wide enough."""
        if not self._options:
            return
        anchor, other = self._anchored(link)
        to, whence, width = self._options[other], self._from(anchor), self._widths(self._options[anchor])
        enough = [pop for pop in to if width.get(pop, 0.0) >= link.bandwidth_mbps]
        if enough and len(enough) < len(to):
            have = "has" if len(enough) == 1 else "have"
            yield f"only {some(enough, _SHOWN)} {have} so wide a way to {whence}"
        elif not enough:
            widest = sorted(to, key=lambda pop: (-width.get(pop, 0.0), pop))
            for pop in widest[: _SHOWN - 1]:
                yield (
                    f"the widest way from {whence} to {pop} has {_mbps(width[pop])} free"
                    if pop in width
                    else (f"no way leads from {whence} to {pop}")
                )
            if len(widest) >= _SHOWN:
                yield f"{len(widest) - _SHOWN + 1} more PoPs have no wider one"

    def _widths(self, start: tuple[str, ...]) -> dict[str, float]:
        """To each PoP, the most Mbit/s that are free on a way from one of `start`; within a PoP there is no
        limit."""
        heap = [(-float("inf"), pop) for pop in start]
        found: dict[str, float] = {}
        while heap:
            width, pop = heapq.heappop(heap)
            if pop in found:
                continue
            found[pop] = -width
            for _, neighbour, mbps in self._free.edges(pop, data="free_mbps"):
                heapq.heappush(heap, (max(width, -mbps), neighbour))
        return found

    def _chains(self, demand: Demand) -> list[GraphChain]:
        return [way for way in self._world.graph.chains if way.chain == demand.subject]

    def _chain_facts(self, demand: Demand) -> Iterator[str]:
        """The quickest way that one of its ways could take if it were alone."""
        if not self._options:
            return
        quick = [ms for way in self._chains(demand) if (ms := self._quickest(way)) is not None]
        if quick:
            limit = self._chains(demand)[0].latency_ms or 0.0
            joint = "" if max(quick) > limit + _SLACK else ", if nothing else counted"
            yield f"the quickest way through it takes {figure(max(quick))} ms{joint}"
        else:
            yield "no way leads through it"

    def _quickest(self, way: GraphChain) -> float | None:
        links = {link.name: link for link in self._small.graph.links}
        steps = [links[name] for name in way.links]
        if not steps:
            return 0.0
        here = first_end(steps)
        costs = dict.fromkeys(self._options[here], 0.0)
        for step in steps:
            here = step.ends[1] if step.ends[0] == here else step.ends[0]
            costs = onward(costs, step, self._options[here], self._free, self._needs)
        return min(costs.values()) if costs else None


def _mbps(amount: float) -> str:
    return f"{figure(amount)} Mbit/s"
