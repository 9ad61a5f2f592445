"""Greedy placements: component after component, each where it suits best just now; nothing is taken back."""

from collections.abc import Callable, Iterator

import networkx as nx

from bench.placement.cases import Task
from bench.placement.drafts import Draft
from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure
from domain.plans import GraphInstance, GraphLink, Plan, Route
from domain.pricing import licence_price

Ranking = Callable[[Draft, GraphInstance], Callable[[str], float]]
"""How good a PoP is for an instance: less is better."""


def nearest_fit(task: Task) -> Plan:
    """Each at the nearest PoP with room that its rules allow, by the latency from what it is linked to."""
    return _placed(task, "nearest-fit", _nearness)


def best_fit(task: Task) -> Plan:
    """Each at the PoP of which it leaves the least free: share of vcpus and share of memory together."""
    return _placed(task, "best-fit", _leftover)


def _placed(task: Task, name: str, ranking: Ranking) -> Plan:
    """Raises InfeasibleError where it gets stuck: that is no proof."""
    draft = Draft.of(task)
    for link in task.graph.links:
        if _both_ends(draft, link) and not _led(draft, link):
            raise InfeasibleError(f"{name}: no way for {link.name}")
    for instance in task.graph.instances:
        rank = ranking(draft, instance)
        ranked = sorted(task.infrastructure.pops, key=lambda pop: (rank(pop), pop))
        pop = next((pop for pop in ranked if _allowed(draft, instance, pop)), None)
        if pop is None or not _settled(draft, instance, pop):
            raise InfeasibleError(f"{name}: {instance.name} fits on no PoP any more")
    return draft.plan(name, gap=1.0)


def _nearness(draft: Draft, instance: GraphInstance) -> Callable[[str], float]:
    anchors = [draft.where[end] for end in _neighbours(draft, instance.name)]
    if not anchors:
        anchors = list(draft.where.values())[:1]
    reached = [
        nx.single_source_dijkstra_path_length(draft.ways, anchor, weight="latency_ms") for anchor in anchors
    ]
    return lambda pop: sum(latencies.get(pop, float("inf")) for latencies in reached)


def _leftover(draft: Draft, instance: GraphInstance) -> Callable[[str], float]:
    def rest(pop: str) -> float:
        left, all_of_it = draft.free[pop], draft.task.infrastructure.pops[pop].capacity
        vcpus = (left.vcpus - instance.resources.vcpus) / max(1, all_of_it.vcpus)
        return vcpus + (left.memory - instance.resources.memory) / max(1, all_of_it.memory)

    return rest


def _neighbours(draft: Draft, name: str) -> list[str]:
    """What it is linked to and has a place already."""
    ends = [end for link in draft.task.graph.links if name in link.ends for end in link.ends]
    return [end for end in ends if end != name and end in draft.where]


def _both_ends(draft: Draft, link: GraphLink) -> bool:
    return all(end in draft.where for end in link.ends)


def _settled(draft: Draft, instance: GraphInstance, pop: str) -> bool:
    """Whether its links to all that has a place find ways from there."""
    draft.put(instance.name, pop)
    ready = [
        link for link in draft.task.graph.links if instance.name in link.ends and _both_ends(draft, link)
    ]
    return all(_led(draft, link) for link in ready)


def _allowed(draft: Draft, instance: GraphInstance, pop: str) -> bool:
    graph, infrastructure = draft.task.graph, draft.task.infrastructure
    return (
        instance.resources.fits_in(draft.free[pop])
        and _suits(instance, pop, infrastructure)
        and all(draft.where[other] == pop for other in _placed_peers(draft, graph.affinity, instance))
        and all(draft.where[other] != pop for other in _placed_peers(draft, graph.anti_affinity, instance))
    )


def _suits(instance: GraphInstance, name: str, infrastructure: Infrastructure) -> bool:
    pop = infrastructure.pops[name]
    return (
        instance.requires <= pop.capabilities
        and (instance.allowed_pops is None or name in instance.allowed_pops)
        and name not in instance.forbidden_pops
        and (instance.allowed_regions is None or pop.region in instance.allowed_regions)
        and pop.region not in instance.forbidden_regions
        and all(licence_price(licence, pop, infrastructure) is not None for licence in instance.licences)
    )


def _placed_peers(
    draft: Draft, groups: tuple[tuple[str, ...], ...], instance: GraphInstance
) -> Iterator[str]:
    for group in groups:
        if instance.name in group:
            yield from (other for other in group if other != instance.name and other in draft.where)


def _led(draft: Draft, link: GraphLink) -> bool:
    """By the cheapest way with enough bandwidth; where that is too slow, by the quickest."""
    for by in ("price", "latency"):
        route = draft.way(link, by)
        if route is None:
            return False
        if _quick_enough(draft, link, route):
            draft.lead(route)
            return True
    return False


def _quick_enough(draft: Draft, link: GraphLink, route: Route) -> bool:
    if link.latency_ms is not None and route.latency_ms > link.latency_ms:
        return False
    for chain in draft.task.graph.chains:
        if chain.latency_ms is not None and link.name in chain.links:
            others = sum(draft.routes[name].latency_ms for name in chain.links if name in draft.routes)
            if others + route.latency_ms > chain.latency_ms:
                return False
    return True
