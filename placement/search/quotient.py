"""The placement with what is alike merged: one node a class of blocks, counted as often as it stands."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from placement.search.clock import Stop
from placement.search.likeness import Classes
from placement.search.puzzle import SLACK_MS, Puzzle
from placement.search.terrain import Floats, Ints, Mask


@dataclass(frozen=True, eq=False)
class Strand:
    """A class of links that joins two nodes."""

    link: int
    """One of them, by its number in the puzzle."""
    count: int
    nodes: tuple[int, int]
    bond: int
    """The class of what joins two blocks that it is part of."""
    mean_mbps: float


@dataclass(frozen=True)
class Bound:
    """A class of chains with a latency bound."""

    count: int
    limit_ms: float
    strands: tuple[tuple[int, int], ...]
    """(strand, how often it is on each of the chains)."""


@dataclass(frozen=True)
class Apart:
    """A class of groups of which no two members share a PoP."""

    count: int
    members: tuple[tuple[int, int], ...]
    """(node, how many of each group)."""


@dataclass(frozen=True, eq=False)
class Quotient:
    """Nodes are the classes of blocks; `pops` are what is left of their candidates."""

    puzzle: Puzzle
    classes: Classes
    blocks: tuple[int, ...]
    """Node -> one of its blocks."""
    counts: tuple[int, ...]
    strands: tuple[Strand, ...]
    bounds: tuple[Bound, ...]
    apart: tuple[Apart, ...]

    def chosen(self, kept: list[Ints], node: int) -> Ints:
        """The rows of a node's block that belong to the candidates that are kept."""
        return np.searchsorted(self.puzzle.blocks[self.blocks[node]].pops, kept[node])

    def costs(self, strand: int, one: Ints, other: Ints) -> Floats:
        """What all links of a strand count between candidates of its nodes."""
        return self.strands[strand].count * self._link_costs(strand)[np.ix_(one, other)]

    def clash(self, strand: int, one: Ints, other: Ints) -> Mask:
        """Where both ends of a strand's link would be on one PoP, without room for both, or must be apart."""
        puzzle = self.puzzle
        ends = puzzle.links[self.strands[strand].link].ends
        free = puzzle.terrain.free[one]
        rows = [
            np.searchsorted(puzzle.blocks[end].pops, pops)
            for end, pops in zip(ends, (one, other), strict=True)
        ]
        first, second = (puzzle.blocks[end].demand[row] for end, row in zip(ends, rows, strict=True))
        if any(set(ends) <= set(group) for group in puzzle.apart):
            full: Mask = np.ones((len(one), len(other)), dtype=bool)
        else:
            both = first[:, None, :] + second[None, :, :]
            full = np.any((both > free[:, None, :]) & (both > 0), axis=2)
        clash: Mask = full & (one[:, None] == other[None, :])
        return clash

    def _link_costs(self, strand: int) -> Floats:
        return self.puzzle.links[self.strands[strand].link].costs

    def quickest(self, strand: int, one: Ints, other: Ints) -> Floats:
        """The least latency of one link of a strand between candidates of its nodes."""
        return self.puzzle.quickest(self.strands[strand].link)[np.ix_(one, other)]


def quotient(puzzle: Puzzle, classes: Classes) -> Quotient:
    """`puzzle` with its classes merged; links within a class are left out: at the least they cost nothing."""
    blocks = _firsts(classes.blocks)
    links = _firsts(classes.links)
    numbers: dict[int, int] = {}
    strands: list[Strand] = []
    for colour, link in enumerate(links):
        nodes = classes.blocks[puzzle.links[link].ends[0]], classes.blocks[puzzle.links[link].ends[1]]
        if nodes[0] != nodes[1]:
            numbers[colour] = len(strands)
            mbps = float(puzzle.links[link].mbps.mean()) if len(puzzle.links[link].mbps) else 0.0
            strands.append(Strand(link, classes.links.count(colour), nodes, classes.bonds[link], mbps))
    return Quotient(
        puzzle,
        classes,
        blocks,
        tuple(classes.blocks.count(colour) for colour in range(len(blocks))),
        tuple(strands),
        _bounds(puzzle, classes, numbers),
        _apart(puzzle, classes),
    )


def _firsts(colours: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(colours.index(colour) for colour in range(len(set(colours))))


def _bounds(puzzle: Puzzle, classes: Classes, numbers: dict[int, int]) -> tuple[Bound, ...]:
    found = []
    for colour, first in enumerate(_firsts(classes.chains)):
        often: defaultdict[int, int] = defaultdict(int)
        for link in puzzle.chains[first].links:
            if classes.links[link] in numbers:
                often[numbers[classes.links[link]]] += 1
        chain = puzzle.chains[first]
        found.append(Bound(classes.chains.count(colour), chain.limit_ms, tuple(often.items())))
    return tuple(found)


def _apart(puzzle: Puzzle, classes: Classes) -> tuple[Apart, ...]:
    found = []
    for colour, first in enumerate(_firsts(classes.apart)):
        often: defaultdict[int, int] = defaultdict(int)
        for block in puzzle.apart[first]:
            often[classes.blocks[block]] += 1
        found.append(Apart(classes.apart.count(colour), tuple(often.items())))
    return tuple(found)


def quick_enough(whole: Quotient, stop: Stop) -> list[Ints]:
    """Node -> the candidates from which each chain can be quick enough, were it alone.

    Where it is time to stop, more than those.
    """
    puzzle = whole.puzzle
    kept = [puzzle.blocks[block].pops for block in whole.blocks]
    for first in _firsts(whole.classes.chains):
        if stop():
            break
        _shorten(whole, first, kept)
    return kept


def _shorten(whole: Quotient, number: int, kept: list[Ints]) -> None:
    """Keep what lies on a quick enough way through a chain."""
    puzzle, chain = whole.puzzle, whole.puzzle.chains[number]
    steps = steps_of(puzzle, chain.links)
    if steps is None:
        return
    nodes = [whole.classes.blocks[block] for block in steps]
    hops = [
        puzzle.quickest(link)[np.ix_(kept[one], kept[other])]
        for link, one, other in zip(chain.links, nodes, nodes[1:], strict=False)
    ]
    before = [np.zeros(len(kept[nodes[0]]))]
    for hop in hops:
        before.append(_least(before[-1][:, None] + hop, 0))
    after = [np.zeros(len(kept[nodes[-1]]))]
    for hop in reversed(hops):
        after.append(_least(after[-1][None, :] + hop, 1))
    good = [
        set(kept[node][one + other <= chain.limit_ms + SLACK_MS].tolist())
        for node, one, other in zip(nodes, before, reversed(after), strict=True)
    ]
    for node, pops in zip(nodes, good, strict=True):
        kept[node] = np.array(sorted(pops.intersection(kept[node].tolist())), dtype=np.int64)


def _least(sums: Floats, axis: int) -> Floats:
    least: Floats = sums.min(axis=axis, initial=np.inf)
    return least


def steps_of(puzzle: Puzzle, links: tuple[int, ...]) -> list[int] | None:
    """The blocks that a chain passes; None where its links are no way, one after the other."""
    if not links:
        return None
    ends = [puzzle.links[link].ends for link in links]
    for start in ends[0]:
        steps = [start]
        for one, other in ends:
            if steps[-1] not in (one, other):
                break
            steps.append(other if steps[-1] == one else one)
        else:
            return steps
    return None
