"""Reading the text format of Prometheus again and again: the same series, with other values."""

from array import array
from collections.abc import Iterable, Mapping
from sys import intern
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from monitoring.sources.readings import Labels, Reading

_Pair = tuple[str, str]


class _Series(NamedTuple):
    key: bytes
    """As it is written."""
    service: str
    name: str
    labels: Labels


class Figures(NamedTuple):
    """What was exposed of one service; small, as many are kept: see `reading`."""

    series: tuple[_Series, ...] = ()
    """The same object as of the scrape before, where they are the same."""
    values: "array[float]" = array("d")
    """One of each."""

    def reading(self) -> Reading:
        """By name and labels."""
        found: dict[str, dict[Labels, float]] = {}
        for each, value in zip(self.series, self.values, strict=True):
            found.setdefault(each.name, {})[each.labels] = value
        return Reading(found)

    def named(self, name: str) -> dict[Labels, float]:
        """The values of one name."""
        return {
            each.labels: value
            for each, value in zip(self.series, self.values, strict=True)
            if each.name == name
        }


class Exposed:
    """What is exposed, by service. A series that the last scrape had too is known by its text.

    So only those that are new are taken apart, and all figures share their names and labels. Lines are taken
    one by one: of thousands of services the whole text need never be there.
    """

    def __init__(self) -> None:
        self._known: Mapping[bytes, _Series] = {}
        self._last: Mapping[str, Figures] = {}

    def by_service(self, lines: Iterable[bytes]) -> dict[str, Figures]:
        """What is of each service.

        :raises ValueError: where it is not in the text format of Prometheus
        """
        known, new = self._known, _New()
        found: dict[str, tuple[list[_Series], array[float]]] = {}
        for key, value in map(_parted, filter(_tells, map(bytes.strip, lines))):
            series = known.get(key) or new.series(key)
            those, values = found.setdefault(series.service, ([], array("d")))
            those.append(series)
            values.append(value)
        return self._kept({name: self._figures(name, *each) for name, each in found.items()}, new)

    def _figures(self, service: str, series: list[_Series], values: "array[float]") -> Figures:
        before, now = self._last.get(service, Figures()).series, tuple(series)
        return Figures(before if before == now else now, values[:])  # copied: without room to grow

    def _kept(self, found: dict[str, Figures], new: "_New") -> dict[str, Figures]:
        if new.known or sum(len(each.series) for each in found.values()) != len(self._known):
            self._known = {each.key: each for figures in found.values() for each in figures.series}
        self._last = found
        return found


class _New:
    """Takes series apart; they share what they have in common."""

    def __init__(self) -> None:
        self.known: dict[bytes, _Series] = {}
        self._pairs: dict[_Pair, _Pair] = {}
        self._labels: dict[Labels, Labels] = {}

    def series(self, key: bytes) -> _Series:
        """
        :raises ValueError: where it is none
        """
        if key not in self.known:
            self.known[key] = self._taken_apart(key)
        return self.known[key]

    def _taken_apart(self, key: bytes) -> _Series:
        text = key.decode(errors="replace")
        samples = [each for family in text_string_to_metric_families(f"{text} 0") for each in family.samples]
        if len(samples) != 1:
            raise ValueError(f"no series: {text[:200]!r}")
        ((name, own, *_),) = samples
        pairs = tuple(self._pairs.setdefault(each, each) for each in sorted(own.items()))
        labels = self._labels.setdefault(pairs, pairs)
        return _Series(key, intern(own.get("service", "")), intern(name), labels)


def _tells(line: bytes) -> bool:
    return bool(line) and not line.startswith(b"#")


def _parted(line: bytes) -> tuple[bytes, float]:
    """A series as it is written, and its value; a time that follows is left out."""
    name, brace, rest = line.rpartition(b"}")
    if not brace:
        name, _, rest = line.partition(b" ")
    values = rest.split()
    try:
        if len(values) in (1, 2):
            return name + brace, float(values[0])
    except ValueError:
        pass
    raise ValueError(f"no series with a value: {line[:200].decode(errors='replace')!r}")
