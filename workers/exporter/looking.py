"""Looking at the instances of services: all at once, within a time; none that hangs hides another."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from activities.pops import Pops
from adaptors.vim.port import Figures, MeasuringVim, NetworkedVim, Observation
from catalogue.store import Catalogue
from domain.errors import InterlaceError, VimRefusedError
from monitoring.exposition import ILL
from workers.exporter.asking import Asking, Group
from workers.exporter.census import Place
from workers.exporter.reports import Reported, reported

_LOG = logging.getLogger(__name__)

_FRESH_S = 1.0
"""A look so recent serves the next scrape too: two at the same moment look once."""
_LONGEST_WORDS = 300

_NOTHING = Figures()
NOT_MEASURED = "a {} VIM measures nothing of its instances"


@dataclass(frozen=True)
class Seen:
    """An instance as it was seen."""

    place: Place
    at: float
    """Unix time."""
    up: bool | None
    """What its VIM says; None: it was not reached, or says nothing."""
    figures: Figures = _NOTHING
    connections: int | None = None
    report: Reported = field(default_factory=Reported)
    gaps: tuple[str, ...] = ()
    """What could not be had, and why."""


class Looker:
    """Looks at places, each at most once at a time."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self._home = home
        self._asking: Asking[list[Seen]] = Asking()
        self._last: dict[str, tuple[float, tuple[Seen, ...]]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._cpu_s: dict[str, float] = {}

    def look(self, service: str, places: Sequence[Place], within_s: float) -> tuple[Seen, ...]:
        """Each place of a service as it is now, in their order; what does not answer in time has a gap."""
        with self._locks.setdefault(service, threading.Lock()):
            at, last = self._last.get(service, (0.0, ()))
            if time.monotonic() - at < _FRESH_S and [each.place for each in last] == list(places):
                return last
            seen = self._now(places, within_s)
            self._last[service] = time.monotonic(), seen
            return seen

    def close(self) -> None:
        """Wait for nobody."""
        self._asking.close()

    def _now(self, places: Sequence[Place], within_s: float) -> tuple[Seen, ...]:
        groups, pops = _groups(places), Pops(self._catalogue, self._home).at_once()
        answers = self._asking.answers(groups, lambda group: _look(pops, group), within_s)
        found = {
            each.place: each
            for group in groups
            for each in answers.get(group) or _unanswered(group, within_s)
        }
        return tuple(self._held(found[place]) for place in places)

    def _held(self, seen: Seen) -> Seen:
        """Processor time never falls a little, as it seems to where a process ends between two readings."""
        now, before = seen.figures.cpu_s, self._cpu_s.get(seen.place.resource, 0.0)
        if now is None:
            return seen
        held = before if before / 2 < now < before else now
        self._cpu_s[seen.place.resource] = held
        figures = seen.figures.model_copy(update={"cpu_s": held})
        return Seen(seen.place, seen.at, seen.up, figures, seen.connections, seen.report, seen.gaps)


def _groups(places: Iterable[Place]) -> list[Group]:
    """Those that one look is for: on the emulator each by itself, else those of a PoP."""
    groups: dict[tuple[str, str], Group] = {}
    for place in places:
        alone = place.instance if place.vim_kind == "emulator" else ""
        groups[place.pop, alone] = (*groups.get((place.pop, alone), ()), place)
    return list(groups.values())


def _look(pops: Pops, group: Group) -> list[Seen]:
    try:
        vim = pops.vim(group[0].pop)
        if isinstance(vim, NetworkedVim):
            return [_observed(place, vim) for place in group]
        figures, words = _figures(vim, group)
        return [_asked(place, vim.ailment, figures, words) for place in group]
    except InterlaceError as error:
        return [_failed(place, str(error)) for place in group]
    except Exception as error:  # a fault of ours with one PoP hides no other
        _LOG.exception("looking at PoP %s", group[0].pop)
        return [_failed(place, f"{type(error).__name__}: {error}") for place in group]


def _observed(place: Place, vim: NetworkedVim) -> Seen:
    try:
        found = vim.observe(place.resource)
    except VimRefusedError as error:
        return _refused(place, vim.ailment, error)
    except InterlaceError as error:
        return _failed(place, str(error))
    there = found.healthy or bool(found.ports)  # of one that is not, zeros would be no figures
    figures = Figures(cpu_s=found.cpu_s, memory_mib=found.memory_mib, ports=found.ports)
    return Seen(
        place=place,
        at=time.time(),
        up=found.healthy,
        figures=figures if there else Figures(),
        connections=found.connections,
        report=reported(found.function),
        gaps=tuple(_complaints(found)),
    )


def _complaints(found: Observation) -> Iterable[str]:
    if not found.healthy:
        yield _short(f"{ILL}{found.detail}")
    if "error" in found.function and len(found.function) == 1:
        yield _short(f"its own report: {found.function['error']}")


def _figures(vim: object, group: Sequence[Place]) -> tuple[Mapping[str, Figures], str]:
    """What the VIM measures, and why it does not."""
    if not isinstance(vim, MeasuringVim):
        return {}, NOT_MEASURED.format(group[0].vim_kind)
    try:
        return vim.figures([place.resource for place in group]), "its VIM has no figures of it (yet)"
    except InterlaceError as error:
        return {}, _short(str(error))


def _asked(
    place: Place, ailment: Callable[[str], str | None], figures: Mapping[str, Figures], words: str
) -> Seen:
    try:
        ill = ailment(place.resource)
    except InterlaceError as error:
        return _failed(place, str(error))
    gaps = [_short(f"{ILL}{ill}")] if ill else []
    known = figures.get(place.resource)
    gaps += [] if known is not None else [words]
    return Seen(place, time.time(), ill is None, known or Figures(), gaps=tuple(gaps))


def _refused(place: Place, ailment: Callable[[str], str | None], error: VimRefusedError) -> Seen:
    """What cannot be observed is perhaps not there: its VIM knows."""
    try:
        ill = ailment(place.resource)
    except InterlaceError as again:
        return _failed(place, str(again))
    return Seen(place, time.time(), up=ill is None, gaps=(_short(f"{ILL}{ill}" if ill else str(error)),))


def _failed(place: Place, words: str) -> Seen:
    """Nobody knows how it is."""
    return Seen(place, time.time(), up=None, gaps=(_short(words),))


def _unanswered(group: Iterable[Place], within_s: float) -> list[Seen]:
    words = f"no answer within {within_s:.1f} s"
    return [Seen(place, time.time(), up=None, gaps=(words,)) for place in group]


def _short(words: str) -> str:
    return " ".join(words.split())[:_LONGEST_WORDS]
