"""What is measured of a service, asked for and printed for people."""

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from math import isfinite

from domain.metrics import CHAIN_METRICS, INSTANCE_METRICS
from interfaces.cli.output import clock, table
from monitoring.exposition import CHAIN_KINDS, DERIVED, MEASURED
from monitoring.metrics import Sample, Snapshot
from monitoring.sources.opening import open_source

_HEADS = {
    "cpu": "cpu %",
    "memory_mib": "MiB",
    "rx_mbps": "in Mbit/s",
    "tx_mbps": "out Mbit/s",
    "rx_packets_per_s": "in pkt/s",
    "tx_packets_per_s": "out pkt/s",
    "drops_per_s": "drops/s",
    "connections": "conns",
    "requests_per_s": "req/s",
    "errors_per_s": "err/s",
    "latency_ms": "latency ms",
    "latency_p95_ms": "p95 ms",
}
_CLEAR = "\x1b[H\x1b[2J"


@contextmanager
def measure(service: str, url: str | None, credential: str | None) -> Iterator[Iterator[Snapshot]]:
    """Snapshots of a service, each taken when it is asked for.

    :param url: of a source; None: an exporter of this process' own is asked, for as long as this lasts
    :raises UnknownError: if there is no such service, where it is looked at from here
    """
    if url is not None:
        with _asking(service, url, credential) as found:
            yield found
        return
    from interfaces.cli.session import catalogue
    from workers.exporter.server import exporting
    from workers.settings import Settings

    with catalogue() as store:
        store.services.get(service)
        settings = Settings.from_environment()
        exporter = exporting(store, settings, "127.0.0.1:0", probe_interval_s=15.0)
        with exporter as where, _asking(service, f"http://{where}", None) as found:
            yield found


@contextmanager
def _asking(service: str, url: str, credential: str | None) -> Iterator[Iterator[Snapshot]]:
    source = open_source(url, credential)

    def snapshots() -> Iterator[Snapshot]:
        while True:
            yield source.snapshot(service, datetime.now(UTC))

    try:
        yield snapshots()
    finally:
        source.close()


def look_again(every_s: float) -> Iterator[None]:
    """Wait, again and again; Ctrl-C ends it."""
    try:
        while True:
            time.sleep(every_s)
            yield
    except KeyboardInterrupt:
        return


def show_snapshot(found: Snapshot, again: bool = False) -> None:
    """A line for each instance and each chain, and what could not be had.

    :param again: in the place of what was shown before, on a terminal
    """
    print(_CLEAR if again and sys.stdout.isatty() else "", end="")
    print(clock(found.at))
    instances = list(_instance_rows(found.samples))
    if instances:
        table(["instance", "pop", *_HEADS.values()], instances)
    chains = list(_chain_rows(found.samples))
    if chains:
        print()
        table(["chain", "", "latency ms", "loss %", "Mbit/s"], chains)
    for line in _others(found.samples):
        print(line)
    for gap in found.gaps:
        print(f"not had  {gap}")


def _instance_rows(samples: Iterable[Sample]) -> Iterator[tuple[str, ...]]:
    known: dict[tuple[str, str], dict[str, float]] = {}
    for each in samples:
        if each.metric in INSTANCE_METRICS and "instance" in each.labels:
            key = (each.labels["instance"], each.labels.get("pop", ""))
            known.setdefault(key, {})[each.metric] = each.value
    for key in sorted(known):
        yield (*key, *(_figure(metric, known[key]) for metric in _HEADS))


def _figure(metric: str, known: Mapping[str, float]) -> str:
    value = known.get(metric)
    if value is None or not isfinite(value):
        return "-"
    if metric == "connections":
        return f"{value:.0f}"
    return f"{value * 100:.1f}" if metric == "cpu" else f"{value:.2f}"


def _chain_rows(samples: Iterable[Sample]) -> Iterator[tuple[str, ...]]:
    known: dict[str, dict[str, float]] = {}
    for each in samples:
        if "chain" in each.labels:
            known.setdefault(each.labels["chain"], {})[each.metric] = each.value
    for chain, figures in sorted(known.items()):
        kinds = [kind for kind in CHAIN_KINDS if any(name.startswith(f"{kind}_") for name in figures)]
        for kind in kinds:
            yield chain, kind, *(_chain_figure(figures.get(f"{kind}_{name}"), name) for name in CHAIN_METRICS)
        one, other = (figures.get(f"{kind}_chain_latency_ms") for kind in (MEASURED, DERIVED))
        if one is not None and other is not None:
            yield chain, "difference", f"{one - other:+.3f}", "", ""


def _chain_figure(value: float | None, name: str) -> str:
    if value is None or not isfinite(value):
        return "-"
    return f"{value * 100:.2f}" if name == "chain_loss" else f"{value:.3f}"


def _others(samples: Iterable[Sample]) -> Iterator[str]:
    """Metrics of the functions' own."""
    for each in sorted(samples, key=lambda each: (each.labels.get("instance", ""), each.metric)):
        if each.metric not in INSTANCE_METRICS and "chain" not in each.labels:
            yield f"also     {each.labels.get('instance', '-')}: {each.metric} {each.value:g}"
