"""Instances that stay themselves: resized where they run, or moved to another host of their PoP."""

from collections.abc import Mapping

from domain.deployments import Deployment, PlacedInstance
from domain.infrastructure import Resources
from planning.target import Target
from planning.transition import Transition


def resized(transition: Transition) -> tuple[PlacedInstance, ...]:
    """Those that are given other resources and stay themselves, as they will be."""
    before, after = transition.before, transition.after
    old = {each.resource: each.resources for each in before.instances} if before else {}
    return tuple(each for each in after.instances if old.get(each.resource, each.resources) != each.resources)


def rehosted(transition: Transition) -> tuple[PlacedInstance, ...]:
    """Those that go to another host of their PoP; one that is built anew is on a host of its own choice."""
    wanted, before = transition.target.rehosted, transition.before
    old = {each.resource for each in before.instances} if before else set()
    return tuple(each for each in transition.after.instances if each.name in wanted and each.resource in old)


def stays_connected(transition: Transition) -> bool:
    """Whether instances are only resized or moved to other hosts, so that no packet goes another way."""
    target, before, after = transition.target, transition.before, transition.after
    return (
        bool(target.in_place or target.rehosted)
        and before is not None
        and (before.resources, before.network) == (after.resources, after.network)
        and before.plan.routes == after.plan.routes
    )


def to_be_counted(
    used: Mapping[str, Resources], aim: Target, before: Deployment | None
) -> dict[str, Resources]:
    """What is used of PoPs, for a placement that counts anew what is resized.

    An instance goes on to hold what it gives up until its operation is over: that stays counted.

    :param used: with what `before` holds
    """
    found = dict(used)
    for old in before.instances if before else ():
        if old.name in aim.standing.uncounted:
            shared = _least(old.resources, aim.wanted[old.name].resources)
            found[old.pop] = _less(found[old.pop], shared)
    return found


def _least(one: Resources, other: Resources) -> Resources:
    return Resources.of(min(one.vcpus, other.vcpus), min(one.memory, other.memory), min(one.disk, other.disk))


def _less(one: Resources, other: Resources) -> Resources:
    return Resources.of(one.vcpus - other.vcpus, one.memory - other.memory, one.disk - other.disk)
