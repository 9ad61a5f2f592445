"""What a solver still has to look at: places and arcs of plans that could be better than the best."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from placement.model import Arc
from placement.search.bearings import Bearings
from placement.search.clock import Stop
from placement.search.hurry import in_time
from placement.search.puzzle import Puzzle
from placement.search.relaxed import Relaxed
from placement.search.states import States
from placement.search.terrain import Floats, Ints, Mask

Pairs = Callable[[int], Floats]
"""Link -> (place of its first block, of its second): how far a plan with both is above the bound."""


@dataclass(frozen=True)
class Remainder:
    """Enough for an optimum, by names."""

    options: Mapping[str, tuple[str, ...]]
    """Instance or endpoint -> PoPs."""
    arcs: Mapping[str, frozenset[Arc]]
    """Graph link between two blocks -> the arcs that its way may take; those without may take any."""


def remainder(puzzle: Puzzle, kept: Sequence[Ints], pairs: Pairs, gap: float, stop: Stop) -> Remainder:
    """What can be part of a plan that is less than `gap` above the bound.

    :param kept: block -> its places; with `pairs` in their order
    :param stop: from then on links may take any arc
    """
    names = puzzle.terrain.pops
    options = {
        member: tuple(names[pop] for pop in pops)
        for block, pops in zip(puzzle.blocks, kept, strict=True)
        for member in block.members
    }
    usable = in_time(puzzle, kept, stop)
    arcs = {
        link.name: _arcs(puzzle, number, kept, usable[number], pairs(number), gap)
        for number, link in enumerate(puzzle.links)
        if not stop()
    }
    return Remainder(options, arcs)


def _arcs(
    puzzle: Puzzle, number: int, kept: Sequence[Ints], usable: Mask, above: Floats, gap: float
) -> frozenset[Arc]:
    """The arcs by which a way between two places is not too long a detour for what is left of the gap."""
    link, terrain = puzzle.links[number], puzzle.terrain
    first, second = (kept[end] for end in link.ends)
    direct = link.costs[np.ix_(first, second)]
    spare = np.where(np.isfinite(direct), above, np.inf) - np.where(np.isfinite(direct), direct, 0.0)
    into = np.full((len(second), len(terrain.pops)), np.inf)
    for row, start in enumerate(first):
        np.minimum(into, spare[row][:, None] + link.costs[start][None, :], out=into)
    weights = link.per_price * terrain.prices + link.per_ms * terrain.latencies
    found: set[Arc] = set()
    for tails, heads in ((terrain.tails, terrain.heads), (terrain.heads, terrain.tails)):
        through = weights + (into[:, tails] + link.costs[np.ix_(second, heads)]).min(axis=0, initial=np.inf)
        chosen = np.flatnonzero(usable & (through < gap))
        found |= {(terrain.names[e], terrain.pops[tails[e]], terrain.pops[heads[e]]) for e in chosen}
    return frozenset(found)


def places_within(bearings: Bearings, relaxed: Relaxed, gap: float) -> list[Mask]:
    """Node -> which of its candidates a block of it can have in a plan less than `gap` above the bound."""
    counts = bearings.relaxation.whole.counts
    return [rise / count < gap for rise, count in zip(relaxed.rise, counts, strict=True)]


def pairs_of_relaxation(bearings: Bearings, relaxed: Relaxed, masks: Sequence[Mask]) -> Pairs:
    """By the relaxation: what each of both places adds alone, and both where the forest ties them."""
    relaxation, nodes = bearings.relaxation, bearings.nodes
    rises = [rise / count for rise, count in zip(relaxed.rise, relaxation.whole.counts, strict=True)]
    branches = {branch.tie: branch for branch in relaxation.branches}
    tie_of = {
        relaxation.whole.classes.links[relaxation.whole.strands[strand].link]: number
        for number, tie in enumerate(relaxation.ties)
        for strand in tie.strands
    }

    def above(link: int) -> Floats:
        one, other = (nodes[end] for end in bearings.puzzle.links[link].ends)
        alone = np.maximum(rises[one][:, None], rises[other][None, :])
        branch = branches.get(tie_of.get(relaxation.whole.classes.links[link], -1))
        if branch is not None:
            matrix = relaxed.matrices[branch.tie]
            tie = relaxation.ties[branch.tie]
            matrix = matrix if tie.nodes[0] == branch.child else matrix.T
            both = (
                relaxed.sweep.below[branch.child][:, None]
                + matrix
                + relaxed.sweep.above[branch.child][None, :]
            )
            both = (both - both.min()) / tie.bonds
            alone = np.maximum(alone, both if branch.child == one else both.T)
        return alone[np.ix_(masks[one], masks[other])]

    return above


def pairs_of_states(puzzle: Puzzle, states: States, kept: Sequence[Ints], bound: float) -> Pairs:
    """By complete placements and what each counts at the least: no others are looked at."""

    def above(link: int) -> Floats:
        one, other = puzzle.links[link].ends
        rows = (
            np.searchsorted(kept[one], states.at[:, one]),
            np.searchsorted(kept[other], states.at[:, other]),
        )
        least = np.full((len(kept[one]), len(kept[other])), np.inf)
        np.minimum.at(least, rows, states.sums - bound)
        return least

    return above
