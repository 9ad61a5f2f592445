"""The part of a service graph that can be joined while some instances are still of an older version."""

from collections.abc import Mapping

from domain.descriptor import Descriptor
from domain.instances import VimInstance
from domain.plans import GraphLink, ServiceGraph


def joinable(graph: ServiceGraph, descriptor: Descriptor, points: Mapping[str, VimInstance]) -> ServiceGraph:
    """The graph less links to connection points that an instance does not have, and chains over them.

    In a rolling update an instance that waits for its turn lacks what its successor will have.

    :param points: instance or endpoint -> how its VIM reports it
    """
    links = tuple(link for link in graph.links if _has_ports(link, descriptor, points))
    kept = {link.name for link in links}
    chains = tuple(chain for chain in graph.chains if kept.issuperset(chain.links))
    return graph.model_copy(update={"links": links, "chains": chains})


def _has_ports(link: GraphLink, descriptor: Descriptor, points: Mapping[str, VimInstance]) -> bool:
    between = descriptor.links[link.virtual_link].between
    return all(
        not point or any(each.connection_point == point for each in points[holder].ports)
        for holder, point in zip(link.ends, (port.partition(".")[2] for port in between), strict=True)
    )
