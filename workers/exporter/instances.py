"""What was seen of instances, as Prometheus reads it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    UntypedMetricFamily,
)
from prometheus_client.metrics_core import Metric

from adaptors.vim.port import PortCounters
from monitoring import exposition as names
from workers.exporter.looking import Seen

_MIB = 2**20
_LABELS = names.INSTANCE_LABELS
_POINT = (*_LABELS, "connection_point")


class _Figure(NamedTuple):
    """A series with one value for each instance."""

    name: str
    help: str
    of: Callable[[Seen], float | None]
    counted: bool = False


class _PortFigure(NamedTuple):
    """A counter for each connection point."""

    name: str
    help: str
    of: Callable[[PortCounters], float]


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else value * factor


_FIGURES = (
    _Figure(
        names.UP,
        "1 where its VIM says that the instance is there and healthy, 0 where it says that it is not.",
        lambda seen: None if seen.up is None else float(seen.up),
    ),
    _Figure(names.OBSERVED, "When it was looked at.", lambda seen: seen.at),
    _Figure(names.VCPUS, "Processors that it may use.", lambda seen: seen.place.vcpus or None),
    _Figure(names.CPU_SECONDS, "Processor time used.", lambda seen: seen.figures.cpu_s, counted=True),
    _Figure(
        names.CPU_CORES,
        "Processors in use, over its VIM's own window, where that counts no seconds.",
        lambda seen: seen.figures.cpu_cores,
    ),
    _Figure(names.MEMORY, "Memory in use.", lambda seen: _times(_MIB, seen.figures.memory_mib)),
    _Figure(names.MEMORY_LIMIT, "Memory that it may use.", lambda seen: seen.place.memory_mib * _MIB or None),
    _Figure(names.CONNECTIONS, "Connections that are open.", lambda seen: seen.connections),
    _Figure(names.REQUESTS, "Requests answered.", lambda seen: seen.report.requests, counted=True),
    _Figure(names.ERRORS, "Requests that failed.", lambda seen: seen.report.errors, counted=True),
    _Figure(
        names.REFUSED,
        "Packets that its rules dropped.",
        lambda seen: seen.report.refused_packets,
        counted=True,
    ),
    _Figure(
        names.LATENCY,
        "Mean time of late to an answer, where it reports no durations.",
        lambda seen: _times(1e-3, seen.report.latency_ms),
    ),
    _Figure(
        names.LATENCY_P95,
        "Time of late within which 95 % of the answers came, where it reports no durations.",
        lambda seen: _times(1e-3, seen.report.latency_p95_ms),
    ),
)

_PORT_FIGURES = (
    _PortFigure(names.RECEIVED_BYTES, "Bytes that came in by a connection point.", lambda p: p.rx_bytes),
    _PortFigure(names.SENT_BYTES, "Bytes that went out by a connection point.", lambda p: p.tx_bytes),
    _PortFigure(names.RECEIVED_PACKETS, "Packets that came in.", lambda p: p.rx_packets),
    _PortFigure(names.SENT_PACKETS, "Packets that went out.", lambda p: p.tx_packets),
    _PortFigure(names.RECEIVED_DROPS, "Incoming packets dropped for want of room.", lambda p: p.rx_dropped),
    _PortFigure(names.SENT_DROPS, "Outgoing packets dropped for want of room.", lambda p: p.tx_dropped),
)


def families(seen: Sequence[Seen]) -> Iterator[Metric]:
    """All series of these instances."""
    yield from (_family(figure, seen) for figure in _FIGURES)
    yield from (_port_family(figure, seen) for figure in _PORT_FIGURES)
    yield _durations(seen)
    yield from _custom(seen)
    yield gaps((*each.place.labels, words) for each in seen for words in each.gaps)


def gaps(found: Iterable[tuple[str, str, str, str, str, str]]) -> Metric:
    """What could not be had; the last of each is the reason, the others are an instance's labels."""
    family = InfoMetricFamily(names.GAP, "What could not be had in this scrape, and why.")
    for *labels, reason in dict.fromkeys(found):
        family.add_metric((), dict(zip((*_LABELS, names.REASON), (*labels, reason), strict=True)))
    return family


def _family(figure: _Figure, seen: Sequence[Seen]) -> Metric:
    kind = CounterMetricFamily if figure.counted else GaugeMetricFamily
    family = kind(figure.name, figure.help, labels=_LABELS)
    for each in seen:
        value = figure.of(each)
        if value is not None:
            family.add_metric(each.place.labels, value)
    return family


def _port_family(figure: _PortFigure, seen: Sequence[Seen]) -> Metric:
    family = CounterMetricFamily(figure.name, figure.help, labels=_POINT)
    for each in seen:
        for point, port in each.figures.ports.items():
            family.add_metric((*each.place.labels, point), figure.of(port))
    return family


def _durations(seen: Sequence[Seen]) -> Metric:
    family = HistogramMetricFamily(names.DURATION, "How long requests took.", labels=_LABELS)
    for each in seen:
        if (took := each.report.durations) is not None:
            family.add_metric(each.place.labels, list(took.buckets), took.seconds)
    return family


def _custom(seen: Sequence[Seen]) -> Iterator[Metric]:
    """What functions report beyond that, by their own names."""
    for name in sorted({name for each in seen for name in each.report.others}):
        family = UntypedMetricFamily(
            f"{names.CUSTOM_PREFIX}{name}", "As the function reports it.", labels=_LABELS
        )
        for each in seen:
            if name in each.report.others:
                family.add_metric(each.place.labels, each.report.others[name])
        yield family
