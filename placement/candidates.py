"""Which PoPs each instance or endpoint could take if it were alone."""

from collections.abc import Mapping

import networkx as nx

from domain.infrastructure import Infrastructure, Pop
from domain.plans import GraphInstance, ServiceGraph, Standing
from domain.pricing import licence_price
from placement.topology import endpoint_pop

Candidates = Mapping[str, tuple[str, ...]]
"""Instance or endpoint -> PoPs; an endpoint has exactly one."""


def suits(instance: GraphInstance, name: str, pop: Pop, infrastructure: Infrastructure) -> bool:
    """Whether the PoP called `name` has the capabilities, sells the licences and keeps the rules.

    Capacity is not looked at.
    """
    return (
        instance.requires <= pop.capabilities
        and all(licence_price(each, pop, infrastructure) is not None for each in instance.licences)
        and (instance.allowed_pops is None or name in instance.allowed_pops)
        and name not in instance.forbidden_pops
        and (instance.allowed_regions is None or pop.region in instance.allowed_regions)
        and pop.region not in instance.forbidden_regions
    )


def candidates(
    graph: ServiceGraph, infrastructure: Infrastructure, topology: nx.MultiGraph, standing: Standing
) -> Candidates:
    """The candidates of all instances and endpoints; an instance that fits nowhere has none.

    Where an instance stands, and its room is counted, it fits, whatever is free.
    """
    held, free = standing.counted, dict(topology.nodes(data="free"))
    found: dict[str, tuple[str, ...]] = {
        endpoint.name: (endpoint_pop(endpoint, infrastructure),) for endpoint in graph.endpoints
    }
    for instance in graph.instances:
        found[instance.name] = tuple(
            name
            for name, pop in infrastructure.pops.items()
            if suits(instance, name, pop, infrastructure)
            and (held.get(instance.name) == name or instance.resources.fits_in(free[name]))
        )
    return found
