"""Between a switch and the wire: a router of its own, which holds what leaves the PoP to the reserved rates.

It is a namespace apart, for the sake of the switch. Open vSwitch sends by one socket, whose buffer is filled
by all that waits in queues behind it: a service that floods its share would stop the others, on other
links too. A router frees packets from the sockets that they came from. And no switch can reach the wire.
"""

from adaptors.machine import namespaces
from adaptors.machine.abilities import Abilities
from adaptors.machine.commands import Machine
from adaptors.machine.mtu import WAN_MTU
from adaptors.wan import naming
from adaptors.wan.records import LinkRecord

_NO_IPV6 = "for f in /proc/sys/net/ipv6/conf/{}/disable_ipv6; do [ ! -e $f ] || echo 1 > $f; done"
"""Else neighbour discovery and multicast listeners would send packets of their own."""


def no_ipv6(machine: Machine, namespace: str, interface: str) -> None:
    """Switch IPv6 off for an interface of a namespace, `{all,default}` for all of them."""
    machine.run(["bash", "-c", _NO_IPV6.format(interface)], namespace=namespace)


class Edges:
    """Builds and removes the edges of one home's links. The namespaces at both sides must be there."""

    def __init__(self, machine: Machine, abilities: Abilities) -> None:
        self._machine = machine
        self._encrypted = abilities.overlay != "vxlan"

    def build(self, record: LinkRecord, end: naming.End) -> None:
        """Make the edge, with a piece of wire to each side of it."""
        machine, place = self._machine, self._machine.place
        edge = naming.edge(place, record.link.name, end)
        namespaces.create(machine, edge)
        forward = "echo 1 > /proc/sys/net/ipv4/ip_forward; "
        machine.run(["bash", "-c", forward + _NO_IPV6.format("{all,default}")], namespace=edge)
        wan, switch = place.wan(record.link.name), place.switch(record.link.between[end])
        uplink, outer = naming.uplink(record.link.name), naming.WIRE_ENDS[end]
        lines = [
            f"link add name {outer} netns {wan} type veth peer name {naming.WIRE} netns {edge}",
            f"link add name {uplink} netns {switch} type veth peer name {naming.INSIDE} netns {edge}",
        ]
        machine.ip(lines)
        machine.ip([f"link set {outer} mtu {WAN_MTU} up"], wan)
        machine.ip([*_wire(record.number, end), *self._inside(record.number, end)], edge)
        no_ipv6(machine, switch, uplink)
        machine.ip(_uplink(record.number, end, uplink), switch)

    def remove(self, record: LinkRecord, end: naming.End) -> None:
        """Take the edge down with all that runs in it; one that is not there is fine."""
        delete = ["ip", "link", "delete", naming.uplink(record.link.name)]
        self._machine.attempt(delete, namespace=self._machine.place.switch(record.link.between[end]))
        namespaces.remove(self._machine, naming.edge(self._machine.place, record.link.name, end))

    def _inside(self, number: int, end: naming.End) -> list[str]:
        here, there = naming.overlay(number, end), naming.overlay(number, naming.ENDS[1 - end])
        lines = [
            f"link set {naming.INSIDE} address {naming.mac(number, end, 'inside')} mtu {WAN_MTU} up",
            f"route add {here}/32 dev {naming.INSIDE}",
            f"neigh replace {here} lladdr {naming.mac(number, end, 'uplink')} dev {naming.INSIDE}",
        ]
        if not self._encrypted:
            lines.append(f"route add {there}/32 via {naming.underlay(number, naming.ENDS[1 - end])}")
        return lines


def _wire(number: int, end: naming.End) -> list[str]:
    other = naming.ENDS[1 - end]
    neighbour, at = naming.underlay(number, other), naming.mac(number, other, "wire")
    return [
        # Superframes within VXLAN cannot cross the delay line: they are segmented before.
        f"link set {naming.WIRE} address {naming.mac(number, end, 'wire')} mtu {WAN_MTU} gso_max_segs 1 up",
        f"addr add {naming.underlay(number, end)}/30 dev {naming.WIRE}",
        f"neigh replace {neighbour} lladdr {at} dev {naming.WIRE}",
    ]


def _uplink(number: int, end: naming.End, uplink: str) -> list[str]:
    there = naming.overlay(number, naming.ENDS[1 - end])
    return [
        f"link set {uplink} address {naming.mac(number, end, 'uplink')} mtu {WAN_MTU} up",
        f"addr add {naming.overlay(number, end)}/32 dev {uplink}",
        f"route add {there}/32 dev {uplink}",
        f"neigh replace {there} lladdr {naming.mac(number, end, 'inside')} dev {uplink}",
    ]
