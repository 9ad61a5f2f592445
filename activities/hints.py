"""What clouds need to know of an instance beside its component: who may speak to it, and on which ports."""

from collections.abc import Iterator

from domain.descriptor import Descriptor
from domain.instances import Listening
from domain.semantics import owner


def exposed(descriptor: Descriptor, component: str) -> frozenset[str]:
    """The connection points of a component that users reach: those on a link to an endpoint."""
    return frozenset(
        port.partition(".")[2]
        for link in descriptor.links.values()
        for port, other in (link.between, link.between[::-1])
        if owner(port) == component and other in descriptor.endpoints
    )


def listens(descriptor: Descriptor, component: str) -> tuple[Listening, ...]:
    """The ports that a component's health check and the chains that lead to it name; each once."""
    return tuple(dict.fromkeys((*_checked(descriptor, component), *_chained(descriptor, component))))


def _checked(descriptor: Descriptor, component: str) -> Iterator[Listening]:
    described = descriptor.components[component]
    if described.health_check and described.health_check.port:
        point = described.connection_points[0]
        yield Listening(connection_point=point, protocol="tcp", port=described.health_check.port)


def _chained(descriptor: Descriptor, component: str) -> Iterator[Listening]:
    for chain in descriptor.chains.values():
        protocol, port = chain.classifier.protocol, chain.classifier.port
        entered = next((each for each in chain.path[1:] if owner(each) == component), None)
        if port is None or entered is None or protocol == "icmp":
            continue
        if owner(chain.path[0]) != component:
            point = entered.partition(".")[2]
            yield Listening(connection_point=point, protocol="udp" if protocol == "udp" else "tcp", port=port)
