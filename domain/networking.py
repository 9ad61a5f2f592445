"""The network of one service, ready to be programmed: steering rules, host routes, shares of the WAN, probes.

Packets are steered hop by hop. A rule at the first switch classifies by the port that a packet came in by and
by its IP header, and writes the pair (source MAC, destination MAC) of the two ports that a graph link joins;
switches further on go by that label alone. What no rule takes is dropped, so services whose addresses overlap
never see each other's packets.
"""

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from domain.models import Model, Name

Protocol = Literal["tcp", "udp", "icmp", "any"]


class Ingress(Model):
    """Packets that an instance or endpoint sends: which of them a rule takes."""

    destination: str
    """IPv4 address."""
    protocol: Protocol = "any"
    source_port: int | None = None
    destination_port: int | None = None
    share_of: Literal["source_port", "destination_port"] | None = None
    """Which L4 port's low bits divide the flows between parallel ways."""
    share_value: int = 0
    share_mask: int = 0
    """The rule takes what has `port & share_mask == share_value`."""


class Label(Model):
    """The ports that a graph link joins, in the direction of travel; carried in the Ethernet header."""

    source_mac: str
    destination_mac: str


class Rule(Model):
    """One steering rule of one PoP's switch."""

    name: str
    """For people: `chain shopping: customers > edge-firewall-1.outside`."""
    in_interface: str
    """On the switch: an instance's port, or the overlay's port of a physical link."""
    ingress: Ingress | None = None
    """For packets from a port; None for those from the overlay, which go by the label."""
    label: Label
    """Written where the rule has an ingress, matched where it has none."""
    out_interface: str
    priority: int = Field(ge=0, le=1000)


class HostRoute(Model):
    """Within an instance: which connection point leads to an address."""

    destination: str
    connection_point: str


class Share(Model):
    """Bandwidth that a graph link has reserved on a physical link, in one direction."""

    name: str
    """The graph link."""
    physical_link: Name
    from_pop: Name
    label: Label
    bandwidth_mbps: float


class Segment(Model):
    """A stretch of a chain, or a plain link, between two ends at which packets end: it can be probed."""

    name: str
    """For people: `shopping: customers > load-balancer-1.front`."""
    chain: Name
    """The virtual link, where no chain passes."""
    origin: str
    """Resource name of the instance or endpoint in its VIM."""
    origin_pop: Name
    origin_address: str
    target: str
    target_pop: Name
    target_address: str
    protocol: Protocol
    port: int | None
    """Destination port; None for a ping, and for tcp or udp to any port, as a refusal proves the way too."""
    share_value: int = 0
    share_mask: int = 0
    """The probe's source port has `port & share_mask == share_value`, so that it goes just this way."""
    rules: tuple[str, ...]
    """Names of the rules that a probe passes, from origin to target."""
    latency_ms: float
    """Planned, one way."""


class Admission(Model):
    """Traffic that a link of the service lets into an instance, where a cloud is told what may flow."""

    name: str
    """For people: `web-db: web-1 > db-1.sql`."""
    target: str
    """Name in its VIM of the instance that is spoken to."""
    connection_point: Name
    source: str | None = None
    """Name in its VIM of the instance that speaks, where it is at the same PoP."""
    sources: tuple[str, ...] = ()
    """CIDRs that it speaks from, where it is at another PoP; `0.0.0.0/0` for users at an endpoint."""
    protocol: Protocol = "any"
    port: int | None = None
    """None: any."""


class Departure(Model):
    """Traffic that a link of the service lets out of an instance, to another PoP."""

    name: str
    """For people: `web-db: web-1 > db-1.sql`."""
    source: str
    """Name in its VIM of the instance that speaks."""
    destinations: tuple[str, ...]
    """CIDRs of whom it speaks to."""
    protocol: Protocol = "any"
    port: int | None = None
    """Destination port; None: any."""


class ChainHop(Model):
    """The parallel instances of one function in a chain."""

    ports: tuple[tuple[str, Name, Name], ...]
    """(name in the VIM, connection point that packets enter by, that they leave by) of each."""


