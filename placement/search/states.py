"""Partial placements, extended block by block: a beam where they are cut to a width, else all that there are.

Each state counts the bound of the relaxation, plus by how much its choices are above what the relaxation
promised for them. So it never counts more than a complete placement that it leads to, and what counts as much
as a known plan is left out, soundly. Capacities, groups, and the latency below which a chain cannot go are
held on the way.
"""

from dataclasses import dataclass

import numpy as np

from placement.search.bearings import Bearings, Bond
from placement.search.clock import Stop
from placement.search.paces import Paces
from placement.search.prices import Prices
from placement.search.relaxed import Relaxed
from placement.search.terrain import Floats, Ints, Mask

_CELLS = 1_000_000
"""How many pairs of a state and a place are looked at together."""


@dataclass(frozen=True, eq=False)
class States:
    """Placements of the first blocks in the order, the most promising first."""

    at: Ints
    """State x block, -1 where not placed yet."""
    sums: Floats
    """State -> what it counts at the least."""
    is_all: bool
    """Whether nothing that counts less than the limit was left out."""


class Layers:
    """Extends states by one block after the other."""

    def __init__(self, bearings: Bearings, relaxed: Relaxed, prices: Prices) -> None:
        self._bearings = bearings
        self._relaxation = bearings.relaxation
        self._puzzle = bearings.puzzle
        self._relaxed = relaxed
        self._delays = self._delayed(prices)
        self._parents = {branch.child: branch for branch in self._relaxation.branches}
        self._promises = {child: self._promise(child) for child in self._parents}
        taking = [rank for rank, block in enumerate(bearings.order) if bearings.demand[block].any()]
        self._taking_rank = np.array(taking, dtype=np.int64)
        self._taking = np.array(bearings.order, dtype=np.int64)[self._taking_rank]
        self._paces = Paces(bearings)
        self._scores = [self._score(block, prices) for block in range(len(self._puzzle.blocks))]

    def _delayed(self, prices: Prices) -> list[float]:
        """Link -> what a millisecond of it counts by the multipliers."""
        delays = [0.0] * len(self._puzzle.links)
        for chain, colour in zip(self._puzzle.chains, self._relaxation.whole.classes.chains, strict=True):
            for link in chain.links:
                delays[link] += float(prices.delay[colour])
        return delays

    def _promise(self, child: int) -> Floats:
        """What a child and its subtree count at the least, for each place of its parent."""
        branch = self._parents[child]
        matrix = self._relaxed.matrices[branch.tie]
        if self._relaxation.ties[branch.tie].nodes[0] != child:
            matrix = matrix.T
        least: Floats = (self._relaxed.sweep.below[child][:, None] + matrix).min(axis=0)
        return least

    def _score(self, block: int, prices: Prices) -> Floats:
        """What a block counts at each place, with prices and promises; roots less what they promised."""
        bearings, whole = self._bearings, self._relaxation.whole
        node, pops = bearings.nodes[block], bearings.pops[block]
        size = np.maximum(self._puzzle.terrain.free[pops], 1.0)
        score: Floats = bearings.costs[block] + (bearings.demand[block] / size * prices.room[pops]).sum(
            axis=1
        )
        for number in bearings.groups[block]:
            score = score + prices.apart[whole.classes.apart[number]][pops]
        shares = [vector for (_, owner), vector in self._relaxation.shared.items() if owner == node]
        shares += [self._promises[b.child] for b in self._relaxation.branches if b.parent == node]
        if node not in self._parents:
            shares.append(np.full(len(pops), -self._relaxed.sweep.below[node].min()))
        for share in shares:
            score = score + share / whole.counts[node]
        return score

    def beam(self, width: int, stop: Stop) -> States:
        """Complete placements, of which `width` are kept after each block.

        Twins in the order of their PoPs come to nothing where the last ones are full; then in any order.
        """
        found = self._complete(width, np.inf, np.inf, stop)
        return found if len(found.sums) else self._complete(width, np.inf, np.inf, stop, any_order=True)

    def all_below(self, limit: float, most: int, stop: Stop) -> States:
        """All complete placements that count less than `limit`; none where there are more than `most`.

        :param most: at any time
        """
        return self._complete(most + 1, limit, most, stop)

    def _complete(self, width: int, limit: float, most: float, stop: Stop, any_order: bool = False) -> States:
        at = np.full((1, len(self._puzzle.blocks)), -1, dtype=np.int64)
        states = States(at, np.array([self._relaxed.bound]), True)
        for rank, block in enumerate(self._bearings.order):
            extended = self._extended(states, rank, block, width, limit, any_order, stop)
            if extended is None or len(extended.sums) > most:
                return States(states.at[:0], states.sums[:0], False)
            states = extended
            if not len(states.sums):
                break
        return states

    def _extended(
        self, states: States, rank: int, block: int, width: int, limit: float, any_order: bool, stop: Stop
    ) -> States | None:
        """The states with one block more; None where it is time to stop."""
        pops = self._bearings.pops[block]
        many = max(1, _CELLS // max(1, len(pops), len(self._puzzle.links)))
        parts = []
        for start in range(0, len(states.sums), many):
            if stop():
                return None
            some = slice(start, start + many)
            parts.append(self._pairs(states.at[some], states.sums[some], rank, block, limit, any_order))
        origin = np.concatenate([part[0] + n * many for n, part in enumerate(parts)])
        rows = np.concatenate([part[1] for part in parts])
        sums = np.concatenate([part[2] for part in parts])
        is_all = states.is_all and len(sums) <= width
        best = np.argsort(sums, kind="stable")[:width] if len(sums) > width or width < 100 else slice(None)
        at = states.at[origin[best]]
        at[:, block] = pops[rows[best]]
        return States(at, sums[best], is_all)

    def _pairs(
        self, at: Ints, sums: Floats, rank: int, block: int, limit: float, any_order: bool
    ) -> tuple[Ints, Ints, Floats]:
        """(state, row of the place, what it counts) of what is allowed and counts less than the limit."""
        pops = self._bearings.pops[block]
        counts = sums[:, None] + self._scores[block][None, :]
        for bond in self._bearings.bonds[block]:
            places = at[:, bond.other]
            if len(places) and places[0] >= 0:
                counts = counts + self._bonded(block, bond, places)
        counts = np.where(np.isfinite(counts) & (counts < limit), counts, np.inf)
        twin = self._bearings.twins.get(block)
        if twin is not None and not any_order:
            counts[at[:, twin][:, None] > pops[None, :]] = np.inf
        states, rows = np.nonzero(np.isfinite(counts) & self._roomy(at, rank, block))
        good = self._quick(at, states, rows, block)
        return states[good], rows[good], counts[states[good], rows[good]]

    def _bonded(self, block: int, bond: Bond, places: Ints) -> Floats:
        """What a bond counts with a block placed already, less what was promised for it."""
        relaxation, node = self._relaxation, self._bearings.nodes[block]
        pops, other = self._bearings.pops[block], self._bearings.nodes[bond.other]
        counts = np.zeros((len(places), len(pops)))
        for link in bond.links:
            counts += self._way(link, places, pops)
        if bond.tie is None:
            return counts
        tie = relaxation.ties[bond.tie]
        rows = np.searchsorted(self._bearings.pops[bond.other], places)
        if bond.tie in relaxation.cycles:
            rest = relaxation.rest(bond.tie, self._relaxed.matrices[bond.tie]).min() / tie.bonds
            mine = relaxation.shared.get((bond.tie, node), np.zeros(len(pops)))
            yours = relaxation.shared.get((bond.tie, other), np.zeros(len(self._bearings.pops[bond.other])))
            counts -= rest + (mine[None, :] + yours[rows][:, None]) / tie.bonds
        else:
            counts -= self._promises[node][rows][:, None] / tie.bonds
        return counts

    def _way(self, link: int, places: Ints, pops: Ints) -> Floats:
        costs: Floats = self._puzzle.links[link].costs[np.ix_(places, pops)]
        if self._delays[link] > 0:
            costs = costs + self._delays[link] * self._puzzle.quickest(link)[np.ix_(places, pops)]
        return costs

    def _roomy(self, at: Ints, rank: int, block: int) -> Mask:
        """State x place: whether there is room beside what the states have there, and no rival."""
        bearings = self._bearings
        pops, demand = bearings.pops[block], bearings.demand[block]
        row_of = np.full(len(self._puzzle.terrain.pops), -1, dtype=np.int64)
        row_of[pops] = np.arange(len(pops))
        rooms = np.ones((len(at), len(pops)), dtype=bool)
        for rival in bearings.rivals[block]:
            rooms &= at[:, rival][:, None] != pops[None, :]
        earlier = self._taking[self._taking_rank < rank]
        places = at[:, earlier]
        states, which = np.nonzero(row_of[places] >= 0)
        places, which = places[states, which], earlier[which]
        cells = states * len(pops) + row_of[places]
        free = self._puzzle.terrain.free[pops]
        for resource in np.flatnonzero(demand.any(axis=0)):
            taken = np.bincount(cells, bearings.everywhere[which, places, resource], rooms.size)
            over = taken.reshape(rooms.shape) + demand[:, resource] > free[:, resource]
            rooms &= ~over | (demand[:, resource] == 0)
        return rooms

    def _quick(self, at: Ints, states: Ints, rows: Ints, block: int) -> Mask:
        """Whether no chain is too slow already, by its links whose ends are both placed."""
        return self._paces.quick(block, at, states, self._bearings.pops[block][rows])
