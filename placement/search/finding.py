"""The search: bounds and plans close in on each other, until they meet or the rest is left to a solver."""

from math import inf

import numpy as np

from placement.search import effort
from placement.search.ascent import Climb
from placement.search.bearings import Bearings
from placement.search.clock import Clock, LateError
from placement.search.cuts import narrow
from placement.search.hurry import hurried, in_time
from placement.search.incumbent import Incumbent
from placement.search.likeness import classes
from placement.search.moves import improved
from placement.search.puzzle import Puzzle, puzzle
from placement.search.quotient import quick_enough, quotient
from placement.search.reduction import (
    Pairs,
    Remainder,
    pairs_of_relaxation,
    pairs_of_states,
    places_within,
    remainder,
)
from placement.search.relaxation import Relaxation
from placement.search.results import Finding, with_own
from placement.search.setting import Setting
from placement.search.states import Layers, States
from placement.search.terrain import Ints

_WIDTH = 32
_TRIED = 5
_ROUNDS = ((10, 4, 3_000), (30, 8, 20_000), (80, 12, 100_000), (200, 12, 400_000))
"""Steps of the multipliers, rounds of sharing, and how many partial placements are looked at then."""
_MOST_DOUBTFUL = 12
_NEAR = (2e-5, 2e-4, 2e-3, 2e-2)
"""How far above the bound, relative to it, plans are looked for before all that are better are."""
_MOST_NEAR = 60
_MOST_LISTED, _FEW = 1000, 8
"""Placements that are listed before more is done for the bound, and how many of them are looked at then."""
_WIDE = 0.1
"""A gap, relative to the bound, that is too wide to look at all in it at once."""
_MOST_SETTLED = 1500


def find(setting: Setting, budget_s: float, last_s: float | None = None) -> Finding:
    """Search for the best plan, for about `budget_s` seconds at most.

    :param last_s: as long as no plan is known, for so many; `budget_s` by default
    """
    clock = Clock(budget_s, inf, last_s)
    try:
        return _Search(puzzle(setting, clock), setting, clock).run()
    except LateError:
        return Finding(0.0, None, Remainder(setting.options, {}))


