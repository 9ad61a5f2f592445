"""What is different between two deployments of a service."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.deployments import Deployment, PlacedInstance
from planning.target import Target
from planning.wiring import Wiring, config_of, news


@dataclass(frozen=True)
class Changes:
    """Instances and endpoints, in the deployments' order."""

    created: tuple[PlacedInstance, ...]
    removed: tuple[PlacedInstance, ...]
    replaced: tuple[tuple[PlacedInstance, PlacedInstance], ...]
    """The old and the new."""
    kept: tuple[PlacedInstance, ...]
    """As they will be."""
    reconfigured: tuple[str, ...]
    """Those kept whose config, references resolved, will be another."""


def changes(before: Deployment | None, after: Deployment, target: Target) -> Changes:
    """Compare two deployments: an instance is replaced where its name in the VIM is another."""
    old = {each.name: each for each in before.instances} if before else {}
    new = {each.name: each for each in after.instances}
    both = [(old[name], each) for name, each in new.items() if name in old]
    kept = tuple(will for was, will in both if was.resource == will.resource)
    return Changes(
        created=tuple(each for name, each in new.items() if name not in old),
        removed=tuple(each for name, each in old.items() if name not in new),
        replaced=tuple((was, will) for was, will in both if was.resource != will.resource),
        kept=kept,
        reconfigured=tuple(_reconfigured(before, after, target, kept)) if before else (),
    )


def _reconfigured(
    before: Deployment, after: Deployment, target: Target, kept: tuple[PlacedInstance, ...]
) -> Iterator[str]:
    wiring = Wiring(before, after)
    was = {each.name: each for each in before.instances}
    old = wiring.outputs(was)
    new = wiring.outputs({each.name: each for each in after.instances})
    present = target.present or target.descriptor
    for each in kept:
        if news(config_of(was[each.name], present, old), config_of(each, target.descriptor, new)):
            yield each.name
