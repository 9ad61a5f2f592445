"""Physical links that are on a quick enough way, link by link of the service: no plan takes others."""

from collections.abc import Sequence

import numpy as np

from placement.search.clock import Stop
from placement.search.puzzle import SLACK_MS, Puzzle
from placement.search.quotient import steps_of
from placement.search.terrain import Floats, Ints, Mask


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
