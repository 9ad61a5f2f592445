"""The smallest sets of requirements that cannot be had together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from placement.explain.asking import Asker, OutOfTimeError
from placement.explain.demands import Demand, Demands

_CAUSES = 6
"""So many reasons of single parts are looked at for the smallest conflict."""
_FURTHER = 3

Conflict = tuple[Demand, ...]


@dataclass(frozen=True)
class Found:
    """A conflict, and whether it is proven that it needs each of its members."""

    conflict: Conflict
    minimal: bool


def conflicts(demands: Demands, asker: Asker, most: int = 1 + _FURTHER) -> list[Found]:
    """One, and what apart from it cannot be had either; empty where no time was left for a proof."""
    found: list[Found] = []
    left = demands.all
    while len(found) < most:
        try:
            one = _conflict(demands, left, asker)
        except OutOfTimeError:
            break
        if one is None:
            break
        found.append(one)
        left = tuple(demand for demand in left if demand not in one.conflict)
    return found


def _conflict(demands: Demands, among: Sequence[Demand], asker: Asker) -> Found | None:
    """The smallest of those that single-part reasons lead to; without any, that of the whole."""
    world = demands.only(among)
    scopes = {demands.scope(cause): None for cause in asker.causes(world, _CAUSES)}
    inside = [tuple(demand for demand in scope if demand in among) for scope in scopes]
    starts = [scope for scope in inside if asker.fits_not(demands.only(scope))]
    if not starts:
        if not asker.fits_not(world):
            return None
        starts = [tuple(among)]
    return min((_smallest(demands, start, asker) for start in starts), key=_size)


def _size(found: Found) -> tuple[bool, int]:
    return not found.minimal, len(found.conflict)


def _smallest(demands: Demands, start: Conflict, asker: Asker) -> Found:
    unsure = asker.unsure
    shrinking = _Shrinking(start, lambda kept: asker.fits_not(demands.only(kept)))
    try:
        shrinking.run()
    except OutOfTimeError:
        return Found(shrinking.kept, False)
    return Found(shrinking.kept, asker.unsure == unsure)


class _Shrinking:
    """Drops what is not needed for the conflict; `kept` is a conflict at any time."""

    def __init__(self, start: Conflict, is_conflict: Callable[[Collection[Demand]], bool]) -> None:
        self.kept = start
        self._is_conflict = is_conflict

    def run(self) -> None:
        """By halves of all subjects, then of what is left, then one by one."""
        size = max(1, len(self._subjects()) // 2)
        while size > 1:
            self._pass(self._by_subject(size))
            size //= 2
        self._pass(self._by_subject(1))
        self._pass([(demand,) for demand in self.kept])

    def _subjects(self) -> list[str]:
        return list(dict.fromkeys(demand.subject for demand in self.kept))

    def _by_subject(self, size: int) -> list[Conflict]:
        """The demands of so many subjects at a time, the last first: links and chains before components."""
        subjects = self._subjects()[::-1]
        chunks = [set(subjects[start : start + size]) for start in range(0, len(subjects), size)]
        return [tuple(each for each in self.kept if each.subject in chunk) for chunk in chunks]

    def _pass(self, chunks: Sequence[Conflict]) -> None:
        for chunk in chunks:
            rest = tuple(demand for demand in self.kept if demand not in chunk)
            if rest != self.kept and self._is_conflict(rest):
                self.kept = rest
