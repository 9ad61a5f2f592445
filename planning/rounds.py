"""Which instances come first where a change rolls through a service."""

from domain.deployments import PlacedInstance
from planning.changes import Changes
from planning.transition import Transition
from planning.wiring import number_of, referred


def rounds(transition: Transition, changes: Changes) -> tuple[frozenset[str], ...]:
    """Names by round. The first has all that is added, moved or built otherwise; at least one round.

    What is replaced where it stands follows, of each component so many at a time as the surge allows.
    """
    rolling: dict[str, list[str]] = {}
    first = {each.name for each in (*changes.created, *changes.kept)}
    for old, new in changes.replaced:
        if _may_wait(transition, old, new):
            rolling.setdefault(new.component, []).append(new.name)
        else:
            first.add(new.name)
    surge = transition.target.surge
    turns = max([1, *(-(-len(names) // surge) for names in rolling.values())])
    batches: list[set[str]] = [first, *(set() for _ in range(turns - 1))]
    for names in rolling.values():
        for place, name in enumerate(sorted(names, key=number_of)):
            batches[place // surge].add(name)
    return tuple(frozenset(names) for names in batches)


def _may_wait(transition: Transition, old: PlacedInstance, new: PlacedInstance) -> bool:
    """Whether the old one fits into the new network, and can be told what it needs, for some rounds yet."""
    if new.endpoint or old.pop != new.pop or not transition.is_sound(old):
        return False
    if transition.is_routed(old) != transition.is_routed(new):
        return False
    was, will = transition.component(old), transition.component(new)
    if was is None or will is None:
        return False
    if transition.is_routed(old) and was.connection_points != will.connection_points:
        return False
    needs = referred([*was.config.values(), *old.config.values()])
    return needs <= transition.target.descriptor.components.keys()
