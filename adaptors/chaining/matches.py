"""Which packets go which way: the match of a chain's classifier and of a way's share of the flows."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.descriptor import Classifier
from domain.networking import Ingress, Protocol

LINK_PRIORITY = 100
CHAIN_PRIORITY = 200
_PROTOCOL_KNOWN = 20
_PORT_KNOWN = 30
_SHARED = 5

_BUCKETS = 16
"""Of a flow's port, the low bits say its bucket; buckets are dealt to the ways in turn."""


@dataclass(frozen=True)
class Match:
    """Packets of a stretch that go one of its ways, in both directions."""

    protocol: Protocol
    port: int | None
    priority: int
    share_value: int = 0
    share_mask: int = 0

    def forward(self, destination: str) -> Ingress:
        """From origin to target: the origin's port divides the flows."""
        return Ingress(
            destination=destination,
            protocol=self.protocol,
            destination_port=self.port,
            share_of="source_port" if self.share_mask else None,
            share_value=self.share_value,
            share_mask=self.share_mask,
        )

    def backward(self, destination: str) -> Ingress:
        """From target to origin."""
        return Ingress(
            destination=destination,
            protocol=self.protocol,
            source_port=self.port,
            share_of="destination_port" if self.share_mask else None,
            share_value=self.share_value,
            share_mask=self.share_mask,
        )


@dataclass(frozen=True)
class Packet:
    """What a switch sees of a packet that comes from a port."""

    destination: str
    protocol: Protocol
    source_port: int | None = None
    destination_port: int | None = None


def rank(classifier: Classifier) -> int:
    """The priority of a classifier: the narrower, the higher."""
    known = _PROTOCOL_KNOWN if classifier.protocol != "any" else 0
    has_port = classifier.port is not None and classifier.protocol != "icmp"
    return CHAIN_PRIORITY + known + (_PORT_KNOWN if has_port else 0)


def matches(classifier: Classifier, way: int, ways: int) -> Iterator[Match]:
    """What goes the way of this number, from 0; packets without ports all go the first."""
    priority = rank(classifier)
    if classifier.protocol == "icmp":
        if way == 0:
            yield Match("icmp", None, priority)
        return
    if classifier.protocol == "any" and classifier.port is None and way == 0:
        yield Match("any", None, priority)
    if classifier == Classifier() and ways == 1:
        return
    protocols: tuple[Protocol, ...] = ("tcp", "udp")
    for protocol in protocols if classifier.protocol == "any" else (classifier.protocol,):
        for value, mask in shares(way, ways):
            yield Match(protocol, classifier.port, priority + (_SHARED if mask else 0), value, mask)


def shares(way: int, ways: int) -> list[tuple[int, int]]:
    """Value and mask of the buckets of one of several ways, as few as possible."""
    if ways & (ways - 1) == 0:
        return [(way, ways - 1)]
    buckets = max(_BUCKETS, 1 << ways.bit_length())
    return [(bucket, buckets - 1) for bucket in range(way, buckets, ways)]


def takes(ingress: Ingress, packet: Packet) -> bool:
    """Whether a switch would apply the rule with this ingress to the packet."""
    return (
        ingress.destination == packet.destination
        and ingress.protocol in ("any", packet.protocol)
        and ingress.source_port in (None, packet.source_port)
        and ingress.destination_port in (None, packet.destination_port)
        and _share_takes(ingress, packet)
    )


def _share_takes(ingress: Ingress, packet: Packet) -> bool:
    if ingress.share_of is None:
        return True
    port = packet.source_port if ingress.share_of == "source_port" else packet.destination_port
    return port is not None and port & ingress.share_mask == ingress.share_value


def overlap(one: Ingress, other: Ingress) -> bool:
    """Whether a packet may fit both; one to a known port and one from a known port count as different."""
    if _known_side(one) and _known_side(other) and _known_side(one) != _known_side(other):
        return False
    same_share_of = one.share_of == other.share_of
    return (
        (one.protocol == other.protocol or "any" in (one.protocol, other.protocol))
        and _agree(one.source_port, other.source_port)
        and _agree(one.destination_port, other.destination_port)
        and not (same_share_of and (one.share_value ^ other.share_value) & one.share_mask & other.share_mask)
    )


def covers(one: Ingress, other: Ingress) -> bool:
    """Whether the first takes every packet that the second takes."""
    shared = (one.share_of, one.share_value, one.share_mask)
    return (
        one.destination == other.destination
        and one.protocol in ("any", other.protocol)
        and one.source_port in (None, other.source_port)
        and one.destination_port in (None, other.destination_port)
        and (one.share_of is None or shared == (other.share_of, other.share_value, other.share_mask))
    )


def _known_side(ingress: Ingress) -> str | None:
    if ingress.destination_port is not None:
        return "destination"
    return "source" if ingress.source_port is not None else None


def _agree(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other
