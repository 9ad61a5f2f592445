"""Small infrastructures and services to place, and the cheapest placement of all by trying each."""

import itertools
import random
import statistics
from typing import Any

import networkx as nx

from domain.descriptor import Classifier, ComponentKind
from domain.infrastructure import Infrastructure, Resources
from domain.objectives import load, weights
from domain.plans import (
    GraphChain,
    GraphEndpoint,
    GraphInstance,
    GraphLink,
    Plan,
    Route,
    ServiceGraph,
    Standing,
)
from placement.check import violations
from placement.solve import place
from placement.topology import Usage

FREE = Usage()
NOTHING = Standing()


def pop(
    vcpus: int = 8, price: float = 1.0, memory: int = 8192, disk: int = 100, **more: Any
) -> dict[str, Any]:
    return {
        "vim": {"kind": "modelled"},
        "capacity": {"vcpus": vcpus, "memory": f"{memory} MiB", "disk": f"{disk} GiB"},
        "prices": {"vcpu_hour": price},
        **more,
    }


def wire(one: str, other: str, mbps: float = 1000, ms: float = 1, price: float = 0.0) -> dict[str, Any]:
    return {
        "between": [one, other],
        "bandwidth": f"{mbps} Mbit/s",
        "latency": f"{ms} ms",
        "price_mbps_hour": price,
    }


def infra(pops: dict[str, Any], links: dict[str, Any] | None = None) -> Infrastructure:
    return Infrastructure.model_validate(
        {"api_version": "interlace/v1", "kind": "Infrastructure", "pops": pops, "links": links or {}}
    )


def instance(name: str, vcpus: int = 1, memory: int = 1024, disk: int = 1, **more: Any) -> GraphInstance:
    return GraphInstance(
        name=name,
        component=name.rsplit("-", 1)[0],
        kind=ComponentKind.VNF,
        resources=Resources.of(vcpus, memory, disk),
        **more,
    )


def link(one: str, other: str, mbps: float = 10, ms: float | None = None, tag: str = "") -> GraphLink:
    return GraphLink(
        name=f"{one}--{other}{tag}", virtual_link="v", ends=(one, other), bandwidth_mbps=mbps, latency_ms=ms
    )


def chain(*links: str, ms: float) -> GraphChain:
    return GraphChain(name="chain", chain="c", classifier=Classifier(), links=links, latency_ms=ms)


def service(*instances: GraphInstance, **more: Any) -> ServiceGraph:
    return ServiceGraph(service="s", descriptor="d", version="1", instances=instances, **more)


def checked(
    graph: ServiceGraph,
    where: Infrastructure,
    usage: Usage = FREE,
    standing: Standing | None = None,
    **more: Any,
) -> Plan:
    plan = place(graph, where, usage, standing=standing, **more)
    assert violations(plan, graph, where, usage, standing) == []
    return plan


def random_case(seed: int) -> tuple[ServiceGraph, Infrastructure, Usage]:
    dice = random.Random(seed)
    pops = {
        f"p{n}": pop(
            dice.randint(1, 5),
            dice.choice([0, 0.01, 1, 2, 3.5]),
            disk=dice.randint(2, 6),
            region=dice.choice(["north", "south"]),
            capabilities=dice.choice([[], ["dpdk"]]),
        )
        for n in range(4)
    }
    pairs = dice.sample(list(itertools.combinations(pops, 2)), 4)
    pairs.append(dice.choice(pairs)[::-1])
    wires = {
        f"l{n}": wire(*pair, dice.randint(5, 30), dice.randint(1, 5), dice.choice([0, 0.1, 0.3]))
        for n, pair in enumerate(pairs)
    }
    names = ["a-1", "b-1", "b-2"]
    rules: list[dict[str, Any]] = [
        {},
        {},
        {"requires": {"dpdk"}},
        {"allowed_regions": {"north"}},
        {"forbidden_pops": {"p0"}},
        {"allowed_pops": {"p1", "p2", "p3"}},
    ]
    parts = [instance(n, dice.randint(1, 3), 1024, dice.randint(0, 3), **dice.choice(rules)) for n in names]
    links = (
        link("e", "a-1", dice.randint(0, 15), dice.choice([None, 2, 6])),
        link("a-1", "b-1", dice.randint(1, 15), dice.choice([None, 3])),
        link("b-2", "a-1", dice.randint(1, 15)),
    )
    graph = service(
        *parts,
        endpoints=(GraphEndpoint(name="e", pop=dice.choice(list(pops))),),
        links=links,
        chains=(chain(links[0].name, links[1].name, ms=dice.choice([3, 6, 20])),),
        affinity=dice.choice([(), (), (("a-1", "b-1"),)]),
        anti_affinity=dice.choice([(), (("b-1", "b-2"),)]),
        budget_per_hour=dice.choice([None, None, 12.0]),
    )
    usage = Usage(pops={"p1": Resources.of(1, 0, 0)}, links={"l0": 3.0})
    return graph, infra(pops, wires), usage


