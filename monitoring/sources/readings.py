"""One reading of the exposition, and what two of them, one after the other, tell. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from prometheus_client.metrics_core import Metric

from monitoring import exposition as names
from monitoring.metrics import Sample
from monitoring.sources.chain_samples import by_kind, chain_samples

Labels = tuple[tuple[str, str], ...]
Instance = tuple[str, ...]
"""The values of `INSTANCE_LABELS`."""

_MIB = 2**20
_LEAST_S = 1.0
"""Over which a rate is taken at least, where there is a choice."""
_RATES = (
    ("rx_mbps", (names.RECEIVED_BYTES,), 8e-6),
    ("tx_mbps", (names.SENT_BYTES,), 8e-6),
    ("rx_packets_per_s", (names.RECEIVED_PACKETS,), 1.0),
    ("tx_packets_per_s", (names.SENT_PACKETS,), 1.0),
    ("drops_per_s", (names.RECEIVED_DROPS, names.SENT_DROPS), 1.0),
    ("requests_per_s", (names.REQUESTS,), 1.0),
    ("errors_per_s", (names.ERRORS,), 1.0),
)
"""Metric, the counters whose increases it is made of, and what one of them is in its unit."""
_GAUGES = (
    ("memory_mib", names.MEMORY, 1 / _MIB),
    ("connections", names.CONNECTIONS, 1.0),
    ("latency_ms", names.LATENCY, 1e3),
    ("latency_p95_ms", names.LATENCY_P95, 1e3),
)


class Reading(NamedTuple):
    """All series of one scrape: name -> labels, by name -> value."""

    series: Mapping[str, Mapping[Labels, float]]

    def value(self, name: str, instance: Instance) -> float | None:
        """Of a series with one value for each instance."""
        return self.series.get(name, {}).get(_key(instance))

    def parts(self, name: str, instance: Instance) -> dict[Labels, float]:
        """Of a series with several for each, by their labels."""
        wanted = set(_key(instance))
        return {labels: value for labels, value in self.series.get(name, {}).items() if wanted <= {*labels}}

    def instances(self) -> list[Instance]:
        """Those that were seen."""
        found = (dict(labels) for labels in self.series.get(names.OBSERVED, {}))
        return sorted(tuple(each.get(name, "") for name in names.INSTANCE_LABELS) for each in found)


def reading(families: Iterable[Metric]) -> Reading:
    """What was exposed.

    :raises ValueError: where it is not in the text format of Prometheus
    """
    series: dict[str, dict[Labels, float]] = {}
    for family in families:
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            series.setdefault(sample.name, {})[labels] = float(sample.value)
    return Reading(series)


def by_service(whole: Reading) -> dict[str, Reading]:
    """What is of each service."""
    found: dict[str, dict[str, dict[Labels, float]]] = {}
    for name, values in whole.series.items():
        for labels, value in values.items():
            service = dict(labels).get("service", "")
            found.setdefault(service, {}).setdefault(name, {})[labels] = value
    return {service: Reading(series) for service, series in found.items()}


def samples(earlier: Sequence[Reading], now: Reading, at: datetime) -> tuple[list[Sample], list[str]]:
    """The metrics of the vocabulary, and what could not be had.

    Rates are over the time from one observation of an instance to another; one that was not there before has
    none yet. A counter that fell began anew: what it shows now is its increase.

    :param earlier: the oldest first; each rate counts from the last of them that has its counters
    """
    found: list[Sample] = []
    told: list[str] = []
    for instance in now.instances():
        found += _of_instance(earlier, now, instance)
        if all(each.value(names.OBSERVED, instance) is None for each in earlier):
            told.append(f"{instance[2]}: no rates yet, it has been seen once")
    told += [_gap(labels) for labels in now.series.get(f"{names.GAP}_info", {})]
    found += _custom(now, at)
    found += by_kind(chain_samples(now.series, at))
    return found, sorted({*told})


def _of_instance(earlier: Sequence[Reading], now: Reading, instance: Instance) -> Iterator[Sample]:
    seen = now.value(names.OBSERVED, instance)
    when = None if seen is None else moment(seen)
    if seen is None or when is None:
        return
    values: dict[str, float] = {}
    for before, seconds in _baselines(earlier, instance, seen):
        values |= dict(_rates(before, now, instance, seconds))
    values = dict(_gauges(now, instance)) | values
    labels = dict(zip(names.INSTANCE_LABELS, instance, strict=True))
    for metric, value in values.items():
        yield Sample(metric=metric, labels=labels, at=when, value=value)


def _baselines(
    earlier: Sequence[Reading], instance: Instance, seen: float
) -> Iterator[tuple[Reading, float]]:
    """What rates may count from, and for how long; the best is the last."""
    known = ((each, each.value(names.OBSERVED, instance)) for each in earlier)
    spans = [(each, seen - then) for each, then in known if then is not None and seen > then]
    yield from [each for each in spans if each[1] >= _LEAST_S] or spans[:1]


def moment(unix_s: float) -> datetime | None:
    """A Unix time; None where it is none."""
    try:
        return datetime.fromtimestamp(unix_s, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _gauges(now: Reading, instance: Instance) -> Iterator[tuple[str, float]]:
    for metric, name, factor in _GAUGES:
        if (value := now.value(name, instance)) is not None:
            yield metric, value * factor
    cores, vcpus = now.value(names.CPU_CORES, instance), now.value(names.VCPUS, instance)
    if cores is not None and vcpus:
        yield "cpu", cores / vcpus


def _rates(before: Reading, now: Reading, instance: Instance, seconds: float) -> Iterator[tuple[str, float]]:
    for metric, counters, unit in _RATES:
        if (more := _increases(before, now, counters, instance)) is not None:
            yield metric, more * unit / seconds
    used = _increases(before, now, (names.CPU_SECONDS,), instance)
    vcpus = now.value(names.VCPUS, instance)
    if used is not None and vcpus:
        yield "cpu", used / seconds / vcpus
    yield from _latencies(before, now, instance)


def _increases(before: Reading, now: Reading, counters: Iterable[str], instance: Instance) -> float | None:
    """Of these counters together; None where none of them was there both times."""
    both = [
        _increase(old[labels], value)
        for counter in counters
        for old in (before.parts(names.counter(counter), instance),)
        for labels, value in now.parts(names.counter(counter), instance).items()
        if labels in old
    ]
    return sum(both) if both else None


def _increase(before: float, now: float) -> float:
    return now if now < before else now - before


def _latencies(before: Reading, now: Reading, instance: Instance) -> Iterator[tuple[str, float]]:
    """Of the requests since then; of none where there were none."""
    old = before.parts(f"{names.DURATION}_bucket", instance)
    counts = now.parts(f"{names.DURATION}_bucket", instance)
    buckets = sorted(
        (_bound(labels), _increase(old[labels], n)) for labels, n in counts.items() if labels in old
    )
    took = _raw_increase(before, now, f"{names.DURATION}_sum", instance)
    if not buckets or not math.isinf(buckets[-1][0]) or not buckets[-1][1] > 0 or took is None:
        return
    yield "latency_ms", took / buckets[-1][1] * 1e3
    yield "latency_p95_ms", quantile(0.95, buckets) * 1e3


def _raw_increase(before: Reading, now: Reading, name: str, instance: Instance) -> float | None:
    old, new = before.value(name, instance), now.value(name, instance)
    return None if old is None or new is None else _increase(old, new)


def quantile(share: float, buckets: list[tuple[float, float]]) -> float:
    """As Prometheus' histogram_quantile: evenly spread within a bucket; the last bound where it is beyond.

    :param buckets: (upper bound, how many are at most that), by bound, the last for infinity
    """
    rank = share * buckets[-1][1]
    low, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= rank:
            if math.isinf(bound):
                return low
            return low + (bound - low) * ((rank - below) / (count - below) if count > below else 1.0)
        low, below = bound, count
    return low


def _custom(now: Reading, at: datetime) -> Iterator[Sample]:
    """What functions report by names of their own."""
    for name, values in now.series.items():
        if not name.startswith("interlace_"):
            for labels, value in values.items():
                if {"service", "component"} <= dict(labels).keys():
                    yield Sample(metric=name, labels=dict(labels), at=at, value=value)


def _gap(labels: Labels) -> str:
    told = dict(labels)
    return (
        f"{told.get('instance') or told.get('service') or 'all'}: {told.get(names.REASON, 'no reason given')}"
    )


def _bound(labels: Labels) -> float:
    return float(dict(labels).get("le", "nan"))


def _key(instance: Instance) -> Labels:
    return tuple(sorted(zip(names.INSTANCE_LABELS, instance, strict=True)))
