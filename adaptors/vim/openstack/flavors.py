"""Flavours that fit what is asked for: found, made where that is allowed, else the nearest."""

from collections.abc import Callable

from openstack.exceptions import ConflictException, ForbiddenException

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.settings import FlavorWay
from domain.infrastructure import Resources
from domain.models import Model


class Flavor(Model):
    """What we need to know of a flavour."""

    id: str
    name: str
    vcpus: int
    memory: int
    """MiB."""
    disk: int
    """GiB."""


def flavor_of(place: Place, resources: Resources, least: Resources) -> Flavor:
    """A flavour for these resources, by the first of the PoP's ways that leads to one.

    :param least: what it must have in any case, as its image asks
    :raises Refusal: where none fits
    """
    wanted = Resources.of(*map(max, _size_of(resources), _size_of(least)))
    for way in place.settings.flavors:
        if (found := _WAYS[way](place, wanted)) is not None:
            return found
    known = ", ".join(_shown(each) for each in sorted(_all(place), key=_size)) or "none at all"
    ways = ", ".join(place.settings.flavors)
    raise Refusal(f"no flavour fits {_words(wanted)} (ways tried: {ways}); there is {known}")


def _found(place: Place, wanted: Resources) -> Flavor | None:
    matching = [each for each in _all(place) if _size(each) == _size_of(wanted)]
    return min(matching, key=lambda each: each.name, default=None)


def _created(place: Place, wanted: Resources) -> Flavor | None:
    """None where the credential may not."""
    name = f"interlace-{wanted.vcpus}c-{wanted.memory}m-{wanted.disk}g"
    try:
        made = place.compute.create_flavor(
            name=name, vcpus=wanted.vcpus, ram=wanted.memory, disk=wanted.disk, is_public=True
        )
    except ForbiddenException:
        return None
    except ConflictException:  # somebody else has made it just now
        place.cloud.memory.forget("flavors")
        return _found(place, wanted)
    place.cloud.memory.forget("flavors")
    return Flavor(id=made.id, name=name, vcpus=wanted.vcpus, memory=wanted.memory, disk=wanted.disk)


def _nearest(place: Place, wanted: Resources) -> Flavor | None:
    """The smallest of those that are large enough."""
    large = [
        each
        for each in _all(place)
        if each.vcpus >= wanted.vcpus and each.memory >= wanted.memory and each.disk >= wanted.disk
    ]
    return min(large, key=_size, default=None)


_WAYS: dict[FlavorWay, Callable[[Place, Resources], Flavor | None]] = {
    "find": _found,
    "create": _created,
    "nearest": _nearest,
}


def _all(place: Place) -> list[Flavor]:
    return place.cloud.memory.recall("flavors", lambda: _listed(place))


def _listed(place: Place) -> list[Flavor]:
    return [
        Flavor(id=each.id, name=each.name, vcpus=each.vcpus, memory=each.ram, disk=each.disk)
        for each in place.compute.flavors(details=True)
        if not each.is_disabled
    ]


def _size(flavor: Flavor) -> tuple[int, int, int]:
    return flavor.vcpus, flavor.memory, flavor.disk


def _size_of(wanted: Resources) -> tuple[int, int, int]:
    return wanted.vcpus, wanted.memory, wanted.disk


def _shown(flavor: Flavor) -> str:
    return f"{flavor.name} ({flavor.vcpus} vcpus, {flavor.memory} MiB, {flavor.disk} GiB)"


def _words(wanted: Resources) -> str:
    return f"{wanted.vcpus} vcpus, {wanted.memory} MiB memory and {wanted.disk} GiB disk"
