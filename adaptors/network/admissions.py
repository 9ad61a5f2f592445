"""From a placed service to what each cloud is told: what may flow into instances, what to steer. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from adaptors.chaining.hops import End, Hop, hops
from adaptors.chaining.stretches import Stretch, stretches
from domain.descriptor import Classifier, Descriptor
from domain.errors import InputError
from domain.expansion import instance_names
from domain.infrastructure import Resources
from domain.instances import InstanceStatus, VimInstance, VimPort
from domain.networking import Admission, ChainHop, Departure, PopNetwork, ServiceChain, ServiceNetwork
from domain.plans import Plan, ServiceGraph

ANYBODY = "0.0.0.0/0"
"""Users may come from anywhere."""

_ANY = Classifier()


def complete(
    descriptor: Descriptor, graph: ServiceGraph, points: Mapping[str, VimInstance]
) -> dict[str, VimInstance]:
    """The points, with what clouds do not report: ports of instances without any, and the users' ends.

    :param points: instance -> how its VIM reports it
    """
    found = {
        part: _with_ports(points[part], component.connection_points) if part in points else None
        for name, component in descriptor.components.items()
        for part in instance_names(name, descriptor)
    }
    users = {each.name: _users(each.name) for each in graph.endpoints}
    return {name: each for name, each in found.items() if each} | users


def admitted(
    name: str,
    descriptor: Descriptor,
    graph: ServiceGraph,
    plan: Plan,
    points: Mapping[str, VimInstance],
) -> ServiceNetwork:
    """The network of a placed service over clouds.

    :param points: instance or endpoint -> how its VIM reports it, completed
    :raises InputError: a chain cannot be steered, or lacks a port or a route
    """
    joined = hops(descriptor, graph, plan, points)
    pieces = stretches(descriptor, graph, joined)
    speech = list(dict.fromkeys((*_of_links(joined.values(), pieces, points), *_of_chains(pieces, points))))
    leaving = list(dict.fromkeys(_departures(joined.values(), pieces, points)))
    steered = _alike_once([each for piece in pieces for each in _steered(piece, points)])
    return ServiceNetwork(
        name=name,
        service=graph.service,
        pops={
            pop: PopNetwork(
                pop=pop,
                admissions=tuple(each for at, each in speech if at == pop),
                departures=tuple(each for at, each in leaving if at == pop),
                chains=tuple(each for at, each in steered if at == pop),
            )
            for pop in sorted(set(plan.placements.values()))
        },
        segments=(),
    )


def _with_ports(instance: VimInstance, connection_points: tuple[str, ...]) -> VimInstance:
    if instance.ports:
        return instance
    ports = tuple(
        VimPort(connection_point=point, switch_interface="", mac="", address=instance.address)
        for point in connection_points
    )
    return instance.model_copy(update={"ports": ports})


def _users(endpoint: str) -> VimInstance:
    """What stands for the users: they run in no cloud."""
    return VimInstance(
        name="",
        external_id="",
        address="",
        status=InstanceStatus.RUNNING,
        tags={},
        resources=Resources.of(0, 0, 0),
        ports=(VimPort(connection_point=endpoint, switch_interface="", mac="", address=""),),
        sources=(ANYBODY,),
    )


def _of_links(
    joined: Iterable[Hop], pieces: list[Stretch], points: Mapping[str, VimInstance]
) -> Iterator[tuple[str, Admission]]:
    """Both ends of a link may begin to speak, but nobody begins to speak to users."""
    for hop in joined:
        for way in (hop, hop.back()):
            if way.end.resource:
                for classifier in _classifiers(way, pieces):
                    yield way.end.pop, _admission(way.start, way.end, classifier, way, points)


def _classifiers(hop: Hop, pieces: list[Stretch]) -> list[Classifier]:
    """Users are admitted to what the chains that they begin are for, and where there are none, to all."""
    if hop.start.resource:
        return [_ANY]
    begun = [each.classifier for each in pieces for way in each.ways if way[0].link.name == hop.link.name]
    return list(dict.fromkeys(begun)) or [_ANY]


def _of_chains(pieces: list[Stretch], points: Mapping[str, VimInstance]) -> Iterator[tuple[str, Admission]]:
    """Through functions, packets keep the address that they were sent from: the target, and each function,
    hears the origin, and the functions hear the target's answers."""
    for piece in pieces:
        for way in (each for each in piece.ways if len(each) > 1):
            for hop in way:
                if hop.end.resource:
                    yield hop.end.pop, _admission(piece.origin, hop.end, piece.classifier, hop, points)
                if hop.start.resource and hop.start != piece.origin:
                    yield hop.start.pop, _admission(piece.target, hop.start, _ANY, hop.back(), points)


