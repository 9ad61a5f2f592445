"""The load that blocks bring a PoP together beyond that of each alone: bounds leave it out, moves see it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from domain.objectives import LOAD_SLOPES
from placement.search.setting import Setting
from placement.search.terrain import Floats, Ints, Terrain

_LOADED = 2
"""Of the three resources those whose load counts: vcpus and memory."""


@dataclass(frozen=True, eq=False)
class Crowding:
    """The load of PoPs."""

    weights: Floats
    """Of one unit of load, by block."""
    capacity: Floats
    """PoP x (vcpus, memory)."""
    free: Floats
    """PoP x (vcpus, memory), before anything is placed."""

    def extra(self, block: int, pops: Ints, demand: Floats, left: Floats) -> Floats:
        """What a block counts at each of `pops` beyond what it counts there alone.

        :param demand: row of `pops` x resources
        :param left: PoP x resources, with all others placed
        """
        weight = self.weights[block]
        if not weight:
            return np.zeros(len(pops))
        most = self.capacity[pops]
        before, beside = most - self.free[pops], most - left[pops, :_LOADED]
        size, more = np.maximum(most, 1.0), demand[:, :_LOADED]
        together = _load((beside + more) / size) - _load(beside / size)
        alone = _load((before + more) / size) - _load(before / size)
        counted: Floats = weight * np.where(most > 0, together - alone, 0.0).sum(axis=1)
        return counted


def crowding(setting: Setting, terrain: Terrain, blocks: Sequence[Sequence[str]]) -> Crowding:
    """Of the PoPs of `setting`.

    :param blocks: the members of each
    """
    offers = [setting.infrastructure.pops[pop].capacity for pop in terrain.pops]
    rows = [(offer.vcpus, offer.memory) for offer in offers]
    capacity = np.array(rows, dtype=np.float64).reshape(len(rows), _LOADED)
    aim = setting.aim
    rates = [max(aim.weights_of(member).balance for member in members) for members in blocks]
    return Crowding(np.array(rates, dtype=np.float64), capacity, terrain.free[:, :_LOADED])


def _load(utilisation: Floats) -> Floats:
    """domain.objectives.load of each."""
    total, before = np.zeros_like(utilisation), 0.0
    for start, slope in LOAD_SLOPES:
        total += (slope - before) * np.maximum(0.0, utilisation - start)
        before = slope
    return total
