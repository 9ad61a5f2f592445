"""What stands beside a map: totals, services and their courses, prices, and what the signs mean."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interfaces.picture import details, wording
from interfaces.picture.facts import CourseFacts, ServiceFacts, Topology
from interfaces.picture.palette import LOADS
from interfaces.picture.scene import KINDS

_TIERS = 6
"""Different prices that are listed; of more, the range is told."""


@dataclass(frozen=True)
class Row:
    """One thing that is told."""

    text: str
    detail: str = ""
    """Under it, smaller."""
    course: int | None = None
    """Whose line stands before it."""
    directed: bool = True
    """Whether that line is an arrow."""
    load: float | None = None
    """A ring of that load stands before it, and a link's line."""


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


def heading(topology: Topology) -> tuple[str, str]:
    """Title and subtitle."""
    if topology.plan:
        plan = topology.plan
        title = f"{plan.kind} of {plan.service}"
        over = f"; {plan.over}" if plan.over else ""
        return title, f"as {plan.plan_id} has it, over {topology.source}{over}"
    names = [service.name for service in topology.services]
    services = f"{'Services' if len(names) > 1 else 'Service'} {', '.join(names)}"
    return services if names else "Infrastructure", f"as in {topology.source}"


def sections(topology: Topology) -> list[Section]:
    """All of them, those that say nothing left out."""
    found = [
        Section("Totals", tuple(_totals(topology))),
        *(_service(service, topology) for service in topology.services),
        Section("Load of a PoP and of a link", tuple(_loads())),
        Section(f"Prices, {topology.currency} per hour", tuple(_prices(topology))),
        Section("Signs", tuple(_signs(topology))),
    ]
    return [section for section in found if section.rows]


def _totals(topology: Topology) -> Iterator[Row]:
    totals = topology.totals
    of_services = (
        f", {wording.counted(totals.instances, 'instance')} of {wording.counted(totals.services, 'service')}"
        if totals.services
        else ""
    )
    yield Row(f"{wording.counted(totals.pops, 'PoP')}, {wording.counted(totals.links, 'link')}{of_services}")
    yield Row(f"{totals.used.vcpus:,} of {totals.capacity.vcpus:,} vCPU taken")
    yield Row(f"{wording.gib(totals.used.memory)} of {wording.gib(totals.capacity.memory)} GiB memory taken")
    if totals.capacity.disk:
        yield Row(f"{totals.used.disk:,} of {totals.capacity.disk:,} GiB disk taken")
    reserved, bandwidth = wording.rate(totals.reserved_mbps), wording.rate(totals.bandwidth_mbps)
    yield Row(f"{reserved} of {bandwidth} of all links")
    full = sum(each.load >= LOADS[-1] for each in topology.pops)
    if full:
        yield Row(f"{wording.counted(full, 'PoP')} at or above {LOADS[-1]:.0%}")


def _service(service: ServiceFacts, topology: Topology) -> Section:
    before = f"{service.cost_before:.4f} → " if service.cost_before is not None else ""
    cost = Row(
        f"{before}{service.cost_per_hour:.4f} {topology.currency}/h",
        f"{service.descriptor} {service.version}",
    )
    courses = [
        _course(number, course)
        for number, course in enumerate(topology.courses)
        if course.service == service.name
    ]
    return Section(f"Service {service.name}", (cost, *courses))


def _course(number: int, course: CourseFacts) -> Row:
    return Row(
        f"{course.name}: {details.timing(course)}",
        details.way(course),
        course=number,
        directed=course.directed,
    )


def _loads() -> Iterator[Row]:
    edges = [f"{round(100 * step)}" for step in LOADS]
    yield Row("nothing taken", load=0.0)
    yield Row(f"under {edges[0]} %", load=0.2)
    yield Row(f"{edges[0]} to {edges[1]} %", load=0.5)
    yield Row(f"{edges[1]} to {edges[2]} %", load=0.8)
    yield Row(f"{edges[2]} % and more", load=1.0)


def _prices(topology: Topology) -> Iterator[Row]:
    offers = Counter(wording.prices(pop.prices) for pop in topology.pops)
    if len(offers) <= _TIERS:
        yield from (
            Row(offer, f"at {wording.counted(count, 'PoP')}") for offer, count in offers.most_common()
        )
    else:
        yield Row(f"{_range([pop.prices.vcpu_hour for pop in topology.pops])} a vCPU")
        yield Row(f"{_range([pop.prices.memory_gib_hour for pop in topology.pops])} a GiB of memory")
    if topology.links:
        yield Row(f"{_range([link.price_mbps_hour for link in topology.links])} a Mbit/s of a link")


def _range(amounts: Sequence[float]) -> str:
    low, high = wording.price(min(amounts)), wording.price(max(amounts))
    return low if low == high else f"{low} to {high}"


def _signs(topology: Topology) -> Iterator[Row]:
    yield Row("size of a PoP: its vCPUs")
    yield Row("ring: vCPU or memory, whichever is fuller")
    if topology.services:
        vnf, microservice, endpoint = (KINDS[kind] for kind in ("vnf", "microservice", "endpoint"))
        yield Row(f"{vnf} network function {microservice} microservice {endpoint} endpoint")
        yield Row("number in a PoP: its instances")
    if topology.plan:
        yield Row("+ comes, \N{MINUS SIGN} goes; routes that go are dotted")
        yield Row("stroke across a ring: its load before")
