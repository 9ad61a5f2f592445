"""What a PoP has, and what of it is in use: the project's quota, and never more than the PoP declares."""

from adaptors.vim.openstack.place import Place
from domain.infrastructure import Resources


def capacity_of(place: Place) -> tuple[Resources, Resources]:
    """(total, used): of the whole project, as what others use of its quota is gone for us too.

    Nova has no quota of disks: of those the PoP's declared capacity counts, and what flavours have.
    """
    limits = place.compute.get_limits().absolute
    total = Resources.of(
        _bounded(limits.total_cores, place.total.vcpus),
        _bounded(limits.total_ram, place.total.memory),
        place.total.disk,
    )
    servers = place.compute.servers(details=True)
    disk = sum(server.flavor.get("disk") or 0 for server in servers)
    return total, Resources.of(limits.total_cores_used, limits.total_ram_used, disk)


def _bounded(quota: int | None, declared: int) -> int:
    """Nova says -1 where there is no quota."""
    return declared if quota is None or quota < 0 else min(quota, declared)
