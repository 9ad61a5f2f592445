"""A lower bound of the objective: the quotient without what joins everything, whose breach is priced instead.

Lagrangean relaxation. Capacities, groups that must be apart and latencies of chains are priced by
multipliers; what is left is a min-sum over a forest. Ties that close a cycle are bounded each by itself; what
they count is shared with the forest by vectors that grow the sum of both bounds (as in max-product linear
programming, Globerson and Jaakkola, NIPS 2007).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from placement.search.clock import Clock
from placement.search.forest import forest, sweep
from placement.search.prices import Prices, priced
from placement.search.quotient import Quotient
from placement.search.relaxed import Relaxed, Tie
from placement.search.terrain import Floats, Ints, Mask


@dataclass(eq=False)
class Relaxation:
    """The relaxation over the candidates `pops` of each node."""

    whole: Quotient
    pops: list[Ints]
    clock: Clock
    """To raise LateError where there is no time for so many candidates."""
    shared: dict[tuple[int, int], Floats] = field(default_factory=dict)
    """(tie out of the forest, node) -> what of the tie is counted in the node instead."""
    known: list[Floats] | None = None
    """Strand -> what it counts between the candidates of its nodes, where that is known already."""

    def __post_init__(self) -> None:
        whole = self.whole
        self._rows = [self.whole.chosen(self.pops, node) for node in range(len(self.pops))]
        blocks = [self.whole.puzzle.blocks[block] for block in self.whole.blocks]
        self._demand = [
            self.whole.counts[n] * blocks[n].demand[rows] / self._size[self.pops[n]]
            for n, rows in enumerate(self._rows)
        ]
        self._base = [self.whole.counts[n] * blocks[n].costs[rows] for n, rows in enumerate(self._rows)]
        pairs = [tie.nodes for tie in self.ties]
        self.branches, self.cycles = forest(len(self.pops), pairs)
        self._turned = {
            branch.tie: self.ties[branch.tie].nodes[0] != branch.child for branch in self.branches
        }
        self._costs = self.known or [self._strand(n) for n in range(len(whole.strands))]
        self._plain = [self._matrix(tie, {}) for tie in self.ties]

    def _strand(self, number: int) -> Floats:
        """What a strand counts between the candidates of its nodes, without prices."""
        self.clock.check()
        pops = [self.pops[node] for node in self.whole.strands[number].nodes]
        return np.where(self.whole.clash(number, *pops), np.inf, self.whole.costs(number, *pops))

    @cached_property
    def _size(self) -> Floats:
        size: Floats = np.maximum(self.whole.puzzle.terrain.free, 1.0)
        return size

    @cached_property
    def _limits(self) -> Floats:
        limits: Floats = self.whole.puzzle.terrain.free / self._size
        return limits

    @cached_property
    def ties(self) -> list[Tie]:
        """The heaviest first, so that the forest takes those."""
        strands, of_bond = self.whole.strands, dict[int, list[int]]()
        for number, strand in enumerate(strands):
            if all(len(self.pops[node]) > 1 for node in strand.nodes):
                of_bond.setdefault(strand.bond, []).append(number)
        pairs = self._pairs()
        ties = [Tie(_ordered(strands[on[0]].nodes), tuple(on), pairs[bond]) for bond, on in of_bond.items()]
        weight = [sum(strands[n].count * strands[n].mean_mbps for n in tie.strands) for tie in ties]
        return [ties[n] for n in sorted(range(len(ties)), key=lambda n: -weight[n])]

    def _pairs(self) -> dict[int, int]:
        """Kind of bond -> how many pairs of blocks it joins."""
        puzzle, kinds = self.whole.puzzle, self.whole.classes.bonds
        joined: dict[int, set[frozenset[int]]] = {}
        for link, kind in zip(puzzle.links, kinds, strict=True):
            joined.setdefault(kind, set()).add(frozenset(link.ends))
        return {kind: len(pairs) for kind, pairs in joined.items()}

    @cached_property
    def loose(self) -> list[int]:
        """Strands with an end that has one candidate only."""
        tied = {strand for tie in self.ties for strand in tie.strands}
        return [number for number in range(len(self.whole.strands)) if number not in tied]

    def narrowed(self, masks: Sequence[Mask]) -> "Relaxation":
        """With fewer candidates; what ties out of the forest share stays, as far as they stay out of it."""
        pops = [each[mask] for each, mask in zip(self.pops, masks, strict=True)]
        places = [strand.nodes for strand in self.whole.strands]
        known = [
            costs[np.ix_(masks[one], masks[other])]
            for costs, (one, other) in zip(self._costs, places, strict=True)
        ]
        new = Relaxation(self.whole, pops, self.clock, known=known)
        old = {self.ties[tie].strands: tie for tie in self.cycles}
        for tie in new.cycles:
            before = old.get(new.ties[tie].strands)
            for node in new.ties[tie].nodes:
                if before is not None and (before, node) in self.shared:
                    new.shared[tie, node] = self.shared[before, node][masks[node]]
        return new

    def within(self, whole: Quotient) -> "Relaxation":
        """Of the same nodes, where their links count otherwise."""
        return Relaxation(whole, self.pops, self.clock, dict(self.shared))

    def nothing(self) -> Prices:
        """No multiplier at all."""
        places = len(self.whole.puzzle.terrain.pops)
        return Prices(
            np.zeros((places, 3)), np.zeros((len(self.whole.apart), places)), np.zeros(len(self.whole.bounds))
        )

    def evaluate(self, prices: Prices) -> Relaxed:
        """The bound with these multipliers; inf where there is no placement."""
        delays = self._delays(prices)
        unary = self._unary(prices, delays)
        matrices = self._matrices(delays)
        oriented = [m.T if self._turned.get(t) else m for t, m in enumerate(matrices)]
        found = sweep(self.branches, unary, oriented)
        rise = [each.copy() for each in found.rise]
        bound = found.least + self._closing(matrices, rise) - self._constant(prices)
        return Relaxed(bound, found.labels, found, rise, unary, matrices)

    def _constant(self, prices: Prices) -> float:
        counts = np.array([group.count for group in self.whole.apart])
        delays = [
            each.count * each.limit_ms * price
            for each, price in zip(self.whole.bounds, prices.delay, strict=True)
        ]
        apart = float((counts[:, None] * prices.apart).sum()) if len(counts) else 0.0
        return float((prices.room * self._limits).sum()) + apart + float(sum(delays))

    def _delays(self, prices: Prices) -> dict[int, float]:
        """Strand -> what a millisecond of one link of its kind counts, times the links."""
        found: dict[int, float] = {}
        for bound, price in zip(self.whole.bounds, prices.delay, strict=True):
            if price > 0:
                for strand, often in bound.strands:
                    found[strand] = found.get(strand, 0.0) + bound.count * often * float(price)
        return found

    def _unary(self, prices: Prices, delays: dict[int, float]) -> list[Floats]:
        unary = [each.copy() for each in self._base]
        for node, pops in enumerate(self.pops):
            unary[node] += (self._demand[node] * prices.room[pops]).sum(axis=1)
        for group, row in zip(self.whole.apart, prices.apart, strict=True):
            for node, often in group.members:
                unary[node] += group.count * often * row[self.pops[node]]
        for strand in self.loose:
            node, vector = self._beside(strand, delays)
            unary[node] += vector
        for (_, node), vector in self.shared.items():
            unary[node] += vector
        return unary

    def _beside(self, strand: int, delays: dict[int, float]) -> tuple[int, Floats]:
        """What a loose strand counts, at its end with the more candidates."""
        one, other = self.whole.strands[strand].nodes
        matrix = self.strand_costs(strand, delays)
        return (one, matrix[:, 0]) if len(self.pops[other]) == 1 else (other, matrix[0])

    def strand_costs(self, strand: int, delays: dict[int, float]) -> Floats:
        """What a strand counts between the candidates of its nodes, in its own order."""
        one, other = (self.pops[node] for node in self.whole.strands[strand].nodes)
        costs = self._costs[strand]
        if delays.get(strand):
            costs = costs + delays[strand] * self.whole.quickest(strand, one, other)
        return costs

    def _matrix(self, tie: Tie, delays: dict[int, float]) -> Floats:
        total = np.zeros((len(self.pops[tie.nodes[0]]), len(self.pops[tie.nodes[1]])))
        for strand in tie.strands:
            costs = self.strand_costs(strand, delays)
            total += costs if self.whole.strands[strand].nodes == tie.nodes else costs.T
        return total

    def _matrices(self, delays: dict[int, float]) -> list[Floats]:
        return [
            self._matrix(tie, delays) if any(strand in delays for strand in tie.strands) else plain
            for tie, plain in zip(self.ties, self._plain, strict=True)
        ]

    def rest(self, tie: int, matrix: Floats) -> Floats:
        """What of a tie out of the forest is not counted in its nodes."""
        one, other = self.ties[tie].nodes
        if (tie, one) in self.shared:
            matrix = matrix - self.shared[tie, one][:, None]
        if (tie, other) in self.shared:
            matrix = matrix - self.shared[tie, other][None, :]
        return matrix

    def _closing(self, matrices: Sequence[Floats], rise: list[Floats]) -> float:
        """The bounds of the ties out of the forest; `rise` grows by theirs."""
        total = 0.0
        for tie in self.cycles:
            rest = self.rest(tie, matrices[tie])
            least = float(rest.min())
            if not np.isfinite(least):
                return float(np.inf)
            total += least
            one, other = self.ties[tie].nodes
            rise[one] += rest.min(axis=1) - least
            rise[other] += rest.min(axis=0) - least
        return total

    def excess(self, relaxed: Relaxed, prices: Prices) -> Prices:
        """By how much the relaxation's optimum breaks what is priced; 0 where nothing is to change."""
        at = [int(pops[label]) for pops, label in zip(self.pops, relaxed.labels, strict=True)]
        room = -self._limits
        for node, label in enumerate(relaxed.labels):
            room[at[node]] += self._demand[node][label]
        apart = np.zeros_like(prices.apart)
        for row, group in enumerate(self.whole.apart):
            apart[row] -= group.count
            for node, often in group.members:
                apart[row, at[node]] += group.count * often
        delay = np.array(
            [self._late(bound.strands, bound.limit_ms, at) * bound.count for bound in self.whole.bounds]
        )
        return Prices(
            priced(room, prices.room), priced(apart, prices.apart), priced(delay.reshape(-1), prices.delay)
        )

    def _late(self, strands: tuple[tuple[int, int], ...], limit_ms: float, at: list[int]) -> float:
        total = -limit_ms
        for strand, often in strands:
            one, other = self.whole.strands[strand].nodes
            ways = self.whole.puzzle.quickest(self.whole.strands[strand].link)
            total += often * float(ways[at[one], at[other]])
        return total


def _ordered(nodes: tuple[int, int]) -> tuple[int, int]:
    return min(nodes), max(nodes)
