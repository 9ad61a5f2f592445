"""Update: another version of the service's descriptor."""

from domain.deployments import Adjustment, Deployment
from domain.descriptor import Component, Descriptor
from domain.errors import InputError
from domain.lifecycle import UpdateRequest
from planning.aims import Aim, normal


def update(request: UpdateRequest, before: Deployment, present: Descriptor, descriptor: Descriptor) -> Aim:
    """What an Update changes.

    :param present: the version that runs, as onboarded
    :param descriptor: the version wanted, as onboarded
    :raises InputError: it is another service's descriptor, or that version runs already
    """
    other = next(
        (n for n in (request.descriptor, descriptor.name) if n not in (None, before.descriptor)), None
    )
    if other is not None:
        raise InputError(
            f"{other} is the descriptor of another service: {before.service} is made from"
            f" {before.descriptor}, and an update goes to another version of that"
        )
    if descriptor.version == before.version and not (request.reset and before.adjustments):
        reset = ", and no Scale has changed what a reset would forget" if request.reset else ""
        raise InputError(f"{before.service} runs {before.descriptor} {before.version} already{reset}")
    kept, notes = ({}, []) if request.reset else _kept(before, present, descriptor)
    adjustments = normal(kept, descriptor)
    return Aim(adjustments=adjustments, surge=request.surge, notes=tuple(notes))


def _kept(
    before: Deployment, present: Descriptor, descriptor: Descriptor
) -> tuple[dict[str, Adjustment], list[str]]:
    """What Scale has changed, as far as it goes with `descriptor`; and what to say of it."""
    kept: dict[str, Adjustment] = {}
    notes: list[str] = []
    for name, adjustment in before.adjustments.items():
        component = descriptor.components.get(name)
        if component is None:
            continue  # the whole component goes
        update = {
            "instances": _number(name, adjustment, component, notes),
            "image": _image(name, adjustment, present.components[name], component, notes),
        }
        kept[name] = adjustment.model_copy(update=update)
        if adjustment.resources is not None:
            notes.append(f"{name} keeps the flavour that a Scale gave it")
    return kept, notes


def _number(name: str, adjustment: Adjustment, component: Component, notes: list[str]) -> int | None:
    number = adjustment.instances
    if number is None or number == component.instances:
        return None
    limits = component.scaling
    if limits and limits.min <= number <= limits.max:
        notes.append(f"{name} keeps its {number} instances, as scaled")
        return number
    allowed = f"{limits.min} to {limits.max}" if limits else f"{component.instances} only"
    notes.append(
        f"{name} goes from {number} instances to {component.instances}: this version allows {allowed}"
    )
    return None


def _image(
    name: str, adjustment: Adjustment, present: Component, component: Component, notes: list[str]
) -> str | None:
    """A scaled image stays as long as the descriptor's own does."""
    if adjustment.image is None or component.image == present.image:
        if adjustment.image is not None:
            notes.append(f"{name} keeps the image {adjustment.image}, as scaled")
        return adjustment.image
    notes.append(f"{name} goes from the image {adjustment.image} to this version's {component.image}")
    return None