def ways(where: Infrastructure, one: str, other: str) -> list[tuple[str, ...]]:
    """Every simple way between two PoPs, by the names of its links."""
    if one == other:
        return [()]
    graph = nx.MultiGraph()
    graph.add_nodes_from(where.pops)
    graph.add_edges_from((*wire.between, name) for name, wire in where.links.items())
    return [tuple(hop[2] for hop in path) for path in nx.all_simple_edge_paths(graph, one, other)]


def suitable(part: GraphInstance, name: str, where: Infrastructure) -> bool:
    place_ = where.pops[name]
    return (
        part.requires <= place_.capabilities
        and name not in part.forbidden_pops
        and (part.allowed_pops is None or name in part.allowed_pops)
        and (part.allowed_regions is None or place_.region in part.allowed_regions)
        and part.licences <= place_.prices.licences.keys() | where.licences.keys()
    )


def fits(
    parts: dict[str, str], graph: ServiceGraph, where: Infrastructure, usage: Usage, standing: Standing
) -> bool:
    for name, place_ in where.pops.items():
        arrived = [i for i in graph.instances if parts[i.name] == name != standing.instances.get(i.name)]
        used = usage.pops.get(name, Resources.of(0, 0, 0))
        total = sum((i.resources for i in arrived), start=used)
        if arrived and not total.fits_in(place_.capacity):
            return False
    if not all(suitable(part, parts[part.name], where) for part in graph.instances):
        return False
    together = all(len({parts[m] for m in group}) == 1 for group in graph.affinity)
    return together and all(len({parts[m] for m in group}) == len(group) for group in graph.anti_affinity)


def kept_limits(graph: ServiceGraph, latency: dict[str, float]) -> bool:
    """Whether links and chains are quick enough, from each graph link's latency."""
    bounds = [(latency[one.name], one.latency_ms) for one in graph.links]
    bounds += [(sum(latency[name] for name in way.links), way.latency_ms) for way in graph.chains]
    return all(limit is None or ms <= limit for ms, limit in bounds)


def wide_enough(
    choice: dict[str, tuple[str, ...]],
    graph: ServiceGraph,
    where: Infrastructure,
    usage: Usage,
    standing: Standing,
) -> bool:
    held = {(way.link, name): way.bandwidth_mbps for way in standing.routes for name in way.physical_links}
    taken, grown = dict(usage.links), set()
    for one in graph.links:
        for name in choice[one.name]:
            more = max(0.0, one.bandwidth_mbps - held.get((one.name, name), 0.0))
            taken[name] = taken.get(name, 0) + more
            grown |= {name} if more else set()
    return all(taken[name] <= where.links[name].bandwidth for name in grown)


