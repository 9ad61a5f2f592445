"""The rules of all switches that a service's packets see, each once and each with a name of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from adaptors.chaining.hops import End, Hop
from adaptors.chaining.matches import LINK_PRIORITY, Packet, overlap, rank, takes
from adaptors.chaining.stretches import Stretch
from domain.errors import InputError
from domain.networking import Ingress, Label, Rule

Tunnel = Callable[[str], str]
"""Physical link -> the overlay's port for it, on the switches at both of its ends."""


class UniqueNames:
    """Gives each name once; whoever asks for it again gets it with a number."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def take(self, name: str) -> str:
        count = self._given[name] = self._given.get(name, 0) + 1
        return name if count == 1 else self.take(f"{name} #{count}")


@dataclass
class _Entry:
    """A rule that classifies, with the stretches that it serves: none for a plain link."""

    rule: Rule
    ingress: Ingress
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def pairs(self) -> set[frozenset[str]]:
        return {each.pair for each in self.stretches}

    @property
    def keys(self) -> set[tuple[str, int, frozenset[str]]]:
        return {(each.chain, each.position, each.pair) for each in self.stretches}

    @property
    def ranks(self) -> set[int]:
        return {rank(each.classifier) for each in self.stretches}


_Here = dict[tuple[Ingress, Label, int], _Entry]
"""What takes packets from one interface to one destination, by match, label and priority."""


class RuleTable:
    """Gathers rules; `at` gives those of one PoP."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._tunnel = tunnel
        self._names = UniqueNames()
        self._overlay: dict[str, dict[Label, Rule]] = {}
        self._entries: dict[str, dict[tuple[str, str], _Here]] = {}
        """PoP -> interface and destination -> rules."""

    def pops(self) -> set[str]:
        return self._entries.keys() | self._overlay.keys()

    def at(self, pop: str) -> tuple[Rule, ...]:
        here = [entry.rule for each in self._entries.get(pop, {}).values() for entry in each.values()]
        return (*here, *self._overlay.get(pop, {}).values())

    def follow_chain(self, hop: Hop, ingress: Ingress, priority: int, name: str, stretch: Stretch) -> None:
        """Lead what a stretch sends to its end over this hop."""
        here = self._here(hop.start, ingress.destination)
        key = (ingress, hop.label, priority)
        if key not in here:
            here[key] = _Entry(self._steering(hop, ingress, priority, name), ingress)
        here[key].stretches.append(stretch)

    def follow_link(self, hop: Hop, name: str) -> None:
        """Lead what is sent to the end of a hop over it, unless a chain takes all of that."""
        ingress = Ingress(destination=hop.end.port.address)
        here = self._here(hop.start, ingress.destination)
        if all(entry.ingress != ingress for entry in here.values()):
            rule = self._steering(hop, ingress, LINK_PRIORITY, name)
            here[ingress, hop.label, LINK_PRIORITY] = _Entry(rule, ingress)

    def carry(self, hop: Hop, name: str) -> None:
        """Let what has the hop's label through, on all switches after the first."""
        for pop, (arrived_by, leaves_by) in zip(hop.pops[1:], pairwise(self._exits(hop)), strict=True):
            self._overlay.setdefault(pop, {})[hop.label] = Rule(
                name=self._names.take(f"{name} at {pop}"),
                in_interface=arrived_by,
                label=hop.label,
                out_interface=leaves_by,
                priority=LINK_PRIORITY,
            )

    def passed(self, way: tuple[Hop, ...], packet: Packet) -> list[str] | None:
        """Names of the rules that lead the packet this very way; None where one leads it elsewhere."""
        names: list[str] = []
        for hop in way:
            here = self._here(hop.start, packet.destination).values()
            fitting = [each.rule for each in here if takes(each.ingress, packet)]
            rule = max(fitting, key=lambda each: each.priority, default=None)
            if rule is None or rule.label != hop.label:
                return None
            names.append(rule.name)
            names += [self._overlay[pop][hop.label].name for pop in hop.pops[1:]]
        return names

    def check(self) -> None:
        """Refuse chains of which one takes packets that another should lead elsewhere."""
        for here in (each for known in self._entries.values() for each in known.values()):
            for one, other in combinations([each for each in here.values() if each.stretches], 2):
                if _contradict(one, other):
                    raise InputError(_complaint(one, other))

    def _here(self, start: End, destination: str) -> _Here:
        known = self._entries.setdefault(start.pop, {})
        return known.setdefault((start.port.switch_interface, destination), {})

    def _exits(self, hop: Hop) -> list[str]:
        """The interface by which a packet leaves each switch of the hop."""
        return [*(self._tunnel(link) for link in hop.physical_links), hop.end.port.switch_interface]

    def _steering(self, hop: Hop, ingress: Ingress, priority: int, name: str) -> Rule:
        return Rule(
            name=self._names.take(name),
            in_interface=hop.start.port.switch_interface,
            ingress=ingress,
            label=hop.label,
            out_interface=self._exits(hop)[0],
            priority=priority,
        )


def _contradict(one: _Entry, other: _Entry) -> bool:
    """A narrower classifier between the same ends may win, as may a share over what has no ports."""
    if one.rule.label == other.rule.label or not overlap(one.ingress, other.ingress):
        return False
    weaker, stronger = sorted((one, other), key=lambda each: each.rule.priority)
    if weaker.ranks & stronger.ranks:
        same_priority = weaker.rule.priority == stronger.rule.priority
        return same_priority or not weaker.keys <= stronger.keys
    return not weaker.pairs <= stronger.pairs


def _complaint(one: _Entry, other: _Entry) -> str:
    chains = sorted({each.chain for each in (*one.stretches, *other.stretches)})
    listed = ", ".join(repr(each) for each in chains)
    return (
        f"chains {listed} lead the same packets different ways: {one.rule.name!r} and {other.rule.name!r};"
        " give them classifiers or connection points that tell them apart"
    )
