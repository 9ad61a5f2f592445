"""Where services had better be: one exact placement, or one batch after the other where they are many."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from placement.moves.batch import Found, Wish, attempted, everywhere
from placement.moves.clock import Clock
from placement.moves.layout import Estate, Layout
from placement.moves.shadow import shadowed

EXACT = 12
"""So many instances that may move are placed at once; more are placed in batches of so many."""
_WINDOWS = 3
"""How many sets of neighbours a service is tried with before it is left where it is."""


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
        """Until no batch gains anything, or the time is over."""
        spots = {name: layout[name] for name in names}
        shadow = shadowed(self._estate, spots, Wish({}, self._closed, self._left), self._clock)
        layout = self._searched(layout, shadow.ideals, shadow.wishing)
        if len(shadow.ideals) < len(names):
            return layout, None
        value = self._estate.value({name: layout[name] for name in names})
        return layout, max(0.0, value - shadow.bound)

    def _searched(self, layout: Layout, ideals: Mapping[str, Found], wishing: Sequence[str]) -> Layout:
        while True:
            alone = self._passed(layout, [[name] for name in wishing])
            layout = alone or layout
            around = self._passed(
                layout, (each for name in wishing for each in self._around(layout, name, ideals[name]))
            )
            layout = around or layout
            if not (alone or around):
                return layout

    def _passed(self, layout: Layout, batches: Iterable[Sequence[str]]) -> Layout | None:
        """After one attempt for each batch; None where nothing was gained."""
        gained = False
        for batch in batches:
            if not self._clock.left_s:
                break
            wish = Wish(everywhere(self._estate, batch).free, self._closed, self._left)
            found = attempted(self._estate, layout, wish, self._clock.of_one(0.2))
            if found and found.is_better and self._gains(layout, found):
                layout, gained = found.layout, True
        return layout if gained else None

    def _gains(self, layout: Layout, found: Found) -> bool:
        """Whether all together count less: where load counts differently, a batch may only lose to others."""
        estate = self._estate
        return estate.is_of_one_mind or estate.value(found.layout) < estate.value(layout)

    def _around(self, layout: Layout, name: str, ideal: Found) -> Iterator[list[str]]:
        """The service with those that are where it would be, a few at a time."""
        wanted = set(ideal.layout[name].placements.values())
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
