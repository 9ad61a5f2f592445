"""What a re-optimisation may be for, beside saving: an empty PoP, empty PoPs, room for new services."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from domain.errors import InfeasibleError
from placement.moves.batch import Found, Wish, attempted, placed_anew
from placement.moves.clock import Clock
from placement.moves.layout import Estate, Layout
from placement.moves.search import EXACT, improved

Batch = Mapping[str, Collection[str]]
"""By service, the instances whose place is open."""


@dataclass
class Aimed:
    """A layout that serves the aim as well as could be."""

    layout: Layout
    excess: float | None = None
    """By how much it is at most above the best such layout; None where that is not known."""
    failed: dict[str, str] = field(default_factory=dict)
    """By service, why it could not do its part."""
    in_use: dict[str, str] = field(default_factory=dict)
    """By PoP that was to be emptied, why it is not; in the order in which they were tried."""


def evacuated(estate: Estate, pop: str, clock: Clock) -> Aimed:
    """All that may move leaves the PoP, the largest first; others move only where nothing else helps."""
    on_it = _standing_at(estate, pop)
    layout, failed = estate.start, dict[str, str]()
    for service in sorted(on_it, key=lambda name: (-_vcpus(estate, name, on_it[name]), name)):
        found, why = _got_away(estate, layout, service, on_it[service], pop, clock)
        layout = found.layout if found else layout
        if found is None:
            failed[service] = why
    kept = {
        name: [part for part in estate.movable(name) if not _left(estate, layout, name, part)]
        for name in estate.services
    }
    narrower = estate.keeping(kept)
    better, excess = improved(narrower, layout, clock, left=frozenset({pop}))
    return Aimed(better, None if failed else excess, failed)


def _got_away(
    estate: Estate, layout: Layout, service: str, leaving: Collection[str], pop: str, clock: Clock
) -> tuple[Found | None, str]:
    """A service off a PoP: those there alone, then all of it, then with others that make room."""
    batches: list[Batch] = [{service: leaving}, {service: estate.movable(service)}]
    wishes = [
        Wish(each, left=frozenset({pop})) for each in (*batches, *_with_others(estate, layout, service))
    ]
    return _first(estate, layout, wishes, clock)


def _fitted(estate: Estate, layout: Layout, newcomer: str, clock: Clock) -> tuple[Found | None, str]:
    """A newcomer beside what is there, else with others that make room."""
    alone: Batch = {newcomer: estate.movable(newcomer)}
    wishes = [Wish(each) for each in (alone, *_with_others(estate, layout, newcomer))]
    return _first(estate, layout, wishes, clock)


def _first(estate: Estate, layout: Layout, wishes: Iterable[Wish], clock: Clock) -> tuple[Found | None, str]:
    """The first that can be fulfilled; or why none can."""
    why = "no placement was found in time"
    for wish in wishes:
        try:
            found = placed_anew(estate, layout, wish, clock.of_one(0.2))
        except InfeasibleError as error:
            why = str(error)
        else:
            if found:
                return found, ""
    return None, why


def _with_others(estate: Estate, layout: Layout, service: str) -> Iterator[Batch]:
    """The service with ever more of those that might make room, the smallest first."""
    own = estate.movable(service)
    others = sorted(
        (name for name in layout if name != service and estate.movable(name)),
        key=lambda name: (len(estate.movable(name)), name),
    )
    most = max(EXACT, len(own) + 1)
    for window in (most, 2 * most, 4 * most):
        batch: dict[str, Collection[str]] = {service: own}
        for name in others:
            if sum(map(len, batch.values())) + len(estate.movable(name)) <= window:
                batch[name] = estate.movable(name)
        yield batch
        if len(batch) > len(others):
            return


def _left(estate: Estate, layout: Layout, service: str, part: str) -> bool:
    return layout[service].placements[part] != estate.start[service].placements[part]


def joined_by(estate: Estate, clock: Clock) -> Aimed:
    """A layout with the newcomers, without a move where they fit as things are."""
    without_moves = _newcomers_together(estate, clock)
    if without_moves is not None:
        return without_moves
    layout, failed = estate.start, dict[str, str]()
    for name in largest_first(estate):
        found, why = _fitted(estate, layout, name, clock)
        layout = found.layout if found else layout
        if found is None:
            failed[name] = why
    return Aimed(layout, failed=failed)


def _newcomers_together(estate: Estate, clock: Clock) -> Aimed | None:
    """All of them at once beside all that stays; where they are many, one after the other."""
    free = {name: estate.movable(name) for name in estate.newcomers}
    at_once = sum(map(len, free.values())) <= 2 * EXACT
    batches: list[Batch] = [free] if at_once else [{name: parts} for name, parts in free.items()]
    layout = estate.start
    for batch in batches:
        found = attempted(estate, layout, Wish(batch), clock.of_one(0.3))
        if found is None:
            return None
        layout = found.layout
    return Aimed(layout)


def largest_first(estate: Estate) -> list[str]:
    """The newcomers, by their vcpus."""
    return sorted(estate.newcomers, key=lambda name: (-_vcpus(estate, name, estate.movable(name)), name))


def _standing_at(estate: Estate, pop: str) -> dict[str, list[str]]:
    found = {
        name: [part for part in estate.movable(name) if spot.placements[part] == pop]
        for name, spot in estate.start.items()
    }
    return {name: parts for name, parts in found.items() if parts}


def _vcpus(estate: Estate, service: str, parts: Collection[str]) -> int:
    return sum(each.resources.vcpus for each in estate.graphs[service].instances if each.name in parts)
