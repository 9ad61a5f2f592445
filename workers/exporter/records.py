"""Interlace's own figures that are in the catalogue: read from there, they survive every restart."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from catalogue.store import Catalogue
from domain.errors import InterlaceError
from domain.phases import ServiceState
from domain.records import Usage
from workers.exporter.census import Census

_BOUNDS_S = (1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 1800.0)


class Records(Collector):
    """Operations, services, alarms, decisions, reservations and the ledger."""

    def __init__(self, catalogue: Catalogue, census: Census) -> None:
        self._catalogue = catalogue
        self._census = census

    def collect(self) -> Iterator[Metric]:
        """Read now."""
        yield from self._operations()
        yield self._services()
        yield from self._watch()
        yield from self._resources()
        yield from self._placements()
        yield from self._infrastructure()

    def _operations(self) -> Iterator[Metric]:
        ended = self._catalogue.overview.ended(_BOUNDS_S)
        labels = ("kind", "outcome")
        counts = CounterMetricFamily("interlace_operations", "Operations that are over.", labels=labels)
        durations = HistogramMetricFamily(
            "interlace_operation_duration_seconds", "How long operations took.", labels=labels
        )
        for each in ended:
            label = (each.kind, each.state.lower())
            counts.add_metric(label, each.number)
            bounds = [*zip(map(str, _BOUNDS_S), map(float, each.within), strict=True)]
            durations.add_metric(label, [*bounds, ("+Inf", float(each.number))], each.seconds)
        running = GaugeMetricFamily("interlace_operations_running", "Operations under way.", labels=("kind",))
        for kind, count in self._catalogue.overview.under_way().items():
            running.add_metric((kind,), count)
        yield from (counts, durations, running)

    def _services(self) -> Metric:
        family = GaugeMetricFamily("interlace_services", "Services by state.", labels=("state", "tenant"))
        rows = [(row.state, row.tenant) for row in self._catalogue.overview.services()]
        for key in sorted({*rows}):
            family.add_metric(key, rows.count(key))
        if not rows:
            family.add_metric((ServiceState.ACTIVE, "default"), 0)
        return family

    def _watch(self) -> Iterator[Metric]:
        labels = ("service", "kind", "severity")
        active = GaugeMetricFamily("interlace_alarms_active", "What is wrong now.", labels=labels)
        for key, count in self._catalogue.alarms.counts().items():
            active.add_metric(key, count)
        decided = CounterMetricFamily(
            "interlace_policy_decisions",
            "What policies began, or could not, by what became of it.",
            labels=("kind", "outcome"),
        )
        for (kind, outcome), number in self._catalogue.decisions.counts().items():
            decided.add_metric((kind, outcome), number)
        yield from (active, decided)

    def _resources(self) -> Iterator[Metric]:
        labels = ("pop", "vim_kind", "kind", "state")
        all_ = GaugeMetricFamily("interlace_ledger_resources", "Resources in the ledger.", labels=labels)
        leftovers = GaugeMetricFamily(
            "interlace_ledger_leftovers",
            "Resources that could not be deleted yet.",
            labels=("pop", "vim_kind"),
        )
        left: dict[tuple[str, str], int] = {}
        for (pop, vim_kind, kind, state), count in self._catalogue.overview.resources().items():
            all_.add_metric((pop, vim_kind, kind, state.lower()), count)
            left[pop, vim_kind] = left.get((pop, vim_kind), 0) + (count if state == "LEFTOVER" else 0)
        for key, count in sorted(left.items()):
            leftovers.add_metric(key, count)
        yield from (all_, leftovers)

    def _placements(self) -> Iterator[Metric]:
        labels = ("service", "tenant", "solver")
        took = GaugeMetricFamily(
            "interlace_placement_solve_seconds", "How long the present placement took to find.", labels=labels
        )
        gap = GaugeMetricFamily(
            "interlace_placement_gap_ratio",
            "Its proven distance to the best one; 0 is the best.",
            labels=labels,
        )
        cost = GaugeMetricFamily(
            "interlace_service_cost_per_hour",
            "What a service costs.",
            labels=("service", "tenant", "currency"),
        )
        for name, each in self._census.services().items():
            plan = each.deployment.plan
            took.add_metric((name, each.tenant, plan.solver), plan.solve_ms / 1000)
            gap.add_metric((name, each.tenant, plan.solver), plan.gap)
            cost.add_metric((name, each.tenant, plan.currency), plan.cost_per_hour)
        yield from (took, gap, cost)

    def _infrastructure(self) -> Iterator[Metric]:
        try:
            known, usage = self._catalogue.infrastructure.get(), self._catalogue.infrastructure.usage()
        except InterlaceError as error:
            yield InfoMetricFamily(
                "interlace_infrastructure_missing", "Why none is known.", {"reason": str(error)}
            )
            return
        resources = {
            name: (pop.capacity, usage.pops[name]) for name, pop in known.pops.items() if name in usage.pops
        }
        yield from _amounts("vcpus", "Processors", {n: (a.vcpus, b.vcpus) for n, (a, b) in resources.items()})
        octets = {n: (a.memory * 2**20, b.memory * 2**20) for n, (a, b) in resources.items()}
        yield from _amounts("memory_bytes", "Memory", octets)
        yield from _links({name: link.bandwidth for name, link in known.links.items()}, usage)


def _amounts(name: str, what: str, found: Mapping[str, tuple[float, float]]) -> Iterator[Metric]:
    total = GaugeMetricFamily(f"interlace_pop_capacity_{name}", f"{what} of a PoP.", labels=("pop",))
    used = GaugeMetricFamily(
        f"interlace_pop_reserved_{name}",
        f"{what} of a PoP that are reserved, or that others use.",
        labels=("pop",),
    )
    for pop, (capacity, reserved) in sorted(found.items()):
        total.add_metric((pop,), capacity)
        used.add_metric((pop,), reserved)
    yield from (total, used)


def _links(bandwidths: Mapping[str, float], usage: Usage) -> Iterator[Metric]:
    total = GaugeMetricFamily("interlace_link_capacity_bits_per_second", "Of a WAN link.", labels=("link",))
    used = GaugeMetricFamily(
        "interlace_link_reserved_bits_per_second", "Reserved in each direction.", labels=("link",)
    )
    for link, mbps in sorted(bandwidths.items()):
        total.add_metric((link,), mbps * 1e6)
        used.add_metric((link,), usage.links.get(link, 0.0) * 1e6)
    yield from (total, used)
