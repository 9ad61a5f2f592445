"""What a search comes to, by names."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.plans import GraphLink, Route, ServiceGraph
from placement.model import arcs_of
from placement.search.puzzle import Puzzle
from placement.search.reduction import Remainder
from placement.search.routing import Way


@dataclass(frozen=True, eq=False)
class Proposal:
    """A plan that keeps all limits, in numbers."""

    value: float
    at: tuple[int, ...]
    """Block -> PoP."""
    ways: tuple[Way, ...]
    """Of the puzzle's links."""


@dataclass(frozen=True)
class Found:
    """A plan that keeps all limits."""

    value: float
    places: Mapping[str, str]
    """Instance or endpoint -> PoP."""
    ways: tuple[Route, ...]
    """In the order of the graph's links."""


@dataclass(frozen=True)
class Finding:
    """What the search came to."""

    bound: float
    """No plan counts less; inf where there is no plan."""
    best: Found | None
    left: Remainder | None
    """Where a plan can be that counts less than the best; None where none can."""
    reason: str | None = None
    """Why there is no plan, where that is known."""


def named(graph: ServiceGraph, puzzle: Puzzle, plan: Proposal) -> Found:
    """The plan with its names; links within a block have ways too."""
    pops = puzzle.terrain.pops
    places = {
        member: pops[pop]
        for block, pop in zip(puzzle.blocks, plan.at, strict=True)
        for member in block.members
    }
    taken = {link.name: way for link, way in zip(puzzle.links, plan.ways, strict=True)}
    routes = tuple(_route(puzzle, link, taken.get(link.name), places) for link in graph.links)
    return Found(plan.value, places, routes)


def _route(puzzle: Puzzle, link: GraphLink, way: Way | None, places: Mapping[str, str]) -> Route:
    terrain = puzzle.terrain
    return Route(
        link=link.name,
        virtual_link=link.virtual_link,
        pops=tuple(terrain.pops[pop] for pop in way.pops) if way else (places[link.ends[0]],),
        physical_links=tuple(terrain.names[edge] for edge in way.edges) if way else (),
        bandwidth_mbps=link.bandwidth_mbps,
        latency_ms=way.latency_ms if way else 0.0,
    )


def with_own(bound: float, best: Found | None, left: Remainder, between: Collection[str]) -> Finding:
    """With the best plan's own places and arcs, so that no solver can say that there is nothing.

    :param between: the links between two blocks; others need no arc
    """
    if best is None:
        return Finding(bound, None, left)
    options = {
        end: (*pops, *([] if best.places[end] in pops else [best.places[end]]))
        for end, pops in left.options.items()
    }
    own = {way.link: frozenset(arcs_of(way)) for way in best.ways}
    arcs = {name: several | own[name] for name, several in left.arcs.items()}
    arcs |= {name: frozenset() for name in own.keys() - {*between}}
    return Finding(bound, best, Remainder(options, arcs))
