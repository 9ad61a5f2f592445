"""An independent checker of plans: it reads the documents only, and shares no code with the model."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from math import isclose

from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphInstance, Plan, Route, ServiceGraph, Standing
from placement.recount import miscounts, unsold
from placement.topology import Usage, nearest_pop

_TOLERANCE = 1e-6


def violations(
    plan: Plan,
    graph: ServiceGraph,
    infrastructure: Infrastructure,
    usage: Usage,
    standing: Standing | None = None,
) -> list[str]:
    """Everything in `plan` that the graph, the infrastructure or its usage forbids; empty for a good plan.

    :param standing: what `usage` counts of this service already
    """
    standing = standing or Standing()
    broken = [*_names(plan, graph, infrastructure)]
    if broken:
        return broken
    return [
        *_endpoints(plan, graph, infrastructure),
        *(text for instance in graph.instances for text in _rules(instance, plan, infrastructure)),
        *_capacity(plan, graph, infrastructure, usage, standing),
        *_bandwidth(plan, infrastructure, usage, standing),
        *_ways(plan, graph, infrastructure),
        *_latency(plan, graph),
        *_groups(plan, graph),
        *miscounts(plan, graph, infrastructure, usage, standing),
    ]


def _above(amount: float, limit: float) -> bool:
    return amount > limit and not isclose(amount, limit, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _names(plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure) -> Iterator[str]:
    """Whether the plan speaks of exactly the graph's parts, and of things that exist."""
    pairs = [
        ("instance", Counter(instance.name for instance in graph.instances), Counter(plan.placements.keys())),
        ("endpoint", Counter(endpoint.name for endpoint in graph.endpoints), Counter(plan.endpoints.keys())),
        ("link", Counter(link.name for link in graph.links), Counter(route.link for route in plan.routes)),
    ]
    for what, wanted, given in pairs:
        yield from (f"{what} {name} is not in the plan" for name in sorted(wanted - given))
        yield from (f"{what} {name} is too often in the plan" for name in sorted(given - wanted))
    used_pops = {*plan.placements.values(), *plan.endpoints.values()}
    used_pops.update(pop for route in plan.routes for pop in route.pops)
    yield from (f"there is no PoP {name}" for name in sorted(used_pops - infrastructure.pops.keys()))
    used_links = {name for route in plan.routes for name in route.physical_links}
    yield from (
        f"there is no physical link {name}" for name in sorted(used_links - infrastructure.links.keys())
    )


def _endpoints(plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure) -> Iterator[str]:
    for endpoint in graph.endpoints:
        due = nearest_pop(infrastructure, endpoint.location) if endpoint.location else endpoint.pop
        if plan.endpoints[endpoint.name] != due:
            yield f"endpoint {endpoint.name} is on {plan.endpoints[endpoint.name]}, not on {due}"


def _rules(instance: GraphInstance, plan: Plan, infrastructure: Infrastructure) -> Iterator[str]:
    name = plan.placements[instance.name]
    pop = infrastructure.pops[name]
    where = f"{instance.name} on {name}"
    for missing in sorted(instance.requires - pop.capabilities):
        yield f"{where}: the PoP has no {missing}"
    for licence in unsold(instance, pop, infrastructure):
        yield f"{where}: the PoP does not sell the licence {licence}"
    if instance.allowed_pops is not None and name not in instance.allowed_pops:
        yield f"{where}: not an allowed PoP"
    if name in instance.forbidden_pops:
        yield f"{where}: a forbidden PoP"
    if instance.allowed_regions is not None and pop.region not in instance.allowed_regions:
        yield f"{where}: not in an allowed region"
    if pop.region in instance.forbidden_regions:
        yield f"{where}: in a forbidden region"


def _capacity(
    plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure, usage: Usage, standing: Standing
) -> Iterator[str]:
    arrived: defaultdict[str, list[Resources]] = defaultdict(list)
    for instance in graph.instances:
        name, at = instance.name, plan.placements[instance.name]
        if standing.instances.get(name) != at or name in standing.uncounted:
            arrived[at].append(instance.resources)
    for at, here in arrived.items():
        used = usage.pops.get(at, Resources.of(0, 0, 0))
        for what in ("vcpus", "memory", "disk"):
            added = sum(getattr(resources, what) for resources in here)
            total, limit = added + getattr(used, what), getattr(infrastructure.pops[at].capacity, what)
            if added and total > limit:
                yield f"{at}: {what} {total} of {limit}"


def _bandwidth(plan: Plan, infrastructure: Infrastructure, usage: Usage, standing: Standing) -> Iterator[str]:
    """A route counts on a physical link by how much it takes beyond what the same graph link holds there."""
    held = {
        (route.link, name): route.bandwidth_mbps for route in standing.routes for name in route.physical_links
    }
    added: defaultdict[str, float] = defaultdict(float)
    for route in plan.routes:
        for name in route.physical_links:
            added[name] += max(0.0, route.bandwidth_mbps - held.get((route.link, name), 0.0))
    for name, mbps in added.items():
        total, limit = mbps + usage.links.get(name, 0.0), infrastructure.links[name].bandwidth
        if mbps > 0 and _above(total, limit):
            yield f"{name}: {total:g} of {limit:g} Mbit/s"


def _ways(plan: Plan, graph: ServiceGraph, infrastructure: Infrastructure) -> Iterator[str]:
    where = {**plan.placements, **plan.endpoints}
    links = {link.name: link for link in graph.links}
    for route in plan.routes:
        link = links[route.link]
        if (route.virtual_link, route.bandwidth_mbps) != (link.virtual_link, link.bandwidth_mbps):
            yield f"route of {route.link}: not the link's bandwidth or virtual link"
        if not route.pops or (route.pops[0], route.pops[-1]) != (where[link.ends[0]], where[link.ends[1]]):
            yield f"route of {route.link}: does not join its ends' PoPs"
        elif not _connected(route, infrastructure):
            yield f"route of {route.link}: its physical links are no way through its PoPs"
        latency = sum(infrastructure.links[name].latency for name in route.physical_links)
        if not isclose(latency, route.latency_ms, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
            yield f"route of {route.link}: takes {latency:g} ms, not {route.latency_ms:g} ms"


def _connected(route: Route, infrastructure: Infrastructure) -> bool:
    if len(route.pops) != len(route.physical_links) + 1 or len(set(route.pops)) != len(route.pops):
        return False
    hops = zip(route.physical_links, route.pops, route.pops[1:], strict=False)
    return all({one, other} == set(infrastructure.links[name].between) for name, one, other in hops)


def _latency(plan: Plan, graph: ServiceGraph) -> Iterator[str]:
    latency = {route.link: route.latency_ms for route in plan.routes}
    for link in graph.links:
        if link.latency_ms is not None and _above(latency[link.name], link.latency_ms):
            yield f"link {link.name}: {latency[link.name]:g} ms, allowed are {link.latency_ms:g} ms"
    for chain in graph.chains:
        total = sum(latency[name] for name in chain.links)
        if chain.latency_ms is not None and _above(total, chain.latency_ms):
            yield f"chain {chain.name}: {total:g} ms, allowed are {chain.latency_ms:g} ms"


def _groups(plan: Plan, graph: ServiceGraph) -> Iterator[str]:
    for group in graph.affinity:
        if len({plan.placements[member] for member in group}) > 1:
            yield f"{', '.join(group)} do not share a PoP"
    for group in graph.anti_affinity:
        members = set(group)
        if len({plan.placements[member] for member in members}) < len(members):
            yield f"{', '.join(group)} share a PoP"
