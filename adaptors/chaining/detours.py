"""What in a change of networks may lead packets round in circles while some switches are ahead of others.

A label that both networks carry, over different ways, is led by each switch as either network has it. On any
mixture of the two packets come nearer to their end, unless the new way passes two stretches of the old one in
the opposite order: then they may go round until all switches have turned, and arrive late. To leave such a
turn for the last stage would lose them there instead, for with it the old way ends.

A chain that passes two functions in the opposite order may send packets to and fro between the two until all
switches have turned, or the packets' time to live is over.
"""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import NamedTuple

from domain.networking import Label, Rule, ServiceNetwork


class State(NamedTuple):
    """A packet that arrives at a switch from the overlay."""

    pop: str
    interface: str
    label: Label


def unsteady(old: ServiceNetwork | None, new: ServiceNetwork) -> tuple[str, ...]:
    """What a person should know of a change of networks: where packets may be late, or lost."""
    if old is None:
        return ()
    before, after = _ways(old), _ways(new)
    turned = [label for label in before.keys() & after.keys() if _turns_back(before[label], after[label])]
    late = f"{len(turned)} ways over the WAN turn back on themselves: while PoPs switch, packets may be late"
    return (*([late] if turned else ()), *_reordered(old, new))


def _turns_back(old: Iterable[State], new: Iterable[State]) -> bool:
    places = {state: place for place, state in enumerate(old)}
    return any(places[one] > places[other] for one, other in pairwise(each for each in new if each in places))


def _ways(network: ServiceNetwork) -> dict[Label, dict[State, None]]:
    """For each label the switches that it arrives at, in their order."""
    onward = {
        State(pop, rule.in_interface, rule.label): rule.out_interface
        for pop, rule in _rules(network)
        if rule.ingress is None
    }
    arrivals: dict[tuple[str, Label], list[State]] = {}
    for state in onward:
        arrivals.setdefault((state.interface, state.label), []).append(state)
    ways: dict[Label, dict[State, None]] = {}
    for pop, rule in _rules(network):
        if rule.ingress and rule.label not in ways:
            ways[rule.label] = _followed(pop, rule.out_interface, rule.label, onward, arrivals)
    return ways


def _followed(
    pop: str,
    out: str,
    label: Label,
    onward: dict[State, str],
    arrivals: dict[tuple[str, Label], list[State]],
) -> dict[State, None]:
    way: dict[State, None] = {}
    while found := [each for each in arrivals.get((out, label), ()) if each.pop != pop and each not in way]:
        way[found[0]] = None
        pop, out = found[0].pop, onward[found[0]]
    return way


def _reordered(old: ServiceNetwork, new: ServiceNetwork) -> Iterator[str]:
    """Chains that pass what stays in another order than before."""
    orders: dict[str, TopologicalSorter[tuple[str, str]]] = {}
    chains: dict[str, str] = {}
    for network in (old, new):
        entered = {rule.name: (pop, rule.in_interface) for pop, rule in _rules(network) if rule.ingress}
        for segment in network.segments:
            order = orders.setdefault(segment.target_address, TopologicalSorter())
            for one, other in pairwise(entered[name] for name in segment.rules if name in entered):
                order.add(other, one)
            chains[segment.target_address] = segment.chain
    for address, order in sorted(orders.items()):
        try:
            order.prepare()
        except CycleError:
            yield (
                f"chain {chains[address]}: functions that stay are passed in another order; while PoPs"
                " switch, packets may go between them until their time to live is over"
            )


def _rules(network: ServiceNetwork) -> Iterator[tuple[str, Rule]]:
    for pop, part in network.pops.items():
        for rule in part.rules:
            yield pop, rule
