"""Scale: another number, flavour or image of one component's instances."""

from collections.abc import Iterator

from domain.adjusting import adjusted
from domain.deployments import Adjustment, Deployment, PlacedInstance
from domain.descriptor import Component, Descriptor, Scaling
from domain.errors import InputError, UnknownError
from domain.infrastructure import Infrastructure, Resources
from domain.lifecycle import ScaleRequest
from domain.spelling import hint
from planning.aims import Aim, merged, normal, of_component
from planning.hosted import refuse_unhosted
from planning.suitability import objections


def scale(
    request: ScaleRequest, before: Deployment, descriptor: Descriptor, infrastructure: Infrastructure
) -> Aim:
    """What a Scale changes.

    :raises InputError: unknown component, beyond the limits, what it is already, or not to be had in place
    """
    name = _known(request, before, descriptor)
    now = adjusted(descriptor, before.adjustments).components[name]
    count = _count(request, now, descriptor.components[name])
    wanted = Adjustment(instances=count, resources=request.resources, image=request.image)
    already = list(_already(name, wanted, now, before))
    if len(already) == len(wanted.model_dump(exclude_none=True)):
        raise InputError("; ".join(already))
    changed = merged(before.adjustments.get(name, Adjustment()), wanted)
    given = {field for field in ("image", "resources") if getattr(wanted, field) is not None}
    staying = of_component(before.instances, name) if request.in_place else ()
    _check_staying(staying, before, infrastructure)
    return Aim(
        adjustments=normal({**before.adjustments, name: changed}, descriptor),
        settled=frozenset(f"{name}.{field}" for field in given),
        moved={each.name: each.pop for each in staying},
        in_place=frozenset(each.name for each in staying),
        surge=request.surge,
        notes=tuple(already),
    )


def _check_staying(
    parts: tuple[PlacedInstance, ...], before: Deployment, infrastructure: Infrastructure
) -> None:
    """What is resized in place must be able to stay where it is."""
    refuse_unhosted(parts, before, "resized in place", "without --in-place they are built anew")
    described = {each.name: each for each in before.graph.instances}
    for each in parts:
        if against := objections(described[each.name], each.pop, infrastructure):
            raise InputError(
                f"{each.name} cannot be resized in place, for it cannot stay on {each.pop}:"
                f" {'; '.join(against)}; without --in-place it is built anew where it may be"
            )


def _known(request: ScaleRequest, before: Deployment, descriptor: Descriptor) -> str:
    name = request.component
    if name is None:
        raise InputError("say which component is to be scaled")
    if name in descriptor.endpoints:
        raise InputError(f"{name} is an endpoint: only components are scaled")
    if name not in descriptor.components:
        raise UnknownError(f"{before.service} has no component {name!r}; {hint(name, descriptor.components)}")
    return name


def _count(request: ScaleRequest, now: Component, described: Component) -> int | None:
    """The number wanted, which the descriptor allows; None where another number is not asked for."""
    if request.instances is None and request.by is None:
        return None
    count = request.instances or now.instances + (request.by or 0)
    limits = described.scaling or Scaling(min=described.instances, max=described.instances)
    if limits.min <= count <= limits.max:
        return count
    how = f"{request.by:+d} makes {count}" if request.by else f"not {count}"
    name = request.component
    if described.scaling:
        raise InputError(
            f"{name} has {_instances(now.instances)}; its descriptor allows"
            f" {limits.min} to {limits.max}: {how}"
        )
    if count < 1:
        raise InputError(f"{name} has {_instances(now.instances)}: {how}, but one is the least")
    low, high = min(count, limits.min), max(count, limits.max)
    raise InputError(
        f"{name} has {_instances(now.instances)}, and its descriptor allows no other number ({how}):"
        f" give components.{name} of a new version `scaling: {{min: {low}, max: {high}}}`, and update to it"
    )


def _already(name: str, wanted: Adjustment, now: Component, before: Deployment) -> Iterator[str]:
    """What of `wanted` is so already."""
    here = of_component(before.instances, name)
    if wanted.instances == now.instances:
        yield f"{name} has {_instances(now.instances)} already"
    if wanted.resources is not None and all(each.resources == wanted.resources for each in here):
        yield f"{name} has {flavour(wanted.resources)} for each instance already"
    if wanted.image is not None and all(each.image == wanted.image for each in here):
        yield f"{name} runs {wanted.image} already"


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"


def flavour(resources: Resources) -> str:
    """In words."""
    vcpus = f"{resources.vcpus} vcpu{'' if resources.vcpus == 1 else 's'}"
    return f"{vcpus}, {resources.memory} MiB of memory and {resources.disk} GiB of disk"