def _departures(
    joined: Iterable[Hop], pieces: list[Stretch], points: Mapping[str, VimInstance]
) -> Iterator[tuple[str, Departure]]:
    """What leaves a PoP: by links, and by chains, whose packets name the target from the start."""
    for hop in joined:
        for way in (hop, hop.back()):
            if way.start.resource and way.end.resource and way.start.pop != way.end.pop:
                yield way.start.pop, _departure(way.start, way.end, _ANY, way.link.virtual_link, points)
    for piece in pieces:
        origin, target = piece.origin, piece.target
        leaves = any(hop.end.pop != origin.pop for way in piece.ways if len(way) > 1 for hop in way)
        if leaves and origin.resource and target.resource:
            yield origin.pop, _departure(origin, target, piece.classifier, piece.chain, points)


def _departure(
    start: End, end: End, classifier: Classifier, link: str, points: Mapping[str, VimInstance]
) -> Departure:
    return Departure(
        name=f"{link}: {start.name} > {end.name}",
        source=start.resource,
        destinations=(_address_of(end, points[end.holder]),),
        protocol=classifier.protocol,
        port=classifier.port,
    )


def _admission(
    start: End, end: End, classifier: Classifier, hop: Hop, points: Mapping[str, VimInstance]
) -> Admission:
    here = bool(start.resource) and start.pop == end.pop
    return Admission(
        name=f"{hop.link.virtual_link}: {start.name} > {end.name}",
        target=end.resource,
        connection_point=end.port.connection_point,
        source=start.resource if here else None,
        sources=() if here else sources_of(start, points[start.holder]),
        protocol=classifier.protocol,
        port=classifier.port,
    )


def sources_of(end: End, instance: VimInstance) -> tuple[str, ...]:
    """CIDRs that an end's packets come from, as another PoP sees them.

    :raises InputError: if nothing is known of them
    """
    return instance.sources or (_address_of(end, instance),)


def _address_of(end: End, instance: VimInstance) -> str:
    """As a CIDR."""
    address = end.port.address or instance.address
    if not address:
        raise InputError(f"{end.name} has no address yet, so nobody can be told to admit it")
    return address if "/" in address else f"{address}/32"


def _steered(piece: Stretch, points: Mapping[str, VimInstance]) -> Iterator[tuple[str, ServiceChain]]:
    """A chain of each run of functions at one PoP."""
    functions = [
        [(way[number].end, way[number + 1].start) for way in piece.ways]
        for number in range(min(len(way) for way in piece.ways) - 1)
    ]
    pops = [frozenset(entry.pop for entry, _ in parallel) for parallel in functions]
    number = 0
    for _, run in groupby(pops):
        length = len(list(run))
        for pop in sorted(pops[number]):
            yield pop, _chain(piece, pop, functions[number : number + length], number, points)
        number += length


def _alike_once(steered: list[tuple[str, ServiceChain]]) -> list[tuple[str, ServiceChain]]:
    """Targets that are told by one address, as replicas behind a cluster's, are one way to a cloud."""
    found = {(pop, chain.model_copy(update={"name": ""})): (pop, chain) for pop, chain in reversed(steered)}
    return list(reversed(found.values()))


def _chain(
    piece: Stretch,
    pop: str,
    functions: list[list[tuple[End, End]]],
    number: int,
    points: Mapping[str, VimInstance],
) -> ServiceChain:
    origin, target = piece.origin, piece.target
    starts_here = number == 0 and origin.pop == pop and bool(origin.resource)
    return ServiceChain(
        name=f"{piece.chain}-{piece.position + number}-{origin.holder}-{target.holder}",
        protocol=piece.classifier.protocol,
        port=piece.classifier.port,
        source=(origin.resource, origin.port.connection_point) if starts_here else None,
        destinations=sources_of(target, points[target.holder]),
        hops=tuple(_hop(parallel, pop) for parallel in functions),
    )


def _hop(parallel: list[tuple[End, End]], pop: str) -> ChainHop:
    ports = {
        (entry.resource, entry.port.connection_point, exit_.port.connection_point)
        for entry, exit_ in parallel
        if entry.pop == pop
    }
    return ChainHop(ports=tuple(sorted(ports)))
