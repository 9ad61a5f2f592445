"""From a placed target to the deployment that it will be."""

from collections.abc import Iterator, Mapping

from domain import names
from domain.deployments import Deployment, PlacedInstance
from domain.errors import InfeasibleError, InputError
from domain.infrastructure import Resources
from domain.models import Name
from domain.plans import Plan
from planning.rebuilding import Change
from planning.target import Target


def deployed(
    target: Target, plan: Plan, before: Deployment | None, plan_id: str, vim_kinds: Mapping[Name, Name]
) -> Deployment:
    """The deployment after the operation: what stays keeps its name in the VIM, its addresses and its edits.

    :param plan: of `target.asked`
    :param vim_kinds: of each PoP that the plan uses; others do not matter
    :raises InfeasibleError: the plan spans VIMs that no network joins
    :raises InputError: things were to move where that gains something, and it does nowhere
    """
    kinds = _kinds(plan, vim_kinds)
    if not names.joinable(kinds.values()):
        where = ", ".join(f"{pop} is {kind}" for pop, kind in kinds.items())
        raise InfeasibleError(f"no network joins the kinds of VIM that the plan uses: {where}")
    change = _change(target, plan, before)
    if change and target.kind is names.OperationKind.MIGRATE:
        _check_gain(change, plan)
    packets_are_real = not set(names.NETWORKED_KINDS).isdisjoint(kinds.values())
    endpoints = _endpoints(target, plan, before, plan_id) if packets_are_real else ()
    connected = packets_are_real or not set(names.CLOUD_KINDS).isdisjoint(kinds.values())
    network = (before and before.network) or names.network_name(target.service, plan_id)
    return Deployment(
        service=target.service,
        tenant=target.tenant,
        descriptor=target.descriptor.name,
        version=target.version,
        adjustments=target.adjustments,
        graph=target.graph,
        plan=plan,
        instances=(*_instances(target, plan, change, plan_id), *endpoints),
        vim_kinds=kinds,
        network=network if connected else None,
    )


def _kinds(plan: Plan, vim_kinds: Mapping[Name, Name]) -> dict[Name, Name]:
    used = {*plan.placements.values(), *plan.endpoints.values()}
    used.update(pop for route in plan.routes for pop in route.pops)
    return {pop: vim_kinds[pop] for pop in sorted(used)}


def _change(target: Target, plan: Plan, before: Deployment | None) -> Change | None:
    if before is None or target.present is None:
        return None
    return Change(
        before,
        target.present,
        target.descriptor,
        target.wanted,
        plan.placements,
        target.anew,
        target.in_place,
    )


def _check_gain(change: Change, plan: Plan) -> None:
    ways = [
        {route.link: (route.pops, route.physical_links) for route in each.routes}
        for each in (change.before.plan, plan)
    ]
    if change.before.plan.placements == plan.placements and ways[0] == ways[1]:
        raise InputError("nothing moves: no other placement saves more than its moves would cost")


def _instances(target: Target, plan: Plan, change: Change | None, plan_id: str) -> Iterator[PlacedInstance]:
    rebuilt = change.rebuilt() if change else frozenset()
    for part in target.graph.instances:
        old = change.old.get(part.name) if change else None
        resource = names.resource_name(target.service, part.name, plan_id)
        addresses: dict[str, str] = {}
        if change and old:
            stays = part.name not in rebuilt
            resource = old.resource if stays else resource
            addresses = old.addresses if stays else change.addresses(old)
        yield PlacedInstance(
            name=part.name,
            component=part.component,
            pop=plan.placements[part.name],
            resource=resource,
            addresses=addresses,
            **dict(target.wanted[part.name]),
        )


def _endpoints(
    target: Target, plan: Plan, before: Deployment | None, plan_id: str
) -> Iterator[PlacedInstance]:
    """What stands for the users, where packets are real; it takes nothing of a PoP's capacity."""
    for name, pop in plan.endpoints.items():
        old = before.instance(name) if before else None
        if old and old.pop == pop and name not in target.anew:
            yield old
        else:
            yield PlacedInstance(
                name=name,
                component=name,
                endpoint=True,
                pop=pop,
                resource=names.resource_name(target.service, name, plan_id),
                image=names.ENDPOINT_IMAGE,
                resources=Resources.of(0, 0, 0),
                addresses=old.addresses if old and old.endpoint else {},
            )