class ServiceChain(Model):
    """A stretch of a chain within one PoP: what a cloud steers through functions in the packets' path."""

    name: str
    """Unique within the network: `shopping-1`."""
    protocol: Protocol = "any"
    port: int | None = None
    """Destination port."""
    source: tuple[str, Name] | None = None
    """(name in the VIM, connection point) from which packets enter; None: from beyond the PoP."""
    destinations: tuple[str, ...] = ()
    """CIDRs of where they go."""
    hops: tuple[ChainHop, ...]

    def without(self, lost: Collection[str]) -> "ServiceChain | None":
        """The same, less these instances; None where none of a function is left, or nobody sends."""
        hops = tuple(ChainHop(ports=tuple(e for e in hop.ports if e[0] not in lost)) for hop in self.hops)
        if (self.source and self.source[0] in lost) or not all(hop.ports for hop in hops):
            return None
        return self.model_copy(update={"hops": hops})


class PopNetwork(Model):
    """What one PoP has of a service's network."""

    pop: Name
    rules: tuple[Rule, ...] = ()
    routes: dict[str, tuple[HostRoute, ...]] = {}
    """Resource name -> its routes."""
    shares: tuple[Share, ...] = ()
    """Of traffic that leaves this PoP."""
    tags: dict[str, str] = {}
    """That all of it carries in a cloud: service, tenant, operation, network."""
    admissions: tuple[Admission, ...] = ()
    """In a cloud: all that may flow into its instances."""
    departures: tuple[Departure, ...] = ()
    """In a cloud: all that may flow from its instances to other PoPs."""
    chains: tuple[ServiceChain, ...] = ()
    """In a cloud: what is steered through its functions."""

    @property
    def instances(self) -> frozenset[str]:
        """Names in the VIM of the instances at this PoP that it is about, beyond its rules."""
        admitted = (name for each in self.admissions for name in (each.target, each.source))
        leaving = (each.source for each in self.departures)
        steered = (port[0] for chain in self.chains for hop in chain.hops for port in hop.ports)
        sources = (chain.source[0] for chain in self.chains if chain.source)
        named = {*self.routes, *admitted, *leaving, *steered, *sources}
        return frozenset(name for name in named if name is not None)

    def without(self, lost: Collection[str]) -> "PopNetwork":
        """The same, less what is for these instances; a chain that needs one of them is no chain any more."""
        return self.model_copy(
            update={
                "routes": {name: each for name, each in self.routes.items() if name not in lost},
                "admissions": tuple(e for e in self.admissions if not {e.target, e.source} & {*lost}),
                "departures": tuple(each for each in self.departures if each.source not in lost),
                "chains": tuple(left for each in self.chains if (left := each.without(lost))),
            }
        )

    @property
    def is_programmed(self) -> bool:
        """Whether anything of it can be seen at the PoP."""
        return bool(self.rules or self.admissions or self.chains)


class ServiceNetwork(Model):
    """The whole network of a service."""

    name: str
    """Under which switches and links know it; that of a later network of the service is another."""
    service: Name
    pops: dict[Name, PopNetwork]
    """All PoPs that the service's packets see, those passed on the way too."""
    segments: tuple[Segment, ...]


class WanLink(Model):
    """A physical link to be built between two PoPs."""

    name: Name
    between: tuple[Name, Name]
    bandwidth_mbps: float
    latency_ms: float
    """One way."""


class Probe(Model):
    """What came of probing a segment."""

    segment: str
    chain: Name
    planned_rtt_ms: float
    measured_rtt_ms: float | None
    """None where arrival can be seen, but no answer comes (UDP)."""


class Connection(Model):
    """How a service came to be connected, as its last probing found it."""

    dataplane: str
    """`ovs`, `nft`, both joined by +, or `modelled`, which moves no packets."""
    overlay: str
    """What carries the traffic between PoPs, and whether it is encrypted."""
    probes: tuple[Probe, ...] = ()


MODELLED = Connection(dataplane="modelled", overlay="none: capacities, delays and faults, no packets")
