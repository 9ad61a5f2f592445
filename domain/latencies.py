"""How long packets are under way, end to end, beside the limits that the descriptor sets."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from domain.models import Model
from domain.plans import GraphChain, Plan, Route, ServiceGraph


class ChainLatency(Model):
    """Of the slowest way through a chain, one way, by the latencies of the links; components take no time."""

    chain: str
    ways: int
    """One for each choice of instances."""
    latency_ms: float
    limit_ms: float | None
    """None where the descriptor sets none."""


def chain_latencies(graph: ServiceGraph, plan: Plan) -> tuple[ChainLatency, ...]:
    """Each chain, in the order of the descriptor."""
    routes = {route.link: route for route in plan.routes}
    chains = groupby(graph.chains, key=lambda way: way.chain)
    return tuple(_slowest(name, [*ways], routes) for name, ways in chains)


def _slowest(name: str, ways: list[GraphChain], routes: Mapping[str, Route]) -> ChainLatency:
    limits = [way.latency_ms for way in ways if way.latency_ms is not None]
    return ChainLatency(
        chain=name,
        ways=len(ways),
        latency_ms=max(_latency(way.links, routes) for way in ways),
        limit_ms=min(limits) if limits else None,
    )


def _latency(links: Iterable[str], routes: Mapping[str, Route]) -> float:
    return sum(routes[link].latency_ms for link in links if link in routes)
