"""What a deployment takes of PoPs and links, and what the way from one to another takes. Pure."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from domain.deployments import Deployment, PlacedInstance
from domain.infrastructure import Resources
from domain.names import resource_name
from domain.plans import Plan, ServiceGraph

Slot = tuple[str, str]
"""A name in a VIM, and the PoP."""

LinkUse = tuple[str, str]
"""A graph link, and a physical link that it passes."""


@dataclass(frozen=True)
class Claim:
    """What one instance takes."""

    instance: str
    resources: Resources


@dataclass(frozen=True)
class Claims:
    """What a service takes. Endpoints take nothing and are not here."""

    instances: Mapping[Slot, Claim] = field(default_factory=dict)
    links: Mapping[LinkUse, float] = field(default_factory=dict)
    """Mbit/s."""


NOTHING = Claims()


def claims_of(deployment: Deployment | None) -> Claims:
    """What a deployment takes."""
    if deployment is None:
        return NOTHING
    instances = {slot_of(each): _claim(each) for each in deployment.instances if not each.endpoint}
    return Claims(instances, link_use(deployment.plan))


def claims_of_plan(service: str, graph: ServiceGraph, plan: Plan, operation_id: str) -> Claims:
    """What a placement takes whose instances are named by the operation that builds them."""
    instances = {
        (resource_name(service, each.name, operation_id), plan.placements[each.name]): Claim(
            each.name, each.resources
        )
        for each in graph.instances
    }
    return Claims(instances, link_use(plan))


def claims_between(before: Deployment | None, after: Deployment, given_up: Collection[str]) -> Claims:
    """What is taken on the way: at every PoP and link at least what `before` takes, and what `after` does.

    Old and new are there side by side; but a graph link carries its traffic on one way at a time, and an
    instance that is given up makes room for the successor that is built in its PoP.
    """
    old, new = claims_of(before), claims_of(after)
    instances = {**old.instances}
    for slot, claim in new.instances.items():
        former = instances.get(slot)
        resources = _most(former.resources, claim.resources) if former else claim.resources
        instances[slot] = Claim(claim.instance, resources)
    for slot, successor in _successions(before, after, given_up).items():
        beyond = less(instances[slot].resources, successor.resources)
        instances[slot] = Claim(instances[slot].instance, beyond)
    uses = {*old.links, *new.links}
    links = {use: max(old.links.get(use, 0.0), new.links.get(use, 0.0)) for use in uses}
    return Claims(instances, links)


def link_use(plan: Plan) -> dict[LinkUse, float]:
    """Mbit/s by graph link and physical link."""
    used: dict[LinkUse, float] = defaultdict(float)
    for route in plan.routes:
        for physical in route.physical_links:
            used[route.link, physical] += route.bandwidth_mbps
    return dict(used)


def less(one: Resources, other: Resources) -> Resources:
    """What `one` has beyond the other, of each kind."""
    return Resources.of(
        max(one.vcpus - other.vcpus, 0), max(one.memory - other.memory, 0), max(one.disk - other.disk, 0)
    )


def slot_of(placed: PlacedInstance) -> Slot:
    """Where the ledger and the reservations have it."""
    return placed.resource, placed.pop


def _claim(placed: PlacedInstance) -> Claim:
    return Claim(placed.name, placed.resources)


def _successions(
    before: Deployment | None, after: Deployment, given_up: Collection[str]
) -> dict[Slot, PlacedInstance]:
    """Slots of given-up instances -> their successors in the same PoP.

    The predecessor's claim is cut down to what it has beyond its successor's, so that the two together take
    the most of either; the successor's is whole, so that it may stay when its predecessor is gone.
    """
    found = {}
    for each in before.instances if before else ():
        successor = after.instance(each.name)
        if each.resource not in given_up or each.endpoint or successor is None:
            continue
        if successor.pop == each.pop and successor.resource != each.resource:
            found[slot_of(each)] = successor
    return found


def _most(one: Resources, other: Resources) -> Resources:
    return Resources.of(max(one.vcpus, other.vcpus), max(one.memory, other.memory), max(one.disk, other.disk))
