"""VXLAN over a link, as ports of the two switches: the overlay that services see."""

from collections.abc import Callable

from adaptors.chaining.port import Switch
from adaptors.machine import namespaces
from adaptors.machine.commands import Machine
from adaptors.machine.mtu import TENANT_MTU
from adaptors.machine.place import tunnel_interface
from adaptors.wan import naming
from adaptors.wan.edges import no_ipv6
from adaptors.wan.records import LinkRecord

SwitchOf = Callable[[str], Switch]
"""The switch of a PoP."""
_KIND = "dstport 4789 nolearning noudpcsum"
"""Once an outer checksum is verified, packets carry a sum that nft's `fwd` makes wrong: UDP is lost."""


class Tunnels:
    """Builds and removes the tunnels of one home's links."""

    def __init__(self, machine: Machine, switch_of: SwitchOf) -> None:
        self._machine = machine
        self._switch_of = switch_of

    def ensure(self, record: LinkRecord) -> None:
        """Make each end be there, up, and a port of its switch.

        An end is bound to addresses and not to the interface beneath, so it outlives that.
        """
        name = tunnel_interface(record.link.name)
        for end, pop in zip(naming.ENDS, record.link.between, strict=True):
            self._ensure_end(record, name, end, pop)
            self._switch_of(pop).attach(name)

    def remove(self, record: LinkRecord) -> None:
        """Take both ends down; those that are not there are fine."""
        name = tunnel_interface(record.link.name)
        for pop in record.link.between:
            namespace = self._machine.place.switch(pop)
            if namespaces.exists(self._machine, namespace):
                self._switch_of(pop).detach(name)
                self._machine.attempt(["ip", "link", "delete", name], namespace=namespace)

    def _ensure_end(self, record: LinkRecord, name: str, end: naming.End, pop: str) -> None:
        namespace = self._machine.place.switch(pop)
        local, remote = (naming.overlay(record.number, side) for side in (end, naming.ENDS[1 - end]))
        vxlan = f"id {naming.vni(record.number)} remote {remote} local {local} "
        shown = self._machine.attempt(["ip", "-d", "link", "show", "dev", name], namespace=namespace)
        if vxlan in shown.stdout:
            return
        if shown.code == 0:
            self._machine.ip([f"link delete {name}"], namespace)
        self._machine.ip([f"link add {name} type vxlan {vxlan} {_KIND}"], namespace)
        no_ipv6(self._machine, namespace, name)
        self._machine.ip([f"link set {name} mtu {TENANT_MTU} up"], namespace)
