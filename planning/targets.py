"""From a request to what it aims at."""

from domain.adjusting import adjusted
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.errors import InputError, UnknownError
from domain.expansion import expand
from domain.infrastructure import Infrastructure
from domain.lifecycle import AnyRequest, HealRequest, MigrateRequest, ScaleRequest, UpdateRequest
from domain.plans import GraphEndpoint, ServiceGraph
from domain.requests import InstantiateRequest
from domain.semantics import complaints
from domain.steering import PlanOrder
from planning.aims import Aim
from planning.pinning import Pinning
from planning.rebuilding import Change
from planning.standing import ends_first, standing
from planning.target import Target
from planning.target_heal import heal
from planning.target_migrate import migrate
from planning.target_scale import scale
from planning.target_update import update
from planning.unease import uneasy
from planning.wanted import wanted_instances


def target(
    order: PlanOrder,
    request: AnyRequest,
    before: Deployment | None,
    descriptor: Descriptor,
    infrastructure: Infrastructure,
    *,
    present: Descriptor | None,
) -> Target:
    """What `request` makes of `before`.

    :param descriptor: the version wanted, as onboarded
    :param present: the version that runs, as onboarded; None where nothing runs
    :raises InputError: the request cannot be meant so, in words that say what would be right
    :raises InfeasibleError: it is clear without a placement that there is none
    """
    if isinstance(request, InstantiateRequest):
        return _new(order, request, descriptor, infrastructure)
    if before is None or present is None:
        raise UnknownError(f"no service {request.service} runs: instantiate it first")
    aim = _aim(order, request, before, present, descriptor, infrastructure)
    return _changed(order, aim, before, present, descriptor, infrastructure)


def _aim(
    order: PlanOrder,
    request: AnyRequest,
    before: Deployment,
    present: Descriptor,
    descriptor: Descriptor,
    infrastructure: Infrastructure,
) -> Aim:
    match request:
        case ScaleRequest():
            return scale(request, before, descriptor, infrastructure)
        case MigrateRequest():
            return migrate(request, before, infrastructure)
        case HealRequest():
            return heal(request, before, order.survey, infrastructure)
        case UpdateRequest():
            return update(request, before, present, descriptor)
    raise InputError(f"{order.kind} aims at no deployment")


def _new(
    order: PlanOrder, request: InstantiateRequest, descriptor: Descriptor, infrastructure: Infrastructure
) -> Target:
    graph = expand(request.service, descriptor)
    pinning = Pinning(Aim(), None, order.avoid, infrastructure)
    return Target(
        kind=order.kind,
        service=request.service,
        tenant=request.tenant,
        descriptor=descriptor,
        present=None,
        version=descriptor.version,
        graph=graph,
        asked=graph.model_copy(update={"instances": tuple(map(pinning.pinned, graph.instances))}),
        wanted=wanted_instances(graph, descriptor, None, None, ()),
    )


def _changed(
    order: PlanOrder,
    aim: Aim,
    before: Deployment,
    present: Descriptor,
    descriptor: Descriptor,
    infrastructure: Infrastructure,
) -> Target:
    then, now = adjusted(present, before.adjustments), adjusted(descriptor, aim.adjustments)
    graph = _expanded(before.service, now)
    wanted = wanted_instances(graph, now, then, before, aim.settled)
    loose = uneasy(graph, before.plan) - aim.moved.keys()
    pinning = Pinning(aim, before, order.avoid, infrastructure, loose)
    parts = tuple(
        pinning.pinned(part).model_copy(update={"resources": wanted[part.name].resources})
        for part in graph.instances
    )
    ends = tuple(_endpoint(end, before, then, now) for end in graph.endpoints)
    images = {name: each.image for name, each in wanted.items()}
    first = ends_first(before, then, now, images, order.survey.traits, aim)
    change = Change(before, then, now, wanted, pinning.pops, aim.anew, aim.in_place)
    return Target(
        kind=order.kind,
        service=before.service,
        tenant=before.tenant,
        descriptor=now,
        present=then,
        version=now.version,
        adjustments=aim.adjustments,
        graph=graph,
        asked=graph.model_copy(update={"instances": parts, "endpoints": ends}),
        standing=standing(change, graph, aim, first, loose),
        wanted=wanted,
        anew=aim.anew,
        in_place=aim.in_place,
        rehosted=aim.rehosted,
        live=aim.live,
        ends_first=first,
        unreachable=aim.lost,
        surge=aim.surge,
        notes=(*aim.notes, *pinning.notes),
    )


def _expanded(service: str, descriptor: Descriptor) -> ServiceGraph:
    """The graph of an adjusted descriptor, which may have grown beyond what can be placed."""
    for path, wrong in complaints(descriptor):
        raise InputError(f"{'.'.join(map(str, path))}: {wrong}")
    return expand(service, descriptor)


def _endpoint(end: GraphEndpoint, before: Deployment, then: Descriptor, now: Descriptor) -> GraphEndpoint:
    """An endpoint that is described as before stays, though another PoP may be nearer to it by now."""
    stays = then.endpoints.get(end.name) == now.endpoints[end.name]
    pop = before.plan.endpoints.get(end.name) if stays else None
    return GraphEndpoint(name=end.name, pop=pop) if pop else end
