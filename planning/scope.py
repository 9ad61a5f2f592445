"""What of the world a plan depends on."""

from collections.abc import Iterator

from domain.adjusting import adjusted
from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.lifecycle import AnyRequest, HealRequest, ScaleRequest
from domain.names import OperationKind
from domain.steering import Scope

_UNASKED = (OperationKind.INSTANTIATE, OperationKind.TERMINATE)


def scope(
    kind: OperationKind, request: AnyRequest, before: Deployment | None, descriptor: Descriptor | None
) -> Scope:
    """What to ask the VIMs: of images, those that run and those wanted; of instances, those to be healed.

    An image that is only wanted is asked for at each kind of VIM that the service uses.

    :param descriptor: the version wanted, as onboarded; None where the operation has none
    """
    if before is None or kind in _UNASKED:
        return Scope()
    images: dict[str, set[str]] = {each: set(_wanted(request, before, descriptor)) for each in _kinds(before)}
    for one in before.instances:
        if not one.endpoint:
            images[before.vim_kinds[one.pop]].add(one.image)
    return Scope(
        images={each: tuple(sorted(found)) for each, found in images.items() if found},
        instances=_instances(before, request.lost_pops) if isinstance(request, HealRequest) else {},
    )


def _kinds(before: Deployment) -> list[str]:
    return sorted({before.vim_kinds[one.pop] for one in before.instances})


def _wanted(request: AnyRequest, before: Deployment, descriptor: Descriptor | None) -> Iterator[str]:
    if isinstance(request, ScaleRequest) and request.image:
        yield request.image
    if descriptor is not None:
        described = adjusted(descriptor, before.adjustments)
        yield from (component.image for component in described.components.values())
        yield from (component.image for component in descriptor.components.values())


def _instances(before: Deployment, lost: frozenset[str]) -> dict[str, dict[str, str]]:
    """Those of lost PoPs are not asked about: nobody would answer."""
    found: dict[str, dict[str, str]] = {}
    for one in before.instances:
        if one.pop not in lost:
            found.setdefault(before.vim_kinds[one.pop], {})[one.resource] = one.pop
    return found
