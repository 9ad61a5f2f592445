"""The places of a service: its instances and endpoints, by the names that users know them by."""

from catalogue.store import Catalogue
from domain.errors import InputError, UnknownError
from domain.models import Model
from domain.names import CLOUD_KINDS, NETWORKED_KINDS
from domain.phases import ResourceKind, ResourceState
from domain.records import ResourceRecord
from domain.references import OUTPUTS, outputs_of, references, resolve, split


class Place(Model):
    """Where something of a service runs."""

    name: str
    """Of the instance or endpoint."""
    component: str
    """Or the endpoint."""
    resource: str
    """Its name in the VIM."""
    pop: str
    vim_kind: str
    address: str | None

    @property
    def number(self) -> int:
        """Of the instance, from 1; 0 for an endpoint."""
        return 0 if self.name == self.component else int(self.name.rpartition("-")[2])


def places(catalogue: Catalogue, service: str) -> tuple[Place, ...]:
    """All places of a service that the ledger knows, also of one that failed to come up.

    :raises UnknownError: if there is neither such a service nor anything left of one
    """
    best: dict[str, ResourceRecord] = {}
    for entry in sorted(catalogue.ledger.of_service(service), key=_worth):
        if entry.kind is ResourceKind.INSTANCE:
            best[entry.instance] = entry
    if not best:
        catalogue.services.get(service)
    return tuple(_place(best[name]) for name in sorted(best))


def find_place(found: tuple[Place, ...], service: str, name: str) -> Place:
    """The place of that name, where packets are real.

    :raises UnknownError: if the service has none of that name
    :raises InputError: if it is on a VIM that only models
    """
    place = next((each for each in found if each.name == name), None)
    if place is None:
        there = ", ".join(each.name for each in found) or "none"
        raise UnknownError(f"{service} has no place {name!r}; its places: {there}")
    if place.vim_kind not in NETWORKED_KINDS:
        raise InputError(
            f"{name} of {service} is on PoP {place.pop}, whose VIM is {place.vim_kind}: {_why(place)}"
        )
    return place


def _why(place: Place) -> str:
    if place.vim_kind in CLOUD_KINDS:
        return "it is reached by that cloud's own means, not from this machine"
    return (
        "a record, in which nothing runs; `interlace infra generate TOPOLOGY --vim emulator` makes PoPs "
        "where it does"
    )


def filled(words: list[str], found: tuple[Place, ...]) -> list[str]:
    """The words with each `${component.output}` replaced.

    :raises UnknownError: if one refers to what is not there
    """
    outputs = _outputs(found)
    for reference in (each for word in words for each in references(word)):
        target = split(reference)
        if target is None or target[1] not in outputs.get(target[0], {}):
            known = f"{', '.join(OUTPUTS)} of {', '.join(outputs) or 'nothing yet'}"
            raise UnknownError(f"${{{reference}}} refers to nothing of the service; there is {known}")
    return [resolve(word, outputs) for word in words]


def _outputs(found: tuple[Place, ...]) -> dict[str, dict[str, str]]:
    made: dict[str, list[tuple[str, str]]] = {}
    for place in sorted(found, key=lambda each: each.number):
        if place.address:
            made.setdefault(place.component, []).append((place.address, place.pop))
    return {component: outputs_of(instances) for component, instances in made.items()}


def _worth(entry: ResourceRecord) -> tuple[int, str]:
    """The last in this order is the one that people mean."""
    order = (ResourceState.LEFTOVER, ResourceState.INTENDED, ResourceState.CREATED)
    return order.index(entry.state), entry.since.isoformat()


def _place(entry: ResourceRecord) -> Place:
    return Place(
        name=entry.instance,
        component=entry.component,
        resource=entry.resource_name,
        pop=entry.pop,
        vim_kind=entry.vim_kind,
        address=entry.address,
    )
