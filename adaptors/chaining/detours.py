"""What in a change of networks could lead packets round in circles while some switches are ahead of others.

A label that both networks carry, over different ways, is led by each switch as either network has it. Packets
come nearer to their end on any mixture of the two, unless the new way passes two stretches of the old one in
the opposite order. Such a turn back is left as it was until all switches have turned the others.

A chain that passes two functions in the opposite order has no such remedy, for a function takes labels off:
packets may go between the two until their time to live is over or all switches are done.
"""

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import NamedTuple

from domain.networking import Label, Rule, ServiceNetwork


class State(NamedTuple):
    """A packet that arrives at a switch from the overlay."""

    pop: str
    interface: str
    label: Label


def postponed(old: ServiceNetwork, new: ServiceNetwork) -> frozenset[State]:
    """Where a label must not turn to its new way before all other switches have turned."""
    before, after = _ways(old), _ways(new)
    return frozenset(
        state
        for label in before.keys() & after.keys()
        for state in _turns_back(list(before[label]), list(after[label]))
    )


def unsteady(old: ServiceNetwork | None, new: ServiceNetwork) -> tuple[str, ...]:
    """What a person should know of a change of networks: each way on which packets may be delayed or lost."""
    if old is None:
        return ()
    held: dict[Label, int] = {}
    for state in postponed(old, new):
        held[state.label] = held.get(state.label, 0) + 1
    several = sum(count > 1 for count in held.values())
    labels = [f"{several} ways over the WAN turn back more than once: packets on them may be delayed"]
    return (*(labels if several else ()), *_reordered(old, new))


def _turns_back(old: list[State], new: list[State]) -> Iterator[State]:
    places = {state: place for place, state in enumerate(old)}
    shared = [state for state in new if state in places]
    for number, state in enumerate(shared[:-1]):
        following = shared[number + 1]
        if places[following] < places[state]:
            yield state


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
