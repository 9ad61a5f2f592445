"""What VIMs say of instances, from the series in which the exporter tells it. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from re import fullmatch
from typing import NamedTuple

from domain.models import NAME_PATTERN
from monitoring import exposition as names
from monitoring.healing import Health
from monitoring.sources.readings import Reading, moment

Where = tuple[str, str]
"""An instance, and its PoP."""
Gaps = tuple[str, ...]
"""Reasons of gaps."""


class Told(NamedTuple):
    """Of one instance at one PoP."""

    component: str
    instance: str
    up: float | None
    """As it was exposed; None: it was not."""
    at: datetime | None
    """When it was looked at; None: nobody knows."""
    gaps: Gaps

    @classmethod
    def by(
        cls, labels: Mapping[str, str], up: float | None, at: datetime | None, gaps: Mapping[Where, Gaps]
    ) -> "Told":
        """Of the instance that has these labels."""
        instance, pop = labels.get("instance", ""), labels.get("pop", "")
        return cls(labels.get("component", ""), instance, up, at, gaps.get((instance, pop), ()))


def health_of(now: Reading) -> dict[str, Health]:
    """Of each instance that was seen in a scrape."""
    gaps = reasons(dict(labels) for labels in now.series.get(f"{names.GAP}_info", {}))
    told = []
    for key in now.instances():
        labels, seen = dict(zip(names.INSTANCE_LABELS, key, strict=True)), now.value(names.OBSERVED, key)
        at = None if seen is None else moment(seen)
        told.append(Told.by(labels, now.value(names.UP, key), at, gaps))
    return healths(told)


def healths(told: Iterable[Told]) -> dict[str, Health]:
    """By instance: of one that is told of at two PoPs, as when it moves, what was seen last."""
    latest: dict[str, Told] = {}
    for each in filter(_of_ours, told):
        known = latest.get(each.instance)
        if known is None or _seen(known) <= _seen(each):
            latest[each.instance] = each
    return {name: _health(each) for name, each in latest.items()}


def _of_ours(told: Told) -> bool:
    """Whether its names are some that a service may have: a Prometheus may hold anything."""
    return bool(fullmatch(NAME_PATTERN, told.component)) and 0 < len(told.instance) <= 255


def _seen(told: Told) -> float:
    return told.at.timestamp() if told.at else float("-inf")


def _health(told: Told) -> Health:
    if told.at is None:
        return Health(component=told.component, well=None, told="it was looked at no time that there is")
    well = {0.0: False, 1.0: True}.get(-1.0 if told.up is None else told.up)
    return Health(component=told.component, well=well, told=_words(well, told.gaps), at=told.at)


def _words(well: bool | None, gaps: Iterable[str]) -> str:
    """What is wrong, in the VIM's words; where it says nothing, why not."""
    if well:
        return ""
    reasons = sorted({*gaps})
    ills = [each.removeprefix(names.ILL) for each in reasons if each.startswith(names.ILL)]
    return "; ".join(ills or reasons)


def reasons(labels: Iterable[Mapping[str, str]]) -> dict[Where, Gaps]:
    """The gaps of instances, from the labels of the gaps' series."""
    found: dict[Where, Gaps] = {}
    for each in labels:
        key = (each.get("instance", ""), each.get("pop", ""))
        found[key] = (*found.get(key, ()), each.get(names.REASON, ""))
    return found
