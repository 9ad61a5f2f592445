"""The least latency of chains whose links are placed in part."""

import numpy as np

from placement.search.bearings import Bearings
from placement.search.puzzle import SLACK_MS
from placement.search.terrain import Floats, Ints, Mask


class Paces:
    """Of the chains that have a latency bound."""

    def __init__(self, bearings: Bearings) -> None:
        self._bearings = bearings
        self._puzzle = puzzle = bearings.puzzle
        self._often = np.zeros((len(puzzle.chains), len(puzzle.links)))
        for number, chain in enumerate(puzzle.chains):
            for link in chain.links:
                self._often[number, link] += 1
        self._limits = np.array([chain.limit_ms for chain in puzzle.chains])

    def quick(self, block: int, at: Ints, states: Ints, pops: Ints) -> Mask:
        """For each pair of one of `states` and one of `pops` for `block`: whether no chain is too slow.

        :param at: state x block, -1 where it is not placed yet, alike for all states
        """
        good = np.ones(len(states), dtype=bool)
        chains = self._bearings.chains[block]
        if not chains or not len(states):
            return good
        placed = self._placed(at[0], block)
        near = [link for link in placed if block in self._puzzle.links[link].ends]
        far = [link for link in placed if block not in self._puzzle.links[link].ends]
        spare = self._limits[chains][:, None] + SLACK_MS - self._far(chains, far, at)
        hops = {link: self._hop(link, block, at, states, pops) for link in near}
        for row, chain in enumerate(chains):
            total = np.zeros(len(states))
            for link, hop in hops.items():
                if self._often[chain, link]:
                    total += self._often[chain, link] * hop
            good &= total <= spare[row][states]
        return good

    def _placed(self, at: Ints, block: int) -> list[int]:
        """The links of chains whose ends are both placed, with `block`."""
        links = np.flatnonzero(self._often.any(axis=0)).tolist()
        return [
            link
            for link in links
            if all(end == block or at[end] >= 0 for end in self._puzzle.links[link].ends)
        ]

    def _far(self, chains: list[int], links: list[int], at: Ints) -> Floats:
        """Chain x state: the latency of the links that are placed already."""
        if not links:
            return np.zeros((len(chains), len(at)))
        ends = [self._puzzle.links[link].ends for link in links]
        hops = [
            self._puzzle.quickest(link)[at[:, one], at[:, other]]
            for link, (one, other) in zip(links, ends, strict=True)
        ]
        total: Floats = self._often[np.ix_(chains, links)] @ np.array(hops)
        return total

    def _hop(self, link: int, block: int, at: Ints, states: Ints, pops: Ints) -> Floats:
        one, other = self._puzzle.links[link].ends
        first = pops if one == block else at[states, one]
        second = pops if other == block else at[states, other]
        hop: Floats = self._puzzle.quickest(link)[first, second]
        return hop
