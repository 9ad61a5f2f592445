"""The text of OpenFlow: one flow per rule, in one table; what meets no flow is dropped.

There is no flow with the action NORMAL: links between PoPs form rings, round which it would flood, and it
would let services whose addresses overlap meet. Nor is there one for ARP: instances know their neighbours.

A cookie is the service's number (24 bits) before the rule's fingerprint (40 bits): what is there and what is
wanted can be compared, and rules that stay keep their counters.
"""

import re
from collections.abc import Collection, Iterable, Mapping

from adaptors.chaining.emulated_rules import fingerprint
from adaptors.chaining.records import Programme
from domain.networking import Ingress, Rule

_RULE_BITS = 40
_COUNTED = re.compile(r"cookie=0x([0-9a-f]+),.*?n_packets=(\d+)")


def flows(programme: Programme, numbers: Mapping[str, int]) -> dict[int, str]:
    """The flows of a service by their cookies."""
    return {cookie(programme, rule): _flow(programme, rule, numbers) for rule in programme.rules}


def cookie(programme: Programme, rule: Rule) -> int:
    """What the flow of a rule is known by."""
    return programme.number << _RULE_BITS | fingerprint(rule)


def of_service(programme: Programme) -> str:
    """All cookies of a service, as `ovs-ofctl` takes them."""
    low = (1 << _RULE_BITS) - 1
    return f"cookie={programme.number << _RULE_BITS:#x}/{0xFFFFFFFFFFFFFFFF & ~low:#x}"


def not_of(there: Iterable[int], services: Collection[int]) -> list[int]:
    """Cookies of flows that are of none of these services: of another one, or of nobody."""
    return [mark for mark in there if mark >> _RULE_BITS not in services]


def change(there: Iterable[int], wanted: Mapping[int, str]) -> list[str]:
    """The lines of a bundle that makes what is there what is wanted.

    Flows that are there already are added again: they keep their counters, and what somebody changed of them
    by hand is put right.
    """
    return [
        *(f"delete cookie={mark:#x}/-1" for mark in sorted(set(there) - set(wanted))),
        *(f"add {flow}" for flow in wanted.values()),
    ]


def counted(dump: str) -> dict[int, int]:
    """Packets by cookie, from what `ovs-ofctl dump-flows` prints."""
    return {int(mark, 16): int(packets) for mark, packets in _COUNTED.findall(dump)}


def fingerprints(taken: Mapping[int, int]) -> dict[int, int]:
    """Packets by fingerprint, from packets by cookie."""
    return {mark & ((1 << _RULE_BITS) - 1): packets for mark, packets in taken.items()}


def _flow(programme: Programme, rule: Rule, numbers: Mapping[str, int]) -> str:
    label = rule.label
    words = [f"cookie={cookie(programme, rule):#x}", f"priority={rule.priority}"]
    words.append(f"in_port={numbers[rule.in_interface]}")
    if rule.ingress:
        words += _match(rule.ingress)
        written = f"set_field:{label.source_mac}->eth_src,set_field:{label.destination_mac}->eth_dst,"
    else:
        words += [f"dl_src={label.source_mac}", f"dl_dst={label.destination_mac}"]
        written = ""
    back = rule.out_interface == rule.in_interface
    out = "IN_PORT" if back else f"output:{numbers[rule.out_interface]}"
    return f"{','.join(words)},actions={written}{out}"


def _match(ingress: Ingress) -> list[str]:
    words = ["ip" if ingress.protocol == "any" else ingress.protocol, f"nw_dst={ingress.destination}"]
    if ingress.source_port is not None:
        words.append(f"tp_src={ingress.source_port}")
    if ingress.destination_port is not None:
        words.append(f"tp_dst={ingress.destination_port}")
    if ingress.share_of:
        side = "tp_src" if ingress.share_of == "source_port" else "tp_dst"
        words.append(f"{side}={ingress.share_value:#x}/{ingress.share_mask:#x}")
    return words
