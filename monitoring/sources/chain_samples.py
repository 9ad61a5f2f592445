"""End-to-end figures of chains: as samples, and derived from what the functions along them report. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite, prod

from domain.models import Model
from monitoring import exposition as names
from monitoring.metrics import Sample

_METRICS = (
    ("chain_latency_ms", names.CHAIN_LATENCY, 1e3),
    ("chain_loss", names.CHAIN_LOSS, 1.0),
    ("chain_mbps", names.CHAIN_RATE, 1e-6),
)

Series = Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]


class ChainPath(Model):
    """What packets of a chain pass."""

    chain: str
    stages: tuple[tuple[str, ...], ...]
    """The parallel instances of each function, in the order of the chain."""
    links_ms: float
    """One way, of the slowest way, as planned."""


class ChainFigures(Model):
    """Of a chain from end to end; None where it is not known."""

    latency_ms: float | None = None
    loss: float | None = None
    mbps: float | None = None


def chain_samples(series: Series, at: datetime) -> Iterator[Sample]:
    """The metrics of chains, as they were exposed; see `by_kind`."""
    for metric, name, factor in _METRICS:
        for labels, value in series.get(name, {}).items():
            yield Sample(metric=metric, labels=dict(labels), at=at, value=value * factor)


def by_kind(samples: Iterable[Sample]) -> Iterator[Sample]:
    """Of each chain the metrics of the vocabulary: as measured where they are, else as derived.

    Each is given by its kind too, as measured_... and derived_...; samples of no chain are given as they are.
    """
    best: dict[tuple[str, str], Sample] = {}
    for each in samples:
        kind = each.labels.get("kind")
        if kind not in names.CHAIN_KINDS:
            yield each
            continue
        yield each.model_copy(update={"metric": f"{kind}_{each.metric}"})
        key = (each.metric, each.labels.get("chain", ""))
        if kind == names.MEASURED or key not in best:
            best[key] = each
    yield from best.values()


def derived(path: ChainPath, samples: Iterable[Sample]) -> ChainFigures:
    """What the functions' own figures say of a chain.

    Its latency is that of its links and the mean latencies of its functions, one after the other; a function
    that reports none takes none. Its delivered share is the product of theirs, its throughput that of the
    narrowest.
    """
    by_instance: dict[str, dict[str, float]] = {}
    for each in samples:
        if each.labels.get("instance") and isfinite(each.value):
            by_instance.setdefault(each.labels["instance"], {})[each.metric] = each.value
    stages = [[by_instance.get(name, {}) for name in stage] for stage in path.stages]
    took = [mean for stage in stages if (mean := _mean_latency(stage)) is not None]
    shares = [share for stage in stages if (share := _delivered(stage)) is not None]
    rates = [rate for stage in stages if (rate := _sum(stage, "rx_mbps")) is not None]
    return ChainFigures(
        latency_ms=path.links_ms + sum(took) if stages else None,
        loss=1 - prod(shares) if shares else None,
        mbps=min(rates) if rates else None,
    )


def _mean_latency(stage: Sequence[Mapping[str, float]]) -> float | None:
    """Of one request, whichever instance it meets: each counts by its requests where they are known."""
    known = [(each["latency_ms"], each.get("requests_per_s", 1.0)) for each in stage if "latency_ms" in each]
    weights = sum(weight for _, weight in known)
    if not known:
        return None
    if not weights:
        return sum(latency for latency, _ in known) / len(known)
    return sum(latency * weight for latency, weight in known) / weights


def _delivered(stage: Sequence[Mapping[str, float]]) -> float | None:
    """The share of packets that is not dropped; of requests where the function answers them."""
    asked, failed = _sum(stage, "requests_per_s"), _sum(stage, "errors_per_s")
    if asked is None or failed is None:
        asked, failed = _sum(stage, "rx_packets_per_s"), _sum(stage, "drops_per_s")
    if asked is None or failed is None:
        return None
    return max(0.0, 1 - failed / asked) if asked > 0 else 1.0


def _sum(stage: Sequence[Mapping[str, float]], metric: str) -> float | None:
    found = [each[metric] for each in stage if metric in each]
    return sum(found) if found else None
