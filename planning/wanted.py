"""What each instance is to be: its component's part, and what an operator gave it alone."""

from collections.abc import Collection
from typing import TypeVar

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Component, Descriptor
from domain.plans import ServiceGraph
from planning.target import Wanted

T = TypeVar("T")


def wanted_instances(
    graph: ServiceGraph,
    descriptor: Descriptor,
    present: Descriptor | None,
    before: Deployment | None,
    settled: Collection[str],
) -> dict[str, Wanted]:
    """By instance of `graph`.

    :param descriptor: adjusted, as to be
    :param present: adjusted, as it runs
    :param settled: `web.image` and the like: what is now given for all instances of a component
    """
    found = {}
    running = {each.name: each for each in before.instances} if before else {}
    for part in graph.instances:
        component = descriptor.components[part.component]
        old = running.get(part.name)
        then = present.components.get(part.component) if present else None
        if old is None or then is None:
            found[part.name] = Wanted(image=component.image, resources=component.resources)
        else:
            found[part.name] = _carried(old, then, component, settled)
    return found


def _carried(old: PlacedInstance, then: Component, now: Component, settled: Collection[str]) -> Wanted:
    """What one instance was given alone stays, unless its component now says another thing there."""
    image = _edited(old.image, then.image, now.image)
    resources = _edited(old.resources, then.resources, now.resources)
    return Wanted(
        image=now.image if f"{old.component}.image" in settled else image,
        resources=now.resources if f"{old.component}.resources" in settled else resources,
        config={k: v for k, v in old.config.items() if then.config.get(k) == now.config.get(k)},
        environment={
            k: v for k, v in old.environment.items() if then.environment.get(k) == now.environment.get(k)
        },
    )


def _edited(own: T, then: T, now: T) -> T:
    return own if own != then and then == now else now
