"""What a PoP has, and what of it is in use: the project's quota, and never more than the PoP declares."""

from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.servers import starts_from_volume
from adaptors.vim.openstack.volumes import has_volumes
from domain.infrastructure import Resources


def capacity_of(place: Place) -> tuple[Resources, Resources]:
    """(total, used): of the whole project, as what others use of its quota is gone for us too.

    Nova has no quota of disks: of those the PoP's declared capacity counts, and what flavours have. Cinder
    has one: where instances start from volumes, that counts, and whatever volumes the project has.
    """
    limits = place.compute.get_limits().absolute
    total = Resources.of(
        _bounded(limits.total_cores, place.total.vcpus),
        _bounded(limits.total_ram, place.total.memory),
        place.total.disk,
    )
    own = [each for each in place.compute.servers(details=True) if not starts_from_volume(each)]
    used = Resources.of(
        limits.total_cores_used,
        limits.total_ram_used,
        sum(server.flavor.get("disk") or 0 for server in own),
    )
    return _with_volumes(place, total, used) if place.settings.volumes == "boot" else (total, used)


def _with_volumes(place: Place, total: Resources, used: Resources) -> tuple[Resources, Resources]:
    if not has_volumes(place):
        return total, used
    limits = place.storage.get_limits().absolute
    disk = _bounded(limits.max_total_volume_gigabytes, total.disk)
    return (
        Resources.of(total.vcpus, total.memory, disk),
        Resources.of(used.vcpus, used.memory, used.disk + limits.total_gigabytes_used),
    )


def _bounded(quota: int | None, declared: int) -> int:
    """Nova says -1 where there is no quota."""
    return declared if quota is None or quota < 0 else min(quota, declared)