def latency_counted(graph: ServiceGraph, latency: dict[str, float]) -> float:
    """Of each chain the mean of its ways; without chains, of each virtual link the mean of its parts."""
    means: dict[str, list[float]] = {}
    for way in graph.chains:
        means.setdefault(way.chain, []).append(sum(latency[name] for name in way.links))
    if not graph.chains:
        for one in graph.links:
            means.setdefault(one.virtual_link, []).append(latency[one.name])
    return sum(statistics.mean(each) for each in means.values())


def instance_price(part: GraphInstance, name: str, where: Infrastructure) -> float:
    place_, needs = where.pops[name], part.resources
    prices, energy = place_.prices, place_.energy
    rent = needs.vcpus * prices.vcpu_hour + needs.disk * prices.disk_gib_hour
    rent += needs.memory / 1024 * prices.memory_gib_hour
    power = (energy.watts_per_instance + needs.vcpus * energy.watts_per_vcpu) / 1000 * energy.price_kwh
    fees = [prices.licences.get(each, where.licences.get(each)) for each in part.licences]
    return rent + power + sum(fee for fee in fees if fee is not None)


def load_added(
    parts: dict[str, str], graph: ServiceGraph, where: Infrastructure, usage: Usage, standing: Standing
) -> float:
    total = 0.0
    for name, place_ in where.pops.items():
        new = [i for i in graph.instances if parts[i.name] == name != standing.instances.get(i.name)]
        used = usage.pops.get(name, Resources.of(0, 0, 0))
        after = sum((i.resources for i in new), start=used)
        for what in ("vcpus", "memory"):
            most = getattr(place_.capacity, what)
            if new and most:
                total += load(getattr(after, what) / most) - load(min(1.0, getattr(used, what) / most))
    return total


def cheapest_ways(
    parts: dict[str, str],
    graph: ServiceGraph,
    where: Infrastructure,
    usage: Usage,
    standing: Standing,
    fixed: dict[str, Route],
    budget: float,
) -> float | None:
    """The least that ways between `parts` count whose price is within what is left of the budget."""
    best: float | None = None
    counts = weights(graph.objective or where.objective)
    options = [
        [fixed[one.name].physical_links]
        if one.name in fixed
        else ways(where, *(parts[end] for end in one.ends))
        for one in graph.links
    ]
    for names in itertools.product(*options):
        choice = {one.name: way for one, way in zip(graph.links, names, strict=True)}
        slow = {link: sum(where.links[name].latency for name in way) for link, way in choice.items()}
        if not kept_limits(graph, slow) or not wide_enough(choice, graph, where, usage, standing):
            continue
        price = sum(
            one.bandwidth_mbps * where.links[name].price_mbps_hour
            for one in graph.links
            for name in choice[one.name]
        )
        if price > budget + 1e-9:
            continue
        value = counts.cost * price + counts.latency * latency_counted(graph, slow)
        best = value if best is None else min(best, value)
    return best


def optimum(
    graph: ServiceGraph,
    where: Infrastructure,
    usage: Usage,
    standing: Standing = NOTHING,
    fixed: dict[str, Route] | None = None,
) -> float | None:
    """The least that any placement within the budget counts, moves too; None where nothing is possible."""
    best: float | None = None
    counts = weights(graph.objective or where.objective)
    budget = float("inf") if graph.budget_per_hour is None else graph.budget_per_hour
    for pops in itertools.product(where.pops, repeat=len(graph.instances)):
        parts = dict(zip([i.name for i in graph.instances], pops, strict=True))
        if not fits(parts, graph, where, usage, standing):
            continue
        compute = sum(instance_price(part, parts[part.name], where) for part in graph.instances)
        at = {**parts, **{end.name: str(end.pop) for end in graph.endpoints}}
        network = cheapest_ways(at, graph, where, usage, standing, fixed or {}, budget - compute)
        if network is None:
            continue
        moved = [name for name, stood in standing.instances.items() if parts[name] != stood]
        value = network + counts.cost * compute
        value += counts.balance * load_added(parts, graph, where, usage, standing)
        value += sum(standing.move_cost_per_hour.get(name, 0.0) for name in moved)
        best = value if best is None else min(best, value)
    return best
