"""Whose state is copied to whom, so that a change is not noticed by what is under way."""

from collections.abc import Iterator

from domain.deployments import PlacedInstance
from domain.semantics import owner
from planning.transition import Transition
from planning.turns import Turn
from planning.wiring import Serving

Pair = tuple[PlacedInstance, PlacedInstance]

_MOST_BETWEEN_SIBLINGS = 64
"""Copies for one component in one round; beyond that, what moves between its instances begins anew."""


def transfers(transition: Transition, turn: Turn) -> tuple[Pair, ...]:
    """(source, target) of each copy: to successors, and among instances that share flows anew.

    Flows are dealt to the instances of a routed function by their number, so where that changes, any of them
    may come to another instance.
    """
    dealt_anew = _dealt_anew(transition, turn)
    too_many = {each for each in dealt_anew if _between(turn, each) > _MOST_BETWEEN_SIBLINGS}
    return (
        *_to_successors(transition, turn),
        *(pair for each in sorted(dealt_anew - too_many) for pair in _among(transition, turn, each)),
    )


def uncopied(transition: Transition, turn: Turn) -> tuple[str, ...]:
    """Components whose flows are dealt anew among too many instances."""
    return tuple(
        each
        for each in sorted(_dealt_anew(transition, turn))
        if _between(turn, each) > _MOST_BETWEEN_SIBLINGS
    )


def _to_successors(transition: Transition, turn: Turn) -> Iterator[Pair]:
    for target in turn.built:
        source = turn.before.get(target.name)
        if source and _can_tell(transition, source) and _understand(transition, source, target):
            yield source, target


def _among(transition: Transition, turn: Turn, component: str) -> Iterator[Pair]:
    for target in _members(turn.after, component):
        for source in _members(turn.before, component):
            if (
                source.name != target.name
                and _can_tell(transition, source)
                and _same_kind(transition, source, target)
            ):
                yield source, target


def _can_tell(transition: Transition, source: PlacedInstance) -> bool:
    """Whether the source is still there when the target is, and well."""
    return transition.is_sound(source) and source.resource not in transition.given_up


def _understand(transition: Transition, source: PlacedInstance, target: PlacedInstance) -> bool:
    old, new = transition.traits(source), transition.traits(target)
    alike = (old.routed and new.routed) or (old.stateful and new.stateful)
    return alike and _same_kind(transition, source, target)


def _same_kind(transition: Transition, source: PlacedInstance, target: PlacedInstance) -> bool:
    return transition.kind(source.pop) == transition.kind(target.pop)


def _dealt_anew(transition: Transition, turn: Turn) -> set[str]:
    """Routed components whose number changes; and those in a chain with one, as they share its ways."""
    routed = {each.component for each in turn.after.values() if transition.is_routed(each)}
    counts = {
        each: (len(_members(turn.before, each)), len(_members(turn.after, each))) for each in sorted(routed)
    }
    changed = {each for each, (old, new) in counts.items() if old and old != new}
    found = set(changed)
    for chain in transition.target.descriptor.chains.values():
        members = {owner(port) for port in chain.path} & routed
        if members & changed:
            found |= {each for each in members if counts[each][0]}
    return found


def _between(turn: Turn, component: str) -> int:
    return len(_members(turn.before, component)) * len(_members(turn.after, component))


def _members(serving: Serving, component: str) -> tuple[PlacedInstance, ...]:
    return tuple(each for each in serving.values() if each.component == component and not each.endpoint)
