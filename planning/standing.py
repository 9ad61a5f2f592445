"""What of a running service keeps its place, its ways and its capacity."""

from collections.abc import Collection

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.plans import Route, ServiceGraph, Standing
from domain.steering import ImageTraits
from planning.aims import Aim
from planning.rebuilding import Change

_LEAST_MOVE_COST = 1e-6


def standing(
    change: Change, graph: ServiceGraph, aim: Aim, ends_first: Collection[str], uneasy: Collection[str]
) -> Standing:
    """For the placement: an instance that is built anew needs its capacity twice, so it does not stand.

    One that begins only when its predecessor is gone does, as long as it needs no more. What is resized where
    it runs is counted anew: `planning.in_place.to_be_counted` takes what it holds off the usage.

    :param uneasy: instances that should stay, but need not
    """
    rebuilt = change.rebuilt()
    held = {
        old.name: old.pop
        for old in change.before.instances
        if old.name in change.wanted
        and change.pops.get(old.name) == old.pop
        and (old.name not in rebuilt or _takes_the_place(old, change, ends_first))
    }
    return Standing(
        instances=held,
        uncounted=frozenset(name for name in held if name in change.in_place and name not in rebuilt),
        routes=tuple(_ways(change.before, graph, aim.lost)),
        move_cost_per_hour=_move_costs(held, aim, uneasy, change.before),
    )


def _takes_the_place(old: PlacedInstance, change: Change, ends_first: Collection[str]) -> bool:
    return old.name in ends_first and change.wanted[old.name].resources.fits_in(old.resources)


def _ways(before: Deployment, graph: ServiceGraph, lost: Collection[str]) -> list[Route]:
    links = {link.name for link in graph.links}
    return [route for route in before.plan.routes if route.link in links and not set(route.pops) & set(lost)]


def _move_costs(
    held: Collection[str], aim: Aim, uneasy: Collection[str], before: Deployment
) -> dict[str, float]:
    if aim.move_cost is not None:
        return dict.fromkeys(held, max(aim.move_cost, _LEAST_MOVE_COST))
    dear = 2 * before.plan.cost_per_hour + 1  # more than a move can save: only what must move does
    return {name: dear for name in held if name in uneasy}


def ends_first(
    before: Deployment,
    present: Descriptor,
    wanted: Descriptor,
    images: dict[str, str],
    traits: dict[str, ImageTraits],
    aim: Aim,
) -> frozenset[str]:
    """Those whose successors begin when they are gone: the ill, and what must never run twice.

    :param images: instance -> the image that it is to have
    """
    return frozenset(
        old.name
        for old in before.instances
        if old.pop not in aim.lost
        and (
            old.name in aim.ailing
            or any(_single(old, descriptor) for descriptor in (present, wanted))
            or any(traits[image].single for image in (old.image, images.get(old.name)) if image in traits)
        )
    )


def _single(old: PlacedInstance, descriptor: Descriptor) -> bool:
    component = descriptor.components.get(old.component)
    return component is not None and not old.endpoint and component.lifecycle.single
