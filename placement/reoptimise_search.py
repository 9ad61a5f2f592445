"""Where services had better be: one exact placement, or one batch after the other where they are many."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from placement.reoptimise_batch import Found, Wish, attempted, everywhere
from placement.reoptimise_layout import Estate, Layout

EXACT = 12
"""So many instances that may move are placed at once; more are placed in batches of so many."""
_LONGEST_S = 15.0
"""For one placement."""
_WINDOWS = 3
"""How many sets of neighbours a service is tried with before it is left where it is."""


@dataclass
class Clock:
    """How long there is to search."""

    seconds: float
    stopped: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Until the end; 0 when it is over."""
        over = self.stopped()
        return 0.0 if over else max(0.0, self.started + self.seconds - time.monotonic())

    def of_one(self, share: float = 1.0) -> float:
        """For one placement: at least a tenth of a second."""
        return max(0.1, min(_LONGEST_S, share * self.left_s))


def improved(
    estate: Estate,
    layout: Layout,
    clock: Clock,
    closed: frozenset[str] = frozenset(),
    left: frozenset[str] = frozenset(),
) -> tuple[Layout, float | None]:
    """A layout that counts less, where one is found, and by how much it is above what any counts at least.

    :param closed: PoPs that nobody moves to
    :param left: PoPs that none of those that may move is on
    """
    names = [name for name in layout if estate.movable(name)]
    if not names:
        return layout, 0.0
    if _size(estate, names) <= EXACT:
        wish = everywhere(estate, names)
        found = attempted(estate, layout, Wish(wish.free, closed, left), clock.of_one())
        if found is None:
            return layout, None
        if found.is_better:
            return found.layout, max(0.0, found.after - found.bound)
        return layout, max(0.0, found.before - found.bound)
    return _Batches(estate, clock, closed, left).improved(layout, names)


class _Batches:
    """Large neighbourhood search: a service and those in its way placed anew together, again and again."""

    def __init__(self, estate: Estate, clock: Clock, closed: frozenset[str], left: frozenset[str]) -> None:
        self._estate, self._clock = estate, clock
        self._closed, self._left = closed, left

    def improved(self, layout: Layout, names: Sequence[str]) -> tuple[Layout, float | None]:
        """Until no batch gains anything, or the time is over. None counts less with others than alone."""
        ideals = {name: self._alone(layout, name) for name in names}
        bound = sum(each.bound for each in ideals.values() if each)
        wishing = sorted(
            (name for name, each in ideals.items() if each and each.is_better),
            key=lambda name: self._wished(ideals[name]),
            reverse=True,
        )
        layout = self._searched(layout, ideals, wishing)
        return layout, max(0.0, self._estate.value({name: layout[name] for name in names}) - bound)

    def _searched(self, layout: Layout, ideals: Mapping[str, Found | None], wishing: Sequence[str]) -> Layout:
        gained = True
        while gained:
            gained = False
            for name in wishing:
                for batch in self._neighbourhoods(layout, name, ideals[name]):
                    if not self._clock.left_s:
                        return layout
                    found = self._tried(layout, batch)
                    if found and found.is_better:
                        layout, gained = found.layout, True
                        break
        return layout

    @staticmethod
    def _wished(ideal: Found | None) -> float:
        return ideal.before - ideal.after if ideal else 0.0

    def _alone(self, layout: Layout, name: str) -> Found | None:
        """Where a service would be if no other that may move were there."""
        return self._tried({name: layout[name]}, [name]) if self._clock.left_s else None

    def _tried(self, layout: Layout, batch: Sequence[str]) -> Found | None:
        free = everywhere(self._estate, batch).free
        return attempted(self._estate, layout, Wish(free, self._closed, self._left), self._clock.of_one(0.2))

    def _neighbourhoods(self, layout: Layout, name: str, ideal: Found | None) -> Iterator[list[str]]:
        """The service alone, then with those that are where it would be, a few at a time."""
        yield [name]
        wanted = set(ideal.layout[name].placements.values()) if ideal else set()
        around = [
            other
            for other, spot in layout.items()
            if other != name and any(spot.placements[part] in wanted for part in self._estate.movable(other))
        ]
        around.sort(key=lambda other: (len(self._estate.movable(other)), other))
        for _ in range(_WINDOWS):
            batch = [name]
            while around and _size(self._estate, [*batch, around[0]]) <= EXACT:
                batch.append(around.pop(0))
            if len(batch) == 1:
                return
            yield batch


def _size(estate: Estate, names: Sequence[str]) -> int:
    return sum(len(estate.movable(name)) for name in names)
