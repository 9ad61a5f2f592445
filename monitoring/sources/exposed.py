"""Reading the text format of Prometheus again and again: the same series, with other values."""

import re
from collections.abc import Iterator, Mapping
from sys import intern
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from monitoring.sources.readings import Labels, Reading

_Pair = tuple[str, str]

_LINE = re.compile(r"^[^#\s].*$", re.MULTILINE)
"""Of a series: found one by one, as a list of all takes much memory."""


class _Series(NamedTuple):
    service: str
    name: str
    labels: Labels


class Exposed:
    """What is exposed, by service. A series that the last scrape had too is known by its text.

    So only those that are new are taken apart, and all readings share their labels.
    """

    def __init__(self) -> None:
        self._known: Mapping[str, _Series] = {}

    def by_service(self, text: str) -> dict[str, Reading]:
        """What is of each service.

        :raises ValueError: where it is not in the text format of Prometheus
        """
        found: dict[str, dict[str, dict[Labels, float]]] = {}
        before, known = self._known, {}
        pairs: dict[_Pair, _Pair] = {}
        for key, value in _lines(text):
            series = known[key] = before.get(key) or _series(key, pairs)
            values = found.setdefault(series.service, {}).setdefault(series.name, {})
            values[series.labels] = value
        self._known = known
        return {service: Reading(series) for service, series in found.items()}


def _lines(text: str) -> Iterator[tuple[str, float]]:
    """Each series as it is written, and its value; a time that follows is left out."""
    for match in _LINE.finditer(text):
        line = match[0]
        name, brace, rest = line.rpartition("}")
        if not brace:
            name, _, rest = line.partition(" ")
        values = rest.split()
        if not 1 <= len(values) <= 2:
            raise ValueError(f"no series with a value: {line[:200]!r}")
        yield name + brace, float(values[0])


def _series(key: str, pairs: dict[_Pair, _Pair]) -> _Series:
    """
    :param pairs: of those that were taken apart before: most labels are the same in many
    :raises ValueError: where it is none
    """
    samples = [each for family in text_string_to_metric_families(f"{key} 0") for each in family.samples]
    if len(samples) != 1:
        raise ValueError(f"no series: {key[:200]!r}")
    labels = tuple(pairs.setdefault(each, each) for each in sorted(samples[0].labels.items()))
    return _Series(intern(samples[0].labels.get("service", "")), intern(samples[0].name), labels)
