"""Volumes that instances start from, where the PoP's settings want them."""

from typing import Any

from keystoneauth1.exceptions import EndpointNotFound
from openstack.exceptions import BadRequestException, ServiceDisabledException, raise_from_response

from adaptors.vim.openstack.attending import Deadline, Errand
from adaptors.vim.openstack.calls import Refusal, Unready
from adaptors.vim.openstack.images import Image
from adaptors.vim.openstack.naming import shortened
from adaptors.vim.openstack.place import Place
from domain.infrastructure import Resources
from domain.instances import InstanceSpec

_PACE_S = 0.5
_DELETED_AT_ONCE = ("available", "error")
_GOING = ("deleting", "error_deleting")
_USED = ("in-use", "attaching", "reserved", "maintenance")
"""Of volumes that somebody has: they are not ours to delete, nor to wait for."""
_NO_ROOM = "available weighted backend"
_MESSAGES = "3.5"
"""Cinder's API from which on it tells users what went wrong with one thing."""


def wants_volume(place: Place, spec: InstanceSpec) -> bool:
    """Whether an instance starts from a volume."""
    return place.settings.volumes == "boot" and spec.resources.disk > 0


def diskless(resources: Resources) -> Resources:
    """What the flavour of an instance is to have whose disk is a volume."""
    return Resources.of(resources.vcpus, resources.memory, 0)


def volume_for(place: Place, spec: InstanceSpec, image: Image, errand: Errand) -> str:
    """Find or make the volume of an instance, and wait until it holds the image; its id.

    :raises Refusal: where the cloud has no volumes, or no room for this one
    :raises Unready: where it failed, or takes longer than an instance may
    """
    if not has_volumes(place):
        raise Refusal("settings.volumes is boot, but the cloud has no block storage (Cinder)")
    errand.step(f"making the volume of instance {spec.name}")
    there = [each for each in _of(place, spec.name) if each.status not in _GOING]
    volume = there[0] if there else _made(place, spec, image)
    return _filled(place, volume.id, errand)


def block_device(volume: str) -> list[dict[str, Any]]:
    """What a server is told to start from; the volume goes with it."""
    return [
        {
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": 0,
            "delete_on_termination": True,
        }
    ]


def remove_volumes(place: Place, name: str, errand: Errand) -> None:
    """Take away volumes that no server took with it, and wait until those that are going are gone.

    :raises Unready: where one does not go
    """
    if place.settings.volumes == "none" or not has_volumes(place):
        return
    deadline = Deadline(place.settings.delete_timeout)
    while left := [each for each in _of(place, name) if each.status not in _USED]:
        errand.step(f"the volume of instance {name} is being deleted")
        for volume in left:
            _remove(place, volume)
        if deadline.over():
            raise Unready(_stuck(left[0], deadline.seconds))
        errand.sleep(_PACE_S)


def owners_of_volumes(place: Place) -> frozenset[str]:
    """Names of the instances that volumes here were made for."""
    if place.settings.volumes == "none" or not has_volumes(place):
        return frozenset()
    found = place.storage.volumes(details=True)
    return frozenset(each.metadata["interlace:instance"] for each in found if _is_ours(place, each))


def has_volumes(place: Place) -> bool:
    """Whether the cloud has block storage."""
    try:
        return bool(place.storage.get_endpoint())
    except (ServiceDisabledException, EndpointNotFound):
        return False


def _of(place: Place, name: str) -> list[Any]:
    """The volumes of an instance, the oldest first."""
    found = place.storage.volumes(details=True, name=shortened(name))
    ours = (each for each in found if _is_ours(place, each))
    named = (each for each in ours if each.metadata["interlace:instance"] == shortened(name))
    return sorted(named, key=lambda each: (each.created_at, each.id))


def _is_ours(place: Place, volume: Any) -> bool:
    held = volume.metadata or {}
    return held.get("interlace:pop") == place.pop and "interlace:instance" in held


def _made(place: Place, spec: InstanceSpec, image: Image) -> Any:
    wanted = place.settings.availability_zone
    zone = wanted if wanted in _zones(place) else None  # those of Nova may be others
    return place.storage.create_volume(
        name=shortened(spec.name),
        size=max(spec.resources.disk, image.min_disk),
        image_id=image.id,
        metadata=_marks(place, spec),
        **({"availability_zone": zone} if zone else {}),
    )


def _zones(place: Place) -> set[str]:
    listed = place.storage.availability_zones
    return place.cloud.memory.recall("volume zones", lambda: {str(each.name) for each in listed()})


def _marks(place: Place, spec: InstanceSpec) -> dict[str, str]:
    tags = {f"interlace.{key}": value for key, value in spec.tags.items()}
    return {"interlace:pop": place.pop, "interlace:instance": shortened(spec.name), **tags}


def _filled(place: Place, volume: str, errand: Errand) -> str:
    deadline = Deadline(place.settings.build_timeout)
    while True:
        found = place.storage.get_volume(volume)
        if found.status in ("available", "in-use"):
            return volume
        if found.status.startswith("error"):
            said = _words(place, volume)
            place.storage.delete_volume(volume)
            raise (Refusal if _NO_ROOM in said else Unready)(f"its volume is in {found.status}: {said}")
        if deadline.over():
            raise Unready(f"volume {volume} is still {found.status} after {deadline.seconds:g} s")
        errand.sleep(_PACE_S)


def _words(place: Place, volume: str) -> str:
    """What Cinder tells users of a volume that failed; it knows more than it tells."""
    response = place.storage.get("/messages", params={"resource_uuid": volume}, microversion=_MESSAGES)
    raise_from_response(response)
    said = [each["user_message"] for each in response.json()["messages"]]
    return "; ".join(said) or "a scheduler or a driver of Cinder says why"


def _remove(place: Place, volume: Any) -> None:
    if volume.status not in _DELETED_AT_ONCE:
        return
    try:
        place.storage.delete_volume(volume.id)
    except BadRequestException:
        return  # meanwhile it is in another status: looked at again


def _stuck(volume: Any, seconds: float) -> str:
    return (
        f"volume {volume.id} is stuck in {volume.status} for {seconds:g} s, the delete_timeout of the PoP; "
        "an administrator can look after Cinder, or run `openstack volume set --state error "
        f"{volume.id}` and then retry"
    )
