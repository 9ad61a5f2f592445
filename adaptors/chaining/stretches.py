"""A chain in pieces: each from an end that sends packets to the first end at which they arrive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from adaptors.chaining.hops import End, Hop
from domain.descriptor import Classifier, Descriptor
from domain.errors import InputError
from domain.plans import GraphChain, ServiceGraph
from domain.semantics import owner

Way = tuple[Hop, ...]
"""The hops from an origin to a target, by the routed instances between."""


@dataclass(frozen=True)
class Stretch:
    """All ways of one chain between an origin and a target."""

    chain: str
    position: int
    """Of its first hop in the chain: 0 is where the chain's packets begin."""
    classifier: Classifier
    ways: tuple[Way, ...]

    @property
    def origin(self) -> End:
        return self.ways[0][0].start

    @property
    def target(self) -> End:
        return self.ways[0][-1].end

    @staticmethod
    def inner_exits(way: Way) -> Iterator[tuple[int, End]]:
        """Where packets leave a routed instance on their way to another one, by the number of the next hop.

        It may send them on under its own address, as NAT does: then replies seek it there. A link joins it
        with the next instance, but not with the target.
        """
        return ((number, way[number].start) for number in range(1, len(way) - 1))

    @property
    def pair(self) -> frozenset[str]:
        return frozenset((self.origin.name, self.target.name))


def stretches(descriptor: Descriptor, graph: ServiceGraph, hops: Mapping[str, Hop]) -> list[Stretch]:
    """All stretches of all chains. The classifier holds for the first of each chain.

    Later ones have other ports: a load balancer, say, opens connections of its own.
    """
    found: dict[tuple[str, int, str, str], dict[Way, None]] = {}
    classifiers = {each.chain: each.classifier for each in graph.chains}
    for chain in graph.chains:
        for position, way in _pieces(chain, descriptor, hops):
            key = (chain.chain, position, way[0].start.name, way[-1].end.name)
            found.setdefault(key, {})[way] = None
    return [
        Stretch(chain, position, classifiers[chain] if position == 0 else Classifier(), tuple(ways))
        for (chain, position, _, _), ways in found.items()
    ]


def _pieces(chain: GraphChain, descriptor: Descriptor, hops: Mapping[str, Hop]) -> Iterator[tuple[int, Way]]:
    begun: list[Hop] = []
    walked = list(_walk(chain, descriptor, hops))
    for index, hop in enumerate(walked):
        if begun:
            _check_passage(chain.chain, begun[-1].end, hop.start, descriptor)
        begun.append(hop)
        if not hop.end.routed or index + 1 == len(walked):
            _check_ends(chain.chain, begun)
            yield index + 1 - len(begun), tuple(begun)
            begun = []


def _walk(chain: GraphChain, descriptor: Descriptor, hops: Mapping[str, Hop]) -> Iterator[Hop]:
    path = descriptor.chains[chain.chain].path
    steps = [pair for pair in pairwise(path) if owner(pair[0]) != owner(pair[1])]
    for step, name in zip(steps, chain.links, strict=True):
        hop = hops[name]
        yield hop if descriptor.links[hop.link.virtual_link].between == step else hop.back()


def _check_passage(chain: str, entered: End, left: End, descriptor: Descriptor) -> None:
    if entered.port != left.port:
        return
    points = descriptor.components[entered.component].connection_points
    what = f"chain {chain!r} passes through component {entered.component!r}"
    if len(points) == 1:
        raise InputError(f"{what}, which routes packets but has only one connection point")
    raise InputError(
        f"{what} but enters and leaves it by the same connection point, {points[entered.order]!r}"
    )


def _check_ends(chain: str, way: list[Hop]) -> None:
    if way[0].start.holder == way[-1].end.holder:
        raise InputError(f"chain {chain!r} leads from {way[0].start.component!r} back to itself")
