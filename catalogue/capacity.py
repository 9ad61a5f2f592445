"""Whether what a plan wants is still free, and the words for when it is not."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, select

from catalogue.tables import links, pops
from catalogue.usage import NOTHING, used_in_pops, used_on_links
from domain.infrastructure import Resources
from domain.plans import Plan, ServiceGraph

_ROUNDING_MBPS = 1e-6


def wanted_in_pops(graph: ServiceGraph, plan: Plan) -> dict[str, Resources]:
    wanted: dict[str, Resources] = {}
    for instance in graph.instances:
        pop = plan.placements[instance.name]
        wanted[pop] = wanted.get(pop, NOTHING) + instance.resources
    return wanted


def wanted_on_links(plan: Plan) -> dict[tuple[str, str], float]:
    """Mbit/s by (graph link, physical link)."""
    wanted: dict[tuple[str, str], float] = defaultdict(float)
    for route in plan.routes:
        for physical in route.physical_links:
            wanted[route.link, physical] += route.bandwidth_mbps
    return dict(wanted)


def shortages(connection: Connection, graph: ServiceGraph, plan: Plan) -> list[str]:
    """Where the plan does not fit and by how much; empty if it fits."""
    by_link: dict[str, float] = defaultdict(float)
    for (_, physical), mbps in wanted_on_links(plan).items():
        by_link[physical] += mbps
    return [*_in_pops(connection, wanted_in_pops(graph, plan)), *_on_links(connection, by_link)]


def _in_pops(connection: Connection, wanted: Mapping[str, Resources]) -> list[str]:
    table = pops.c
    query = select(table.name, table.vcpus, table.memory_mib, table.disk_gib).where(table.name.in_(wanted))
    offers = {name: Resources.of(v, m, d) for name, v, m, d in connection.execute(query)}
    used = used_in_pops(connection, wanted)
    found = []
    for pop, want in sorted(wanted.items()):
        if pop not in offers:
            found.append(f"PoP {pop} is not part of the infrastructure any more")
        elif not (want + used.get(pop, NOTHING)).fits_in(offers[pop]):
            found.append(f"PoP {pop}: {_lacking(want, used.get(pop, NOTHING), offers[pop])}")
    return found


def _lacking(want: Resources, used: Resources, offer: Resources) -> str:
    kinds = (
        ("vcpus", want.vcpus, used.vcpus, offer.vcpus),
        ("MiB memory", want.memory, used.memory, offer.memory),
        ("GiB disk", want.disk, used.disk, offer.disk),
    )
    return "; ".join(f"{w} {unit} wanted, {o - u} free of {o}" for unit, w, u, o in kinds if w + u > o)


def _on_links(connection: Connection, wanted: Mapping[str, float]) -> list[str]:
    query = select(links.c.name, links.c.bandwidth_mbps).where(links.c.name.in_(wanted))
    offers = {name: float(mbps) for name, mbps in connection.execute(query)}
    used = used_on_links(connection, wanted)
    found = []
    for link, want in sorted(wanted.items()):
        free = offers.get(link, 0.0) - used.get(link, 0.0)
        if link not in offers:
            found.append(f"link {link} is not part of the infrastructure any more")
        elif want > free + _ROUNDING_MBPS:
            found.append(f"link {link}: {want:g} Mbit/s wanted, {free:g} free of {offers[link]:g}")
    return found
