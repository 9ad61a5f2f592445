"""Addresses for services: of the PoP's pool, each service gets a subnet that no other one has."""

from hashlib import sha256
from ipaddress import IPv4Network
from typing import Any

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.place import Place


def free_cidr(place: Place, name: str) -> str:
    """A subnet of the pool that is free; the name says where to begin to look, so that it tends to stay.

    :raises Refusal: where none is free
    """
    settings = place.settings
    pool = IPv4Network(settings.cidr)
    taken = [IPv4Network(each.cidr) for each in _ours(place)]
    count = 2 ** (settings.subnet_prefix - pool.prefixlen)
    size = 2 ** (32 - settings.subnet_prefix)
    start = int.from_bytes(sha256(name.encode()).digest()[:4], "big")
    for offset in range(count):
        address = pool.network_address + ((start + offset) % count) * size
        candidate = IPv4Network((address, settings.subnet_prefix))
        if not any(candidate.overlaps(each) for each in taken):
            return str(candidate)
    raise Refusal(
        f"all {count} subnets of {settings.cidr} are taken: give settings.cidr more, or remove services"
    )


def is_taken_before(place: Place, made: Any) -> bool:
    """Whether somebody else took addresses of this subnet before, at the same moment."""
    mine, cidr = (made.created_at, made.id), IPv4Network(made.cidr)
    return any(
        (each.created_at, each.id) < mine and cidr.overlaps(IPv4Network(each.cidr))
        for each in _ours(place)
        if each.id != made.id
    )


def _ours(place: Place) -> list[Any]:
    """All of the project's: those of others that a router of ours leads to count too."""
    return list(place.network.subnets(project_id=place.project, ip_version=4))
