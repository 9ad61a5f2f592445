"""Moves of single blocks that make a complete placement better, within capacities and groups."""

from collections.abc import Sequence

import numpy as np

from placement.search.bearings import Bearings
from placement.search.clock import Stop
from placement.search.puzzle import SLACK_MS
from placement.search.terrain import Floats

_ROUNDS = 6
_LEAST_GAIN = 1e-12


def improved(bearings: Bearings, at: Sequence[int], stop: Stop) -> list[int]:
    """`at` after moves that save something, or make late chains less late.

    :param at: block -> PoP
    """
    here = list(at)
    left = bearings.puzzle.terrain.free.copy()
    for block, pop in enumerate(here):
        left[pop] -= bearings.demand[block][bearings.position(block, pop)]
    for _ in range(_ROUNDS):
        moved = False
        for block in bearings.order:
            if stop():
                return here
            moved |= len(bearings.pops[block]) > 1 and _moved(bearings, block, here, left)
        if not moved:
            break
    return here


def _moved(bearings: Bearings, block: int, here: list[int], left: Floats) -> bool:
    pops, demand, row = bearings.pops[block], bearings.demand[block], bearings.position(block, here[block])
    left[here[block]] += demand[row]
    costs = bearings.costs[block] + bearings.puzzle.crowding.extra(block, pops, demand, left)
    for bond in bearings.bonds[block]:
        for link in bond.links:
            costs += bearings.puzzle.links[link].costs[pops, here[bond.other]]
    fits = ((demand <= left[pops]) | (demand == 0)).all(axis=1) & np.isfinite(costs)
    fits &= ~np.isin(pops, [here[rival] for rival in bearings.rivals[block]])
    late = np.where(fits, _lateness(bearings, block, here), np.inf)
    best = int(np.lexsort((costs, late))[0])
    gain = costs[row] - costs[best] > _LEAST_GAIN * (1 + abs(costs[row]))
    better = bool(fits[best]) and (late[best] < late[row] - SLACK_MS or (late[best] <= late[row] and gain))
    here[block] = int(pops[best]) if better else here[block]
    left[here[block]] -= demand[best if better else row]
    return better


def _lateness(bearings: Bearings, block: int, here: Sequence[int]) -> Floats:
    """By how much chains are too late at the least, for each place of a block; 0 where none is."""
    puzzle, pops = bearings.puzzle, bearings.pops[block]
    late = np.zeros(len(pops))
    for number in bearings.chains[block]:
        chain = puzzle.chains[number]
        total = np.full(len(pops), -chain.limit_ms)
        for link in chain.links:
            one, other = puzzle.links[link].ends
            first = pops if block == one else here[one]
            second = pops if block == other else here[other]
            total += puzzle.quickest(link)[first, second]
        late += np.where(total > SLACK_MS, total, 0.0)
    return late
