"""What complete placements count."""

from collections.abc import Sequence

import numpy as np

from placement.objective import counted_load
from placement.search.puzzle import Puzzle
from placement.search.routing import Way
from placement.search.setting import Setting
from placement.search.terrain import Floats, Ints

_TINY = 1e-9


class Values:
    """The objective of a puzzle's placements."""

    def __init__(self, setting: Setting, puzzle: Puzzle) -> None:
        self._setting = setting
        self._puzzle = puzzle
        self._parts = {part.name: part for part in setting.graph.instances}

    def least(self, at: Ints) -> Floats:
        """What placements count with each link's best way: balance as if each block came alone."""
        total = np.zeros(len(at))
        for number, block in enumerate(self._puzzle.blocks):
            total += block.costs[np.searchsorted(block.pops, at[:, number])]
        for link in self._puzzle.links:
            one, other = link.ends
            total += link.costs[at[:, one], at[:, other]]
        return total

    def of(self, at: Sequence[int], ways: Sequence[Way]) -> float:
        """What a placement counts; inf where it is above a budget that it must keep."""
        aim, names = self._setting.aim, self._puzzle.terrain.pops
        places = {
            member: names[pop]
            for block, pop in zip(self._puzzle.blocks, at, strict=True)
            for member in block.members
        }
        budget = self._setting.graph.budget_per_hour
        if budget is not None and not aim.is_cost_alone and self._cost(places, ways) > budget * (1 + _TINY):
            return np.inf
        alone = sum(aim.at(part, places[name]) for name, part in self._parts.items())
        value = alone + sum(way.cost for way in ways)
        if aim.layers:
            setting = self._setting
            value += counted_load(
                aim, setting.graph, setting.infrastructure, setting.usage, setting.standing, places
            )
        return value

    def _cost(self, places: dict[str, str], ways: Sequence[Way]) -> float:
        """Per hour, without weights and moves."""
        prices = self._puzzle.terrain.prices
        bandwidth = {link.name: link.bandwidth_mbps for link in self._setting.graph.links}
        network = sum(
            bandwidth[link.name] * float(prices[list(way.edges)].sum())
            for link, way in zip(self._puzzle.links, ways, strict=True)
        )
        return network + sum(
            self._setting.aim.price(part, places[name]) for name, part in self._parts.items()
        )
