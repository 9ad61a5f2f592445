"""Physical links that are on a quick enough way, link by link of the service: no plan takes others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from placement.search.clock import Stop
from placement.search.puzzle import SLACK_MS, Link, Puzzle
from placement.search.quotient import Quotient, steps_of
from placement.search.terrain import Floats, Ints, Mask


def hurried(whole: Quotient, kept: Sequence[Ints], stop: Stop) -> Quotient:
    """With each link's best ways over those physical links only: what they count sees chains' latencies.

    Links that are alike stay so, with what any of them could take.

    :param kept: node -> the candidates that a plan could have
    """
    puzzle, colours = whole.puzzle, whole.classes.links
    pops = [kept[node] for node in whole.classes.blocks]
    usable: dict[int, Mask] = {}
    for colour, mask in zip(colours, in_time(puzzle, pops, stop), strict=True):
        usable[colour] = usable[colour] | mask if colour in usable else mask
    kinds: dict[tuple[int, int], int] = {}
    ends: dict[int, set[int]] = {}
    for colour, link in zip(colours, puzzle.links, strict=True):
        ends.setdefault(colour, set()).update(end for end in link.ends)
    known: dict[int, Link] = {}
    for colour, link in zip(colours, puzzle.links, strict=True):
        if colour not in known:
            known[colour] = _over(puzzle, link, usable[colour], [pops[end] for end in ends[colour]])
    links = tuple(
        replace(
            link,
            kind=kinds.setdefault((link.kind, colour), len(kinds)),
            usable=known[colour].usable,
            costs=known[colour].costs,
        )
        for colour, link in zip(colours, puzzle.links, strict=True)
    )
    return replace(whole, puzzle=replace(puzzle, links=links))


def _over(puzzle: Puzzle, link: Link, usable: Mask, places: Sequence[Ints]) -> Link:
    """With ways from those places over fewer physical links; between others, what it counted before."""
    if (usable == link.usable).all():
        return link
    sources = np.unique(np.concatenate(places))
    ways = puzzle.terrain.ways_from(sources, usable, link.per_price, link.per_ms)
    costs = link.costs.copy()
    costs[sources] = np.maximum(costs[sources], ways)
    costs[:, sources] = costs[sources].T
    return replace(link, usable=usable, costs=costs)


def in_time(puzzle: Puzzle, pops: Sequence[Ints], stop: Stop) -> list[Mask]:
    """Link -> physical link -> whether it can be part of its way, with all else as quick as it can be.

    Where it is time to stop, more than those.

    :param pops: block -> the candidates that a plan could have
    """
    found = [link.usable for link in puzzle.links]
    limits = [((n,), link.limit_ms) for n, link in enumerate(puzzle.links) if link.limit_ms is not None]
    for links, limit_ms in [*((chain.links, chain.limit_ms) for chain in puzzle.chains), *limits]:
        steps = steps_of(puzzle, links)
        if steps is None or stop():
            continue
        before, after = _around(puzzle, links, [pops[block] for block in steps])
        for link, start, end in zip(links, before, after, strict=True):
            found[link] = found[link] & (_through(puzzle, start, end) <= limit_ms + SLACK_MS)
    return found


def _around(
    puzzle: Puzzle, links: Sequence[int], places: Sequence[Ints]
) -> tuple[list[Floats], list[Floats]]:
    """Of each link of a chain: the least latency from the chain's start to each PoP, and on to its end."""
    ways = [puzzle.quickest(link) for link in links]
    before, here = [], np.zeros(len(places[0]))
    for way, pops, onward in zip(ways, places, places[1:], strict=False):
        before.append(_least(here, way[pops]))
        here = before[-1][onward]
    after, here = [], np.zeros(len(places[-1]))
    for way, pops, back in zip(reversed(ways), reversed(places), reversed(places[:-1]), strict=False):
        after.append(_least(here, way[pops]))
        here = after[-1][back]
    return before, after[::-1]


def _least(here: Floats, ways: Floats) -> Floats:
    least: Floats = (here[:, None] + ways).min(axis=0, initial=np.inf)
    return least


def _through(puzzle: Puzzle, start: Floats, end: Floats) -> Floats:
    """Physical link -> the latency of the chain with it, in the better direction."""
    tails, heads = puzzle.terrain.tails, puzzle.terrain.heads
    quicker: Floats = np.minimum(start[tails] + end[heads], start[heads] + end[tails])
    return quicker + puzzle.terrain.latencies