class _Search:
    def __init__(self, given: Puzzle, setting: Setting, clock: Clock) -> None:
        self._setting = setting
        self._clock = clock
        self._variables = effort.variables(given)
        clock.spend(effort.effort_s(self._variables))
        self._puzzle = given
        self._is_hurried = False
        self._plan = Incumbent(setting, given, self._stop)

    def _stop(self) -> bool:
        """Whether it is time to stop: later where no plan is known."""
        return self._clock.is_late if self._plan.best is None else self._clock.is_over

    def _is_over(self) -> bool:
        return self._clock.is_over

    def run(self) -> Finding:
        whole = quotient(self._puzzle, classes(self._puzzle))
        kept = quick_enough(whole, self._stop)
        if not self._puzzle.is_sound or not all(len(pops) for pops in kept):
            return Finding(np.inf, None, None)
        climb = Climb.begun(Relaxation(whole, kept, self._clock))
        reason: str | None = None
        for number, (steps, rounds, most) in enumerate(_ROUNDS):
            climb = self._hurried(climb)
            climb = self._approached(climb, rounds)
            few = None if number else self._few(climb, _FEW)
            if few is not None:
                return self._settled(few, climb)
            self._raise(climb, steps)
            if self._plan.best is None and not number:
                reason = self._narrow([kept[node] for node in whole.classes.blocks])
            if reason or self._plan.is_closed(climb.best.bound):
                return self._closed(reason)
            climb = self._narrowed(climb)
            found = self._looked(climb, most)
            if found is not None:
                return found
        return self._open(climb)

    def _looked(self, climb: Climb, most: int) -> Finding | None:
        """What comes of a look at what is left, at `most` partial placements; None where more is worth it."""
        few = self._few(climb, _MOST_NEAR) if self._is_wide(climb.best.bound) else None
        if few is not None:
            return self._settled(few, climb)
        layers = self._layers(climb)
        is_blind = self._look_near(layers, climb.best.bound, most)
        states = layers.all_below(self._plan.limit, most, self._is_over)
        if states.is_all:
            return self._settled(states, climb)
        is_vain = self._clock.is_over or (is_blind and self._variables < effort.SMALL)
        return self._open(climb) if is_vain else None

    def _hurried(self, climb: Climb) -> Climb:
        """Where the bound points to what is too slow: with the best ways that are quick enough."""
        old = climb.relaxation
        if self._is_hurried or not self._is_late(climb):
            return climb
        self._is_hurried = True
        whole = hurried(old.whole, old.pops, self._stop)
        self._puzzle = whole.puzzle
        self._plan.turn_to(whole.puzzle)
        return Climb.begun(old.within(whole), climb.prices)

    def _is_late(self, climb: Climb) -> bool:
        """Whether the bound's own placement has a chain that is too slow by its links' best ways."""
        pops, labels = climb.relaxation.pops, climb.best.labels
        at = [int(pops[node][labels[node]]) for node in climb.relaxation.whole.classes.blocks]
        ways = self._plan.router.alone(at)
        return ways is not None and bool(self._plan.router.late(ways))

    def _narrow(self, pops: list[Ints]) -> str | None:
        return narrow(self._puzzle, pops, in_time(self._puzzle, pops, self._stop))

    def _approached(self, climb: Climb, rounds: int) -> Climb:
        """With the best plan nearer to the bound, and without candidates that no better one can have."""
        climb.settle(rounds, self._is_over)
        if not self._plan.is_closed(climb.best.bound):
            self._propose(climb)
        return climb if self._plan.is_closed(climb.best.bound) else self._narrowed(climb)

    def _raise(self, climb: Climb, steps: int) -> None:
        """Bring the bound nearer to the best plan."""
        if not self._plan.is_closed(climb.best.bound):
            climb.climb(steps, self._plan.limit, self._is_over)
            climb.settle(1, self._is_over)

    def _few(self, climb: Climb, most: int) -> States | None:
        """All placements that are left, where they are so few that looking at them is the quickest."""
        if self._plan.best is None or self._plan.is_closed(climb.best.bound):
            return None
        states = self._layers(climb).all_below(self._plan.limit, _MOST_LISTED, self._is_over)
        is_few = states.is_all and int((self._plan.values.least(states.at) < self._plan.limit).sum()) <= most
        return states if is_few else None

    def _closed(self, reason: str | None = None) -> Finding:
        """The best plan is optimal; there is none where there is no best."""
        value = np.inf if self._plan.best is None else self._plan.best.value
        return Finding(value, self._plan.found(), None, reason)

    def _layers(self, climb: Climb) -> Layers:
        return Layers(Bearings(climb.relaxation), climb.best, climb.prices)

    def _look_near(self, layers: Layers, bound: float, most: int) -> bool:
        """Look for plans close above the bound first: a good one leaves little else to look at.

        :return: whether there are placements of which none came to a good plan: then the bound does not see
            what keeps them from it, and more steps of the multipliers are in vain
        """
        is_blind = False
        for share in _NEAR if self._is_wide(bound) else ():
            limit = bound + share * abs(bound)
            states = layers.all_below(min(limit, self._plan.limit), most, self._is_over)
            if not states.is_all or limit >= self._plan.limit or self._clock.is_over:
                break
            counts = self._plan.values.least(states.at)
            for state in np.argsort(counts, kind="stable")[:_MOST_NEAR]:
                if counts[state] < self._plan.limit and not self._is_over():
                    self._plan.settle([int(pop) for pop in states.at[state]], float(counts[state]))
                    is_blind = True
        return is_blind and self._is_wide(bound)

    def _is_wide(self, bound: float) -> bool:
        return self._plan.limit - bound > _WIDE * abs(bound)

    def _propose(self, climb: Climb) -> None:
        """Look for better plans where the relaxation points."""
        bearings = Bearings(climb.relaxation)
        states = self._layers(climb).beam(_WIDTH, self._stop)
        seen: set[tuple[int, ...]] = set()
        for rank, row in enumerate(states.at):
            enough = self._plan.best is not None and (rank >= _TRIED or states.sums[rank] >= self._plan.limit)
            if enough or (self._stop() and (rank or self._plan.best)):
                return
            at = improved(bearings, [int(pop) for pop in row], self._stop)
            if tuple(at) not in seen:
                seen.add(tuple(at))
                self._plan.offer(at, self._plan.router.routed(at))
            if self._plan.is_closed(climb.best.bound):
                return

    def _narrowed(self, climb: Climb) -> Climb:
        """Without the candidates that no better plan can have."""
        old = climb.relaxation
        gap = self._plan.limit - climb.best.bound
        if not np.isfinite(gap):
            return climb
        masks = places_within(Bearings(old), climb.best, gap)
        if all(mask.all() for mask in masks) or not all(mask.any() for mask in masks):
            return climb
        return Climb.begun(old.narrowed(masks), climb.prices)

    def _settled(self, states: States, climb: Climb) -> Finding:
        """Look at all placements that are left, one after the other, the most promising first."""
        counts = self._plan.values.least(states.at)
        order = np.argsort(counts, kind="stable")
        doubtful: list[int] = []
        for rank, state in enumerate(order):
            if counts[state] >= self._plan.limit:
                break
            late = rank >= _MOST_SETTLED or len(doubtful) > _MOST_DOUBTFUL or self._clock.is_over
            if late or not self._plan.settle([int(pop) for pop in states.at[state]], float(counts[state])):
                doubtful.append(int(state))
        doubtful = [state for state in doubtful if counts[state] < self._plan.limit]
        if not doubtful:
            return self._closed()
        rest = States(states.at[doubtful], counts[doubtful], True)
        bound = max(climb.best.bound, float(rest.sums.min()))
        return self._rest_of(rest, bound)

    def _rest_of(self, states: States, bound: float) -> Finding:
        at = states.at
        if self._plan.best is not None:
            at = np.vstack([at, np.array(self._plan.best.at)])
        kept = [np.unique(at[:, block]) for block in range(at.shape[1])]
        pairs = pairs_of_states(self._puzzle, states, kept, bound)
        return self._left(kept, pairs, bound)

    def _open(self, climb: Climb) -> Finding:
        """Something is left that only a solver can tell."""
        bearings, bound = Bearings(climb.relaxation), climb.best.bound
        gap = self._plan.limit - bound
        masks = places_within(bearings, climb.best, gap)
        if self._plan.best is not None:
            for node, pop in zip(bearings.nodes, self._plan.best.at, strict=True):
                masks[node] = masks[node] | (climb.relaxation.pops[node] == pop)
        kept = [bearings.pops[block][masks[node]] for block, node in enumerate(bearings.nodes)]
        pairs = pairs_of_relaxation(bearings, climb.best, masks)
        return self._left(kept, pairs, bound)

    def _left(self, kept: list[Ints], pairs: Pairs, bound: float) -> Finding:
        left = remainder(self._puzzle, kept, pairs, self._plan.limit - bound, lambda: self._clock.is_late)
        return with_own(bound, self._plan.found(), left, {link.name for link in self._puzzle.links})
