"""Reserved bandwidth: a class for each share, where the tunnel of a link leaves the edge.

It is not the tunnel's own, for that is the switch's: Open vSwitch deletes the qdiscs of its ports whenever it
starts. Labels stand at a fixed place in what the edge sends.
"""

from collections.abc import Collection, Iterator, Sequence

from adaptors.machine.commands import Machine
from adaptors.wan import rates
from adaptors.wan.records import Slot
from domain.errors import VimRefusedError
from domain.networking import Label, Share

_INNER_ETHERNET = 20 + 8 + 8
"""IPv4, UDP, VXLAN."""
_UNRESERVED_MBPS = 0.064
_QUEUE_S = 0.05
_LEAST_QUEUE = 24_000
"""Room for what TCP sends at first, as one superframe."""
_BURST_S = 0.002
_LEAST_BURST = 3_000
_MOST_SLOTS = 2_000
"""u32 has 2,047 tables, one for each priority."""


def allot(current: Collection[Slot], service: str, pop: str, shares: Sequence[Share]) -> tuple[Slot, ...]:
    """The slots of a PoP once the service has just these shares; those that stay keep their numbers."""
    wanted: dict[Label, float] = {}
    for share in shares:
        wanted[share.label] = wanted.get(share.label, 0.0) + share.bandwidth_mbps
    kept = [slot for slot in current if slot.service != service]
    own = {slot.label: slot.number for slot in current if slot.service == service and slot.label in wanted}
    if len(kept) + len(wanted) > _MOST_SLOTS:
        raise VimRefusedError(f"a link carries at most {_MOST_SLOTS} shares in one direction")
    taken = {slot.number for slot in kept} | set(own.values())
    free = (number for number in range(2, _MOST_SLOTS + 2) if number not in taken)
    for label, mbps in wanted.items():
        number = own[label] if label in own else next(free)
        kept.append(Slot(service=service, pop=pop, label=label, mbps=mbps, number=number))
    return tuple(kept)


class Shares:
    """Programs the reservations of one home's links."""

    def __init__(self, machine: Machine, encrypted: bool) -> None:
        self._machine = machine
        self._encrypted = encrypted

    def lay(self, namespace: str, carrier: str, slots: Collection[Slot]) -> None:
        """Give an interface these slots and no others, whatever it had."""
        self._machine.attempt(["tc", "qdisc", "delete", "dev", carrier, "root"], namespace=namespace)
        lines = [f"qdisc add dev {carrier} root handle 1: htb default 1"]
        lines += self._class("replace", carrier, 1, _UNRESERVED_MBPS)
        for slot in slots:
            lines += self._added(carrier, slot)
        self._machine.tc(lines, namespace)

    def change(self, namespace: str, carrier: str, old: Collection[Slot], new: Collection[Slot]) -> None:
        """Turn the slots of an interface into others; packets of those in both never lack their class."""
        before, after = ({slot.number: slot for slot in slots} for slots in (old, new))
        lines: list[str] = []
        for number, slot in before.items():
            if number not in after or after[number].label != slot.label:
                lines += self._removed(carrier, slot)
        for number, slot in after.items():
            earlier = before.get(number)
            if earlier is None or earlier.label != slot.label:
                lines += self._added(carrier, slot)
            elif earlier.mbps != slot.mbps:
                lines += self._class("replace", carrier, number, slot.mbps)
        self._machine.tc(lines, namespace)

    def _added(self, carrier: str, slot: Slot) -> Iterator[str]:
        yield from self._class("add", carrier, slot.number, slot.mbps)
        matches = " ".join(_matches(slot.label))
        where = f"dev {carrier} parent 1: protocol ip prio {slot.number}"
        yield f"filter add {where} u32 {matches} flowid 1:{slot.number:x}"

    def _removed(self, carrier: str, slot: Slot) -> Iterator[str]:
        yield f"filter delete dev {carrier} parent 1: protocol ip prio {slot.number}"
        yield f"class delete dev {carrier} classid 1:{slot.number:x}"

    def _class(self, verb: str, carrier: str, number: int, mbps: float) -> Iterator[str]:
        bits = rates.counted_mbps(mbps, self._encrypted) * 1e6
        burst = max(_LEAST_BURST, int(bits / 8 * _BURST_S))
        queue = max(_LEAST_QUEUE, int(bits / 8 * _QUEUE_S))
        rate = f"rate {bits:.0f}bit ceil {bits:.0f}bit burst {burst} cburst {burst} quantum 1600"
        counted = f"overhead {rates.overhead(self._encrypted)}"
        yield f"class {verb} dev {carrier} parent 1: classid 1:{number:x} htb {rate} {counted}"
        yield f"qdisc replace dev {carrier} parent 1:{number:x} bfifo limit {queue}"


def _matches(label: Label) -> Iterator[str]:
    header = (label.destination_mac + label.source_mac).replace(":", "")
    for start in range(0, len(header), 8):
        yield f"match u32 0x{header[start : start + 8]} 0xffffffff at {_INNER_ETHERNET + start // 2}"
