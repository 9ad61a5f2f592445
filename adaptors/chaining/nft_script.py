"""The text of nftables scripts: a service's rules as a table of chains at the ingress of its interfaces."""

from collections.abc import Collection, Sequence

from adaptors.chaining.emulated_rules import fingerprint
from adaptors.machine.place import short
from domain.networking import Ingress, Rule

_CLOSED = "closed"
_STEERING, _LAST = 0, 500


def table(service: str) -> str:
    """The name of a service's table."""
    return f"s{short(service, 16)}"


def close(interface: str) -> str:
    """A last chain for what no service takes: dropped, so that the kernel never sees it."""
    return f"add table netdev {_CLOSED}\n{_base(_CLOSED, interface, _LAST, 'drop')}"


def reopen(interface: str) -> str:
    """Take the last chain away."""
    return f"delete chain netdev {_CLOSED} {_chain(interface)}\n"


def steer(service: str, rules: Sequence[Rule], usable: Collection[str]) -> str:
    """Put the rules in place of all that are in the service's table.

    Chains that go on are emptied and filled again rather than deleted, and they accept by default (what goes
    on meets the last chain, which drops): so a packet meets either all the old rules or all the new ones.
    A rule whose way out is gone drops what it takes.
    """
    name = table(service)
    entered = sorted({rule.in_interface for rule in rules} & set(usable))
    lines = [f'add table netdev {name} {{ comment "{service}"; }}\nflush table netdev {name}\n']
    lines += [_base(name, interface, _STEERING, "accept") for interface in entered]
    lines += [
        f"add rule netdev {name} {_chain(rule.in_interface)} {_rule(rule, usable)}\n"
        for rule in sorted(rules, key=lambda rule: -rule.priority)
        if rule.in_interface in entered
    ]
    return "".join(lines)


def drop(service: str) -> str:
    """Delete the service's table, also one that is not there."""
    return f"add table netdev {table(service)}\ndelete table netdev {table(service)}\n"


def leave(service: str, interface: str) -> str:
    """Delete the chain of an interface that the service uses no longer."""
    return f"delete chain netdev {table(service)} {_chain(interface)}\n"


def _chain(interface: str) -> str:
    return f"c{short(interface, 16)}"


def _base(name: str, interface: str, priority: int, policy: str) -> str:
    hook = f'type filter hook ingress device "{interface}" priority {priority}; policy {policy};'
    return f"add chain netdev {name} {_chain(interface)} {{ {hook} }}\n"


def _rule(rule: Rule, usable: Collection[str]) -> str:
    label = rule.label
    if rule.ingress:
        what = _match(rule.ingress)
        change = f"ether saddr set {label.source_mac} ether daddr set {label.destination_mac} "
    else:
        what = f"ether saddr {label.source_mac} ether daddr {label.destination_mac}"
        change = ""
    verdict = f'fwd to "{rule.out_interface}"' if rule.out_interface in usable else "drop"
    return f'{what} {change}counter {verdict} comment "{fingerprint(rule):010x}"'


def _match(ingress: Ingress) -> str:
    kind = ingress.protocol
    words = [f"ip daddr {ingress.destination}"]
    if kind != "any":
        words.append(f"ip protocol {kind}")
    if ingress.source_port is not None:
        words.append(f"{kind} sport {ingress.source_port}")
    if ingress.destination_port is not None:
        words.append(f"{kind} dport {ingress.destination_port}")
    if ingress.share_of:
        side = "sport" if ingress.share_of == "source_port" else "dport"
        words.append(f"{kind} {side} & {ingress.share_mask:#x} == {ingress.share_value:#x}")
    return " ".join(words)
