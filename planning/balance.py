"""What PoPs and physical links hold of a service: before, meanwhile, and after."""

from collections.abc import Collection, Iterator, Mapping

from domain.deployments import Deployment, PlacedInstance
from domain.infrastructure import Infrastructure, Resources
from domain.operation_plans import LinkChange, PopChange

_NOTHING = Resources.of(0, 0, 0)


def pop_changes(
    before: Deployment | None,
    after: Deployment | None,
    given_up: Collection[str],
    infrastructure: Infrastructure | None,
) -> tuple[PopChange, ...]:
    """For each PoP with instances: a peak counts old and new, but who is given up makes room where it was.

    :param given_up: names in the VIM
    :param infrastructure: for the capacities; where a PoP is not in it, its capacity is told as nothing
    """
    old, new = _held(before), _held(after)
    kept = _merged(before, after, given_up)
    pops = infrastructure.pops if infrastructure else {}
    return tuple(
        PopChange(
            pop=pop,
            before=old.get(pop, _NOTHING),
            peak=kept[pop],
            after=new.get(pop, _NOTHING),
            capacity=pops[pop].capacity if pop in pops else _NOTHING,
        )
        for pop in sorted(kept)
    )


def link_changes(before: Deployment | None, after: Deployment | None) -> tuple[LinkChange, ...]:
    """For each physical link that a route passes, before or after."""
    old, new = _reserved(before), _reserved(after)
    return tuple(
        LinkChange(physical_link=link, before_mbps=old.get(link, 0.0), after_mbps=new.get(link, 0.0))
        for link in sorted(old.keys() | new.keys())
    )


def _merged(
    before: Deployment | None, after: Deployment | None, given_up: Collection[str]
) -> dict[str, Resources]:
    """By PoP, all that is ever there at once."""
    total: dict[str, Resources] = {}
    for pop, resources in _shares(before, after, given_up):
        total[pop] = total.get(pop, _NOTHING) + resources
    return total


def _shares(
    before: Deployment | None, after: Deployment | None, given_up: Collection[str]
) -> Iterator[tuple[str, Resources]]:
    old = {each.name: each for each in _components(before)}
    for each in _components(after):
        was = old.pop(each.name, None)
        if was is None:
            yield each.pop, each.resources
        elif was.resource == each.resource or (was.resource in given_up and was.pop == each.pop):
            yield each.pop, _larger(was.resources, each.resources)
        else:
            yield was.pop, was.resources
            yield each.pop, each.resources
    for was in old.values():
        yield was.pop, was.resources


def _held(deployment: Deployment | None) -> Mapping[str, Resources]:
    held: dict[str, Resources] = {}
    for each in _components(deployment):
        held[each.pop] = held.get(each.pop, _NOTHING) + each.resources
    return held


def _components(deployment: Deployment | None) -> Iterator[PlacedInstance]:
    yield from (each for each in (deployment.instances if deployment else ()) if not each.endpoint)


def _larger(one: Resources, other: Resources) -> Resources:
    return Resources.of(max(one.vcpus, other.vcpus), max(one.memory, other.memory), max(one.disk, other.disk))


def _reserved(deployment: Deployment | None) -> dict[str, float]:
    reserved: dict[str, float] = {}
    for route in deployment.plan.routes if deployment else ():
        for link in route.physical_links:
            reserved[link] = round(reserved.get(link, 0.0) + route.bandwidth_mbps, 6)
    return reserved
