"""Why there is no placement: the first reason that holds for a part of the service alone."""

from collections.abc import Iterator

import networkx as nx

from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphChain, GraphInstance, GraphLink, ServiceGraph
from placement.candidates import Candidates, suits
from placement.needs import Needs

_SHOWN = 6
_SLACK_MS = 1e-9


def homeless(
    graph: ServiceGraph, infrastructure: Infrastructure, free: nx.MultiGraph, candidates: Candidates
) -> str | None:
    """The first instance that fits on no PoP even alone, and why; None where each fits somewhere."""
    for instance in graph.instances:
        if not candidates[instance.name]:
            causes = "; ".join(
                [*_rules(instance, infrastructure), *_shortages(instance, infrastructure, free)]
            )
            return f"{instance.name} fits on no PoP: {causes or 'there is no PoP'}"
    return None


def first_reason(graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> str:
    """Why a graph whose instances each fit somewhere has no placement."""
    cause = next(_causes(graph, free, candidates, needs), None)
    if cause is not None:
        return cause
    arriving = [part for part in graph.instances if not _may_stay(part, candidates, needs)]
    total = _total([part.resources for part in arriving])
    beside = "" if len(arriving) == len(graph.instances) else " beside what stands already"
    left = _total([resources for _, resources in free.nodes(data="free")])
    return (
        f"each part fits alone, but not together: {len(arriving)} instances need {_text(total)}{beside},"
        f" {len(graph.links)} links need {sum(link.bandwidth_mbps for link in graph.links):g} Mbit/s;"
        f" all PoPs together have {_text(left)} free"
    )


def _may_stay(part: GraphInstance, candidates: Candidates, needs: Needs) -> bool:
    return any(needs.stands(part.name, pop) for pop in candidates[part.name])


def _causes(graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> Iterator[str]:
    for link in graph.links:
        yield from _link_reason(link, free, candidates, needs)
    for chain in graph.chains:
        yield from _chain_reason(chain, graph, free, candidates, needs)
    for group in graph.affinity:
        yield from _affinity_reason(group, graph, free, candidates, needs)
    for group in graph.anti_affinity:
        yield from _anti_affinity_reason(group, candidates)
    yield from _crowded_reason(graph, free, candidates, needs)


def _crowded_reason(
    graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[str]:
    """A PoP that is the only one for several instances, and too full for all of them."""
    for pop, left in free.nodes(data="free"):
        bound = [part for part in graph.instances if candidates[part.name] == (pop,)]
        arriving = [part for part in bound if not needs.stands(part.name, pop)]
        total = _total([part.resources for part in arriving])
        if not total.fits_in(left):
            who = _some([part.name for part in arriving])
            yield f"{who} can only be on {pop}: they need {_text(total)}, and it has {_text(left)} free"


def _rules(instance: GraphInstance, infrastructure: Infrastructure) -> Iterator[str]:
    for capability in sorted(instance.requires):
        having = [name for name, pop in infrastructure.pops.items() if capability in pop.capabilities]
        yield f"needs {capability} ({f'only {_some(having)}' if having else 'no PoP has it'})"
    if instance.allowed_pops is not None:
        yield f"may run on {_some(sorted(instance.allowed_pops)) or 'no PoP'} only"
    if instance.forbidden_pops:
        yield f"must not run on {_some(sorted(instance.forbidden_pops))}"
    if instance.allowed_regions is not None:
        yield f"may run in region {_some(sorted(instance.allowed_regions)) or '(none)'} only"
    if instance.forbidden_regions:
        yield f"must not run in region {_some(sorted(instance.forbidden_regions))}"


def _shortages(instance: GraphInstance, infrastructure: Infrastructure, free: nx.MultiGraph) -> Iterator[str]:
    """What each PoP lacks that the rules and capabilities leave."""
    suitable = [name for name, pop in infrastructure.pops.items() if suits(instance, name, pop)]
    for name in suitable[:_SHOWN]:
        left, capacity = free.nodes[name]["free"], infrastructure.pops[name].capacity
        yield f"{name} has {_shortage(instance.resources, left, capacity)}"
    if len(suitable) > _SHOWN:
        yield f"{len(suitable) - _SHOWN} more PoPs have too little"


def _shortage(needs: Resources, left: Resources, capacity: Resources) -> str:
    amounts = [
        (needs.vcpus, left.vcpus, capacity.vcpus, "vcpus"),
        (needs.memory, left.memory, capacity.memory, "MiB of memory"),
        (needs.disk, left.disk, capacity.disk, "GiB of disk"),
    ]
    return " and ".join(
        f"{has} of {most} {unit} free, needs {need}" for need, has, most, unit in amounts if need > has
    )


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _quickest(
    source_costs: dict[str, float], link: GraphLink, free: nx.MultiGraph, needs: Needs
) -> dict[str, float]:
    """The least latency to each PoP by links wide enough, from PoPs that start with a latency each."""
    reach = nx.MultiGraph()
    reach.add_nodes_from(free)
    edges = free.edges(keys=True, data=True)
    wide = [edge for edge in edges if edge[3]["free_mbps"] >= needs.mbps(link, edge[2])]
    reach.add_edges_from((one, other, name, {"ms": data["latency_ms"]}) for one, other, name, data in wide)
    start = ("start",)
    reach.add_edges_from((start, pop, 0, {"ms": ms}) for pop, ms in source_costs.items())
    lengths: dict[str, float] = nx.single_source_dijkstra_path_length(reach, start, weight="ms")
    return lengths


def _onward(
    costs: dict[str, float], link: GraphLink, to: tuple[str, ...], free: nx.MultiGraph, needs: Needs
) -> dict[str, float]:
    lengths = _quickest(costs, link, free, needs)
    return {pop: lengths[pop] for pop in to if pop in lengths}


def _link_reason(link: GraphLink, free: nx.MultiGraph, candidates: Candidates, needs: Needs) -> Iterator[str]:
    first, second = link.ends
    lengths = _onward(dict.fromkeys(candidates[first], 0.0), link, candidates[second], free, needs)
    what = f"link {link.name} ({_where(first, candidates)} to {_where(second, candidates)})"
    wide = f"{link.bandwidth_mbps:g} Mbit/s free"
    if not lengths:
        yield f"{what}: no path has {wide}"
    else:
        yield from _too_slow(what, f"path with {wide}", min(lengths.values()), link.latency_ms)


def _chain_reason(
    chain: GraphChain, graph: ServiceGraph, free: nx.MultiGraph, candidates: Candidates, needs: Needs
) -> Iterator[str]:
    links = {link.name: link for link in graph.links}
    steps = [links[name] for name in chain.links]
    if not steps:
        return
    here = _first_end(steps)
    costs = dict.fromkeys(candidates[here], 0.0)
    for step in steps:
        here = step.ends[1] if step.ends[0] == here else step.ends[0]
        costs = _onward(costs, step, candidates[here], free, needs)
        if not costs:
            yield f"chain {chain.name}: no path on from its start has {step.bandwidth_mbps:g} Mbit/s free"
            return
    yield from _too_slow(f"chain {chain.name}", "way through it", min(costs.values()), chain.latency_ms)


def _first_end(steps: list[GraphLink]) -> str:
    if len(steps) > 1 and steps[0].ends[0] in steps[1].ends:
        return steps[0].ends[1]
    return steps[0].ends[0]


def _too_slow(what: str, way: str, quickest: float, limit: float | None) -> Iterator[str]:
    if limit is not None and quickest > limit + _SLACK_MS:
        yield f"{what}: the quickest {way} takes {quickest:g} ms, allowed are {limit:g} ms"


def _where(end: str, candidates: Candidates) -> str:
    return f"{end} on {_some(list(candidates[end]))}"


def _affinity_reason(
    group: tuple[str, ...],
    graph: ServiceGraph,
    free: nx.MultiGraph,
    candidates: Candidates,
    needs: Needs,
) -> Iterator[str]:
    members = [part for part in graph.instances if part.name in group]
    shared = [pop for pop in free if all(pop in candidates[member] for member in group)]
    who = f"{_some(list(group))} must share a PoP"
    if not shared:
        yield f"{who}, but no PoP suits them all"
        return
    room = {pop: _total([needs.resources(part, pop) for part in members]) for pop in shared}
    if not any(total.fits_in(free.nodes[pop]["free"]) for pop, total in room.items()):
        total = _total([part.resources for part in members])
        yield f"{who}, but none of {_some(shared)} has {_text(total)} free"


def _anti_affinity_reason(group: tuple[str, ...], candidates: Candidates) -> Iterator[str]:
    """By a matching of the members to PoPs: smaller than the group means too few PoPs."""
    members = list(dict.fromkeys(group))
    choice = nx.Graph(((0, member), (1, pop)) for member in members for pop in candidates[member])
    matched = nx.bipartite.maximum_matching(choice, top_nodes=[(0, member) for member in members])
    if len(matched) // 2 < len(members):
        pops = sorted({pop for member in members for pop in candidates[member]})
        yield f"{_some(members)} must not share a PoP, but {_some(pops)} are too few for all {len(members)}"


def _total(parts: list[Resources]) -> Resources:
    return sum(parts, start=Resources.of(0, 0, 0))


def _text(resources: Resources) -> str:
    return f"{resources.vcpus} vcpus, {resources.memory} MiB of memory and {resources.disk} GiB of disk"
