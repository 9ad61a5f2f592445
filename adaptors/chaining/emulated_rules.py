"""What every datapath needs to know of rules: whether they can be programmed, and which one is which."""

import hashlib
import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv4Address

from domain.errors import VimRefusedError
from domain.networking import Ingress, Rule

_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_INTERFACE = re.compile(r"[A-Za-z0-9_.-]{1,15}")
_PORTS = range(0x10000)


def fingerprint(rule: Rule) -> int:
    """40 bits that stand for what the rule does, whatever its name."""
    said = rule.model_dump_json(exclude={"name"})
    return int.from_bytes(hashlib.sha256(said.encode()).digest()[:5], "big")


def by_name(rules: Sequence[Rule], taken: dict[int, int]) -> dict[str, int]:
    """Packets by the name of the rule, from packets by its fingerprint."""
    counted: dict[str, int] = {}
    for rule in rules:
        counted[rule.name] = counted.get(rule.name, 0) + taken.get(fingerprint(rule), 0)
    return counted


def mentioned(rules: Sequence[Rule]) -> set[str]:
    """The interfaces that the rules speak of."""
    return {name for rule in rules for name in (rule.in_interface, rule.out_interface)}


def check(pop: str, rules: Sequence[Rule]) -> None:
    """Let only such rules through as every datapath understands in the same way.

    :raises VimRefusedError: for the first that is not one of them
    """
    for rule in rules:
        if why := _wrong(rule):
            raise VimRefusedError(f"switch of {pop}: rule {rule.name!r}: {why}")


def check_interface(pop: str, interface: str) -> None:
    """Refuse what cannot be the name of an interface."""
    if not _INTERFACE.fullmatch(interface):
        raise VimRefusedError(f"switch of {pop}: {interface!r} is no name for an interface")


def _wrong(rule: Rule) -> str:
    for interface in (rule.in_interface, rule.out_interface):
        if not _INTERFACE.fullmatch(interface):
            return f"{interface!r} is no name for an interface"
    for mac in (rule.label.source_mac, rule.label.destination_mac):
        if not _MAC.fullmatch(mac):
            return f"{mac!r} is no MAC address in lower case"
    return _wrong_ingress(rule.ingress) if rule.ingress else ""


def _wrong_ingress(ingress: Ingress) -> str:
    try:
        IPv4Address(ingress.destination)
    except AddressValueError as error:
        return f"destination {error}"
    ports = (ingress.source_port, ingress.destination_port)
    if ingress.protocol not in ("tcp", "udp") and (ingress.share_of or ports != (None, None)):
        return f"protocol {ingress.protocol} has no ports"
    if not all(port is None or port in _PORTS for port in ports) or ingress.share_mask not in _PORTS:
        return "a port or mask is not between 0 and 65535"
    if ingress.share_of and ingress.share_value & ~ingress.share_mask:
        return f"share {ingress.share_value:#x} has bits outside its mask {ingress.share_mask:#x}"
    return ""
