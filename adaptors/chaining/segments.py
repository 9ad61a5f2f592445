"""How to probe a service's network: one segment for each way of a chain's stretch and for each plain link."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from adaptors.chaining.hops import End, Hop
from adaptors.chaining.host_routes import Routes, leads_to
from adaptors.chaining.matches import Packet, matches
from adaptors.chaining.rule_table import RuleTable, UniqueNames
from adaptors.chaining.stretches import Stretch, Way
from domain.descriptor import Descriptor
from domain.networking import Protocol, Segment

CLOSED_PORT = 9
"""Where a probe goes whose segment names no port: that it is refused proves the way as well."""

_EPHEMERAL = 0xC000

_Aim = tuple[Protocol, int | None]
"""Protocol and destination port."""


@dataclass(frozen=True)
class Prober:
    """Finds for each segment a probe that goes just its way."""

    descriptor: Descriptor
    rules: RuleTable
    routes: Routes
    names: UniqueNames

    def chains(self, stretches: Iterable[Stretch]) -> Iterator[Segment]:
        """One for each way that packets of a stretch take; none for a way left to no packet."""
        for stretch in stretches:
            ways = len(stretch.ways)
            for number, way in enumerate(stretch.ways):
                shares = [each for each in matches(stretch.classifier, number, ways) if each.share_mask]
                share = (shares[0].share_value, shares[0].share_mask) if shares else (0, 0)
                if shares or number == 0:
                    yield from self._segment(stretch.chain, way, self._aims(stretch), share)

    def links(self, hops: Iterable[Hop], stretches: Iterable[Stretch]) -> Iterator[Segment]:
        """One for each hop that no chain takes, unless its ends speak by a chain instead."""
        passed = [hop for each in stretches for way in each.ways for hop in way]
        covered = {hop.link.name for hop in passed}
        chained = {end.holder for hop in passed for end in (hop.start, hop.end)}
        for hop in hops:
            if hop.link.name in covered or _routes_a_chain(hop, chained):
                continue
            there = hop if hop.end.routed or not hop.start.routed else hop.back()
            if leads_to(self.routes, hop.start, hop.end) and leads_to(self.routes, hop.end, hop.start):
                yield from self._segment(hop.link.virtual_link, (there,), self._link_aims(there.end), (0, 0))

    def _aims(self, stretch: Stretch) -> list[_Aim]:
        """What to probe with, the best first."""
        protocol, port = stretch.classifier.protocol, stretch.classifier.port
        if protocol == "icmp":
            return [("icmp", None)]
        if port is not None or protocol == "udp":
            protocols: tuple[Protocol, ...] = ("tcp", "udp") if protocol == "any" else (protocol,)
            return [(each, port) for each in protocols]
        healthy = self._health_port(stretch.target)
        known: list[_Aim] = [("tcp", healthy)] if healthy is not None else []
        pings: list[_Aim] = [("icmp", None)] if protocol == "any" and len(stretch.ways) == 1 else []
        return [*known, *pings, ("tcp", None)]

    def _link_aims(self, target: End) -> list[_Aim]:
        healthy = None if target.routed else self._health_port(target)
        return [("icmp", None)] if healthy is None else [("tcp", healthy), ("icmp", None)]

    def _health_port(self, target: End) -> int | None:
        component = self.descriptor.components.get(target.component)
        check = component.health_check if component else None
        return check.port if check and check.type != "process" else None

    def _segment(self, owner: str, way: Way, aims: list[_Aim], share: tuple[int, int]) -> Iterator[Segment]:
        for protocol, port in aims:
            rules = self.rules.passed(way, _probe(way, (protocol, port), share[0]))
            if rules is None:
                continue  # a narrower chain takes such packets
            origin, target = way[0].start, way[-1].end
            yield Segment(
                name=self.names.take(_name(owner, way, shared=share[1] > 0)),
                chain=owner,
                origin=origin.resource,
                origin_pop=origin.pop,
                origin_address=origin.port.address,
                target=target.resource,
                target_pop=target.pop,
                target_address=target.port.address,
                protocol=protocol,
                port=port,
                share_value=share[0],
                share_mask=share[1],
                rules=tuple(rules),
                latency_ms=sum(hop.latency_ms for hop in way),
            )
            return


def _routes_a_chain(hop: Hop, chained: set[str]) -> bool:
    return any(end.routed and end.holder in chained for end in (hop.start, hop.end))


def _probe(way: Way, aim: _Aim, share_value: int) -> Packet:
    destination, (protocol, port) = way[-1].end.port.address, aim
    if protocol == "icmp":
        return Packet(destination, "icmp")
    return Packet(destination, protocol, _EPHEMERAL | share_value, CLOSED_PORT if port is None else port)


def _name(owner: str, way: Way, shared: bool) -> str:
    through = ", ".join(hop.end.holder for hop in way[:-1])
    via = f" via {through}" if shared else ""
    return f"{owner}: {way[0].start.name} > {way[-1].end.name}{via}"
