"""Volumes that instances start from, where the PoP's settings want them."""

from typing import Any

from keystoneauth1.exceptions import EndpointNotFound
from openstack.exceptions import ServiceDisabledException

from adaptors.vim.openstack.attending import Deadline, Errand
from adaptors.vim.openstack.calls import Refusal, Unready
from adaptors.vim.openstack.images import Image
from adaptors.vim.openstack.naming import shortened
from adaptors.vim.openstack.place import Place
from domain.instances import InstanceSpec

_PACE_S = 1.0


def wants_volume(place: Place, spec: InstanceSpec) -> bool:
    """Whether an instance starts from a volume."""
    return place.settings.volumes == "boot" and spec.resources.disk > 0


def volume_for(place: Place, spec: InstanceSpec, image: Image, errand: Errand) -> str:
    """Find or make the volume of an instance, and wait until it holds the image; its id.

    :raises Refusal: where the cloud has no volumes
    :raises Unready: where it failed, or takes longer than an instance may
    """
    if not _has_volumes(place):
        raise Refusal("settings.volumes is boot, but the cloud has no block storage (Cinder)")
    errand.step(f"making the volume of instance {spec.name}")
    volume = next(iter(_of(place, spec.name)), None) or place.connection.block_storage.create_volume(
        name=shortened(spec.name),
        size=max(spec.resources.disk, image.min_disk),
        image_id=image.id,
        availability_zone=place.settings.availability_zone,
        metadata=_marks(place, spec),
    )
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


def remove_volumes(place: Place, name: str) -> None:
    """Take away volumes that no server took with it."""
    if place.settings.volumes == "none" or not _has_volumes(place):
        return
    for volume in _of(place, name):
        place.connection.block_storage.delete_volume(volume.id)


def _has_volumes(place: Place) -> bool:
    try:
        return bool(place.connection.block_storage.get_endpoint())
    except (ServiceDisabledException, EndpointNotFound):
        return False


def _of(place: Place, name: str) -> list[Any]:
    found = place.connection.block_storage.volumes(details=True, name=shortened(name))
    ours = (each for each in found if (each.metadata or {}).get("interlace:pop") == place.pop)
    return [each for each in ours if each.metadata.get("interlace:instance") == shortened(name)]


def _marks(place: Place, spec: InstanceSpec) -> dict[str, str]:
    tags = {f"interlace.{key}": value for key, value in spec.tags.items()}
    return {"interlace:pop": place.pop, "interlace:instance": shortened(spec.name), **tags}


def _filled(place: Place, volume: str, errand: Errand) -> str:
    deadline = Deadline(place.settings.build_timeout)
    while True:
        found = place.connection.block_storage.get_volume(volume)
        if found.status in ("available", "in-use"):
            return volume
        if found.status.startswith("error"):
            place.connection.block_storage.delete_volume(volume)
            raise Unready(f"volume {volume} is in {found.status}: a scheduler or a driver of Cinder says why")
        if deadline.over():
            raise Unready(f"volume {volume} is still {found.status} after {deadline.seconds:g} s")
        errand.sleep(_PACE_S)
