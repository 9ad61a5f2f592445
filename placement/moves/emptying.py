"""Defragmentation: PoPs are emptied one after the other, and of those that are not, it is known why."""

from collections.abc import Collection, Iterator

from domain.errors import InfeasibleError
from domain.infrastructure import Resources
from domain.plans import GraphInstance
from placement.explain.stages import stages
from placement.explain.words import shortage, some
from placement.moves.aims import Aimed
from placement.moves.batch import Wish, placed_anew
from placement.moves.clock import Clock
from placement.moves.layout import Estate, Layout

_NOTHING = Resources.of(0, 0, 0)
_ROUNDING = 1e-9
_SHOWN = 4


def defragmented(estate: Estate, among: Collection[str], allowance_per_hour: float, clock: Clock) -> Aimed:
    """The least used PoPs first: each wholly, or it is left as it is.

    What leaves goes to PoPs of `among` that stay in use. All together costs at most so much more per hour.

    :param among: PoPs
    """
    return _Emptying(estate, among, allowance_per_hour, clock).tried()


class _Emptying:
    """One PoP after the other, as long as the allowance and the time last."""

    def __init__(
        self, estate: Estate, among: Collection[str], allowance_per_hour: float, clock: Clock
    ) -> None:
        self._estate, self._among, self._clock = estate, among, clock
        self._layout, self._left_to_spend = estate.start, allowance_per_hour

    def tried(self) -> Aimed:
        """With all that could be emptied."""
        in_use = dict[str, str]()
        for pop in sorted(self._among, key=lambda name: (self._vcpus_at_first(name), name)):
            if self._estate.used(self._layout).pops.get(pop, _NOTHING) == _NOTHING:
                continue
            if why := self._stays(pop) if self._clock.left_s else "there was no time left to try":
                in_use[pop] = why
        return Aimed(self._layout, in_use=in_use)

    def _vcpus_at_first(self, pop: str) -> int:
        return self._estate.usage.pops.get(pop, _NOTHING).vcpus

    def _stays(self, pop: str) -> str:
        """Why something stays there; empty where nothing does any more."""
        estate, layout = self._estate, self._layout
        if estate.base.pops.get(pop, _NOTHING) != _NOTHING:
            return _bound(estate, pop)
        used = estate.used(layout).pops
        open_ = {name for name in self._among if used.get(name, _NOTHING) != _NOTHING} - {pop}
        if not open_:
            return "no other PoP is in use that could take what is there"
        there, why = _emptied(estate, layout, pop, open_, self._clock)
        if there is None:
            return why
        rise = sum(estate.cost(name, there[name]) - estate.cost(name, layout[name]) for name in there)
        if rise > self._left_to_spend + _ROUNDING:
            currency = estate.infrastructure.currency
            spare = f"of the allowance {max(0.0, self._left_to_spend):.4f} is left"
            return f"that would cost {rise:.4f} {currency} more per hour, {spare}"
        self._layout, self._left_to_spend = there, self._left_to_spend - rise
        return ""


def _bound(estate: Estate, pop: str) -> str:
    """What on a PoP may not move."""
    parts = [
        f"{part} of {name}"
        for name, spot in estate.start.items()
        for part, at in spot.placements.items()
        if at == pop and part not in estate.movable(name)
    ]
    return f"{some(parts, _SHOWN) or 'what other services have there'} cannot leave it"


def _emptied(
    estate: Estate, layout: Layout, pop: str, open_: Collection[str], clock: Clock
) -> tuple[Layout | None, str]:
    """Without anything on the PoP; None and why, where something cannot leave it for an open one."""
    closed = frozenset(estate.infrastructure.pops.keys() - set(open_))
    there = {
        name: [part for part in estate.movable(name) if spot.placements[part] == pop]
        for name, spot in layout.items()
    }
    for service in sorted(
        (name for name in there if there[name]), key=lambda name: (-len(there[name]), name)
    ):
        wish = Wish({service: there[service]}, closed, frozenset({pop}))
        try:
            found = placed_anew(estate, layout, wish, clock.of_one(0.2))
        except InfeasibleError as error:
            causes = _homeless(estate, layout, service, there[service], open_)
            why = next(causes, f"{service} finds no room there: {error}")
            return None, f"of what stays in use, {some(sorted(open_), _SHOWN)}: {why}"
        if found is None:
            return None, f"{service} finds no place within its budget, or none was found in time"
        layout = found.layout
    return layout, ""


def _homeless(
    estate: Estate, layout: Layout, service: str, parts: Collection[str], open_: Collection[str]
) -> Iterator[str]:
    """Of the instances that would fit on no open PoP even alone: what they need."""
    for part in estate.graphs[service].instances:
        if part.name in parts:
            found = [each for each in stages(part, estate.infrastructure) if not set(each.pops) & set(open_)]
            text = found[0].text if found else _cramped(estate, layout, part, open_)
            if text:
                yield f"{part.name} of {service} {text}"


def _cramped(estate: Estate, layout: Layout, part: GraphInstance, open_: Collection[str]) -> str:
    """What each open PoP lacks for an instance; empty where one lacks nothing."""
    used, lacks = estate.used(layout).pops, list[str]()
    for pop in sorted(open_):
        capacity, taken = estate.infrastructure.pops[pop].capacity, used.get(pop, _NOTHING)
        free = Resources.of(
            max(0, capacity.vcpus - taken.vcpus),
            max(0, capacity.memory - taken.memory),
            max(0, capacity.disk - taken.disk),
        )
        if part.resources.fits_in(free):
            return ""
        lacks.append(f"{pop} has {shortage(part.resources, free, capacity)}")
    return f"finds no room: {some(lacks, _SHOWN)}"
