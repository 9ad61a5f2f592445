"""What is free, the infrastructure less its usage, as a graph; and the PoP that a location means."""

from math import asin, cos, radians, sin, sqrt

import networkx as nx
from pydantic import Field

from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure, Location, Resources
from domain.models import Model, Name
from domain.plans import GraphEndpoint

_EARTH_RADIUS_KM = 6371.0088


class Usage(Model):
    """What is taken already; what is not named is wholly free."""

    pops: dict[Name, Resources] = Field(default={})
    links: dict[Name, float] = Field(default={})
    """Physical link -> Mbit/s taken in each direction."""


def build(infrastructure: Infrastructure, usage: Usage) -> nx.MultiGraph:
    """PoPs as nodes (`pop`, `free`), links as edges keyed by name (`free_mbps`, `latency_ms`, `price`)."""
    topology = nx.MultiGraph()
    nothing = Resources.of(0, 0, 0)
    for name, pop in infrastructure.pops.items():
        topology.add_node(name, pop=pop, free=_left(pop.capacity, usage.pops.get(name, nothing)))
    for name, link in infrastructure.links.items():
        free = max(0.0, link.bandwidth - usage.links.get(name, 0.0))
        topology.add_edge(
            *link.between, key=name, free_mbps=free, latency_ms=link.latency, price=link.price_mbps_hour
        )
    return topology


def wires(topology: nx.MultiGraph) -> dict[str, dict[str, float]]:
    """Physical link -> what `build` noted on its edge."""
    return {name: data for _, _, name, data in topology.edges(keys=True, data=True)}


def _left(capacity: Resources, used: Resources) -> Resources:
    return Resources.of(
        max(0, capacity.vcpus - used.vcpus),
        max(0, capacity.memory - used.memory),
        max(0, capacity.disk - used.disk),
    )


def distance_km(one: Location, other: Location) -> float:
    """Along the great circle (haversine formula)."""
    phi, psi = radians(one.latitude), radians(other.latitude)
    turn = radians(other.longitude - one.longitude)
    chord = sin((psi - phi) / 2) ** 2 + cos(phi) * cos(psi) * sin(turn / 2) ** 2
    return 2 * _EARTH_RADIUS_KM * asin(min(1.0, sqrt(chord)))


def nearest_pop(infrastructure: Infrastructure, location: Location) -> str | None:
    """The PoP nearest to `location`, the first by name of several; None where no PoP has a location."""
    distances = [
        (distance_km(pop.location, location), name)
        for name, pop in infrastructure.pops.items()
        if pop.location is not None
    ]
    return min(distances)[1] if distances else None


def endpoint_pop(endpoint: GraphEndpoint, infrastructure: Infrastructure) -> str:
    """The PoP where `endpoint` is; raises InfeasibleError where there is none."""
    if endpoint.location is not None:
        nearest = nearest_pop(infrastructure, endpoint.location)
        if nearest is None:
            raise InfeasibleError(f"endpoint {endpoint.name} has a location, but no PoP has one")
        return nearest
    if endpoint.pop is None or endpoint.pop not in infrastructure.pops:
        raise InfeasibleError(f"endpoint {endpoint.name} is at {endpoint.pop}, which is no PoP")
    return endpoint.pop
