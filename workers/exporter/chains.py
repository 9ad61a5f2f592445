"""End-to-end figures of chains: derived from what functions report, measured by packets sent along them."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from activities.pops import Pops
from adaptors.machine.abilities import examine
from adaptors.network.probing import Prober
from catalogue.store import Catalogue
from domain.errors import InterlaceError, VimRefusedError
from domain.latencies import chain_latencies
from domain.networking import Segment
from monitoring import exposition as names
from monitoring.sources.chain_samples import ChainFigures, ChainPath
from workers.exporter.census import Census, Watched
from workers.exporter.probed import Probing


def paths(watched: Watched) -> tuple[ChainPath, ...]:
    """What packets of each chain pass."""
    deployment = watched.deployment
    ends = {link.name: link.ends for link in deployment.graph.links}
    endpoints = {each.name for each in deployment.graph.endpoints}
    found = []
    for latency in chain_latencies(deployment.graph, deployment.plan):
        ways = [way for way in deployment.graph.chains if way.chain == latency.chain]
        nodes = [_nodes([ends[link] for link in way.links]) for way in ways]
        stages = [tuple(dict.fromkeys(stage)) for stage in zip(*nodes, strict=False)]
        functions = tuple(stage for stage in stages if not endpoints.intersection(stage))
        found.append(ChainPath(chain=latency.chain, stages=functions, links_ms=latency.latency_ms))
    return tuple(found)


def _nodes(links: Sequence[tuple[str, str]]) -> list[str]:
    """From the first to the last, whichever way round each link was written down."""
    turned = len(links) > 1 and links[0][0] in links[1]
    nodes = [links[0][1 if turned else 0]]
    for one, other in links:
        nodes.append(other if one == nodes[-1] else one)
    return nodes


Probed = Callable[[Watched], bool]


def every_service(_: Watched) -> bool:
    """Chains of all services are probed."""
    return True


class Background:
    """Probes the chains of all ACTIVE services, round after round, in a thread of its own."""

    def __init__(
        self, catalogue: Catalogue, census: Census, home: Path, every_s: float, probed: Probed = every_service
    ) -> None:
        """:param probed: which services' chains"""
        self._catalogue = catalogue
        self._census = census
        self._home = home
        self._every_s = every_s
        self._probed = probed
        self._known: dict[str, Probing] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="probes", daemon=True)

    def start(self) -> None:
        """Begin, unless the interval is 0."""
        if self._every_s:
            self._thread.start()

    def stop(self) -> None:
        """End after the probe under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def of(self, service: str) -> Probing:
        """What is known of a service."""
        if not self._every_s:
            return Probing(trouble="chains are not probed: --probe-interval is 0")
        return self._known.get(service) or Probing(trouble="its chains have not been probed yet")

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self.round()
            except InterlaceError as error:
                self._known = {name: Probing(trouble=str(error)) for name in self._known}
            self._stop.wait(max(1.0, self._every_s - (time.monotonic() - began)))

    def round(self) -> None:
        """Probe each once."""
        services = {name: each for name, each in self._census.services().items() if self._probed(each)}
        self._known = {name: each for name, each in self._known.items() if name in services}
        for name, watched in services.items():
            if self._stop.is_set():
                return
            known = self._known.get(name)
            network = watched.deployment.network or ""
            if known is None or known.network != network:
                known = Probing(network=network)
            try:
                known.trouble = self._probe(watched, known)
            except InterlaceError as error:
                known.trouble = str(error)
            self._known[name] = known

    def _probe(self, watched: Watched, known: Probing) -> str:
        network = self._catalogue.services.network(watched.name)
        if network is None:
            return "it moves no packets of ours, so its chains cannot be probed"
        abilities, machine = examine(self._home)
        if machine is None:
            return f"its network cannot be reached from this machine: {abilities.why}"
        pops = Pops(self._catalogue, self._home).at_once()
        switches = {pop: pops.networked(pop).switch() for pop in network.pops}
        prober = Prober(machine, network, switches, patience_s=0.0)
        chains = {each.chain for each in watched.deployment.graph.chains}
        components = {each.resource: each.component for each in watched.places}
        for segment in network.segments:
            if segment.chain in chains and not self._stop.is_set():
                ends = (components.get(segment.origin, ""), components.get(segment.target, ""))
                known.note((segment.chain, *ends), segment.name, _round_trip_ms(prober, segment))
        known.at = time.time()
        return ""


def _round_trip_ms(prober: Prober, segment: Segment) -> float | None:
    """None where it got lost; no number where its arrival was seen, but no answer comes (UDP)."""
    try:
        found = prober.probe(segment)
    except VimRefusedError:
        return None
    return nan if found.measured_rtt_ms is None else found.measured_rtt_ms


@dataclass(frozen=True)
class ChainSeen:
    """A chain's figures at one moment."""

    service: str
    tenant: str
    chain: str
    measured: ChainFigures
    derived: ChainFigures
    probed_at: float


def families(seen: Iterable[ChainSeen]) -> Iterator[Metric]:
    """All series of these chains."""
    known = list(seen)
    yield _by_kind(names.CHAIN_LATENCY, "One way, from end to end.", known, "latency_ms", 1e-3)
    yield _by_kind(names.CHAIN_LOSS, "Share that gets lost.", known, "loss", 1.0)
    yield _by_kind(names.CHAIN_RATE, "Carried by its narrowest function.", known, "mbps", 1e6)
    labels = ("service", "chain", "tenant")
    difference = GaugeMetricFamily(
        names.CHAIN_DIFFERENCE, "Measured latency, less the derived one.", labels=labels
    )
    age = GaugeMetricFamily(names.CHAIN_AGE, "How long ago a chain was probed.", labels=labels)
    for each in known:
        key = (each.service, each.chain, each.tenant)
        measured, other = each.measured.latency_ms, each.derived.latency_ms
        if measured is not None and other is not None:
            difference.add_metric(key, (measured - other) / 1e3)
        if each.probed_at:
            age.add_metric(key, max(0.0, time.time() - each.probed_at))
    yield from (difference, age)


def _by_kind(name: str, words: str, known: Sequence[ChainSeen], field_: str, factor: float) -> Metric:
    family = GaugeMetricFamily(name, words, labels=names.CHAIN_LABELS)
    for each in known:
        kinds: Mapping[str, ChainFigures] = {names.MEASURED: each.measured, names.DERIVED: each.derived}
        for kind, figures in kinds.items():
            value = getattr(figures, field_)
            if value is not None:
                family.add_metric((each.service, each.chain, each.tenant, kind), value * factor)
    return family
