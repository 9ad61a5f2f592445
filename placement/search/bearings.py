"""The blocks of a puzzle one by one: candidates, what they are joined with, and an order to place them in."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from placement.search.puzzle import Puzzle
from placement.search.relaxation import Relaxation
from placement.search.terrain import Floats, Ints


@dataclass(frozen=True)
class Bond:
    """What joins a block with another one."""

    other: int
    links: tuple[int, ...]
    tie: int | None
    """Its number in the relaxation; None where one of both has no choice, or both are of one class."""


@dataclass(eq=False)
class Bearings:
    """Of the candidates that a relaxation keeps."""

    relaxation: Relaxation

    def __post_init__(self) -> None:
        whole = self.relaxation.whole
        self.puzzle: Puzzle = whole.puzzle
        self.nodes = whole.classes.blocks
        rows = [whole.chosen(self.relaxation.pops, node) for node in range(len(self.relaxation.pops))]
        self.pops: list[Ints] = [self.relaxation.pops[node] for node in self.nodes]
        self.rows: list[Ints] = [rows[node] for node in self.nodes]
        blocks = self.puzzle.blocks
        self.costs: list[Floats] = [block.costs[row] for block, row in zip(blocks, self.rows, strict=True)]
        self.demand: list[Floats] = [block.demand[row] for block, row in zip(blocks, self.rows, strict=True)]

    @cached_property
    def everywhere(self) -> Floats:
        """Block x PoP x resource: what it takes; 0 where it cannot be."""
        found = np.zeros((len(self.nodes), len(self.puzzle.terrain.pops), 3))
        for block, pops in enumerate(self.pops):
            found[block, pops] = self.demand[block]
        return found

    @cached_property
    def order(self) -> list[int]:
        """Those without a choice, then along the forest, parents first and the blocks of a class together."""
        pops, branches = self.relaxation.pops, self.relaxation.branches
        nodes = [node for node in range(len(pops)) if len(pops[node]) == 1]
        nodes += [node for branch in branches for node in (branch.parent, branch.child)]
        place = {node: rank for rank, node in reversed(list(enumerate([*nodes, *range(len(pops))])))}
        return sorted(range(len(self.nodes)), key=lambda block: (place[self.nodes[block]], block))

    @cached_property
    def bonds(self) -> list[list[Bond]]:
        """Block -> what joins it with others."""
        tie_of = {strand: number for number, tie in enumerate(self.relaxation.ties) for strand in tie.strands}
        whole = self.relaxation.whole
        strand_of = {
            whole.classes.links[strand.link]: tie_of.get(number)
            for number, strand in enumerate(whole.strands)
        }
        between: dict[tuple[int, int], list[int]] = {}
        for number, link in enumerate(self.puzzle.links):
            for one, other in (link.ends, link.ends[::-1]):
                between.setdefault((one, other), []).append(number)
        found: list[list[Bond]] = [[] for _ in self.puzzle.blocks]
        for (one, other), links in between.items():
            found[one].append(Bond(other, tuple(links), strand_of.get(whole.classes.links[links[0]])))
        return found

    @cached_property
    def groups(self) -> list[list[int]]:
        """Block -> the groups that must be apart that it is in."""
        found: list[list[int]] = [[] for _ in self.puzzle.blocks]
        for number, group in enumerate(self.puzzle.apart):
            for block in group:
                found[block].append(number)
        return found

    @cached_property
    def rivals(self) -> list[list[int]]:
        """Block -> those that must not share its PoP."""
        apart = self.puzzle.apart
        return [
            sorted({other for number in groups for other in apart[number]} - {block})
            for block, groups in enumerate(self.groups)
        ]

    @cached_property
    def chains(self) -> list[list[int]]:
        """Block -> the chains with a latency bound that pass it."""
        on: list[set[int]] = [set() for _ in self.puzzle.blocks]
        for number, chain in enumerate(self.puzzle.chains):
            for link in chain.links:
                for block in self.puzzle.links[link].ends:
                    on[block].add(number)
        return [sorted(each) for each in on]

    @cached_property
    def twins(self) -> dict[int, int]:
        """Block -> the one before it in the order with which it may change places: nothing else changes."""
        found = {}
        for one, other in zip(self.order, self.order[1:], strict=False):
            if self.nodes[one] == self.nodes[other] and self._alike(one, other):
                found[other] = one
        return found

    def _alike(self, one: int, other: int) -> bool:
        swap = {one: other, other: one}
        links, colours = self.puzzle.links, self.relaxation.whole.classes.links

        def seen(link: int, turn: dict[int, int]) -> tuple[int, frozenset[int]]:
            return colours[link], frozenset(turn.get(end, end) for end in links[link].ends)

        def around(block: int, turn: dict[int, int]) -> list[object]:
            joined = [seen(link, turn) for bond in self.bonds[block] for link in bond.links]
            return sorted(joined, key=repr)

        def passing(turn: dict[int, int]) -> list[object]:
            numbers = {*self.chains[one], *self.chains[other]}
            passed = [self.puzzle.chains[number] for number in numbers]
            return sorted(((c.limit_ms, *(seen(link, turn) for link in c.links)) for c in passed), key=repr)

        def apart(turn: dict[int, int]) -> list[object]:
            numbers = {*self.groups[one], *self.groups[other]}
            return sorted((sorted(turn.get(b, b) for b in self.puzzle.apart[n]) for n in numbers), key=repr)

        return (
            around(one, swap) == around(other, {})
            and passing(swap) == passing({})
            and apart(swap) == apart({})
        )

    def position(self, block: int, pop: int) -> int:
        """The row of a PoP among a block's candidates."""
        return int(np.searchsorted(self.pops[block], pop))
