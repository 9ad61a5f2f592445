"""Which samples count: neither stale ones, nor those of a clock that is ahead, nor what is no number."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from monitoring.healing import Health
from monitoring.metrics import CHAIN, COMPONENT, INSTANCE, Sample, Snapshot

STALE_INTERVALS = 2
"""How many intervals old a sample may be."""
AHEAD_S = 5.0
"""By how much a sample may be from the future: clocks differ a little."""

Key = tuple[str, str, str]
"""A metric, and the label and name of what it is of: a component, or a chain."""


@dataclass(frozen=True)
class Values:
    """What counts, and why the rest does not."""

    found: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    """Of each instance; the instance is empty where a series has no such label."""
    refused: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)


def fresh(snapshot: Snapshot, interval_s: float) -> Values:
    """The newest value of each series that counts.

    :param interval_s: between two looks
    """
    found: dict[Key, dict[str, tuple[float, float]]] = defaultdict(dict)
    refused: dict[Key, list[str]] = defaultdict(list)
    now = snapshot.at.timestamp()
    for sample in snapshot.samples:
        owner = CHAIN if CHAIN in sample.labels else COMPONENT
        key = (sample.metric, owner, sample.labels.get(owner, ""))
        at, instance = sample.at.timestamp(), sample.labels.get(INSTANCE, "")
        if why := _why_not(now - at, interval_s) or _no_number(sample):
            refused[key].append(f"{instance}: {why}" if instance else why)
        elif at >= found[key].get(instance, (at, 0.0))[0]:
            found[key][instance] = (at, sample.value)
    values = {key: {name: value for name, (_, value) in each.items()} for key, each in found.items()}
    return Values(values, {key: tuple(each) for key, each in refused.items()})


def heard(health: Mapping[str, Health], now: float, interval_s: float) -> dict[str, Health]:
    """What counts of what VIMs said of instances: what does not is as if they had said nothing.

    :param now: seconds since the epoch
    :param interval_s: between two looks
    """
    found = {}
    for name, each in health.items():
        why = _why_not(now - each.at.timestamp(), interval_s) if each.at else None
        found[name] = each if why is None else each.model_copy(update={"well": None, "told": why})
    return found


def _why_not(age_s: float, interval_s: float) -> str | None:
    if age_s > STALE_INTERVALS * interval_s:
        return f"its last sample is {age_s:.0f} s old"
    return f"its clock is {-age_s:.0f} s ahead of ours" if age_s < -AHEAD_S else None


def _no_number(sample: Sample) -> str | None:
    return None if isfinite(sample.value) else f"its value is {sample.value}"
