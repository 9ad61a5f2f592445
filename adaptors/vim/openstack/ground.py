"""What the servers of one tenant's service stand on at a PoP: network, subnet, way out and security group.

Made by whoever comes first and taken away with the last server. Neutron lets two things have one name, so
where two processes make a network at the same time, the oldest is the service's and the other goes again.
"""

from collections.abc import Mapping
from typing import Any

from openstack.exceptions import ConflictException, NotFoundException

from adaptors.vim.openstack.attending import Errand
from adaptors.vim.openstack.calls import Refusal, Unready
from adaptors.vim.openstack.chaining import unsteer_service
from adaptors.vim.openstack.groups import remove_groups
from adaptors.vim.openstack.naming import (
    group_prefix,
    labels,
    service_mark,
    service_name,
    services_marked,
)
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.routing import ROUTER_PORT, connect_subnet, disconnect_subnet
from adaptors.vim.openstack.subnets import free_cidr, is_taken_before
from domain.models import Model

_TRIES = 5


class Ground(Model):
    """Ids of what a service stands on."""

    network: str
    subnet: str
    group: str
    """The security group that lets everything out and nothing in."""
    made: bool
    """Whether its network or subnet was just made; another one may turn out to be older."""


def ground_of(place: Place, tags: Mapping[str, str], errand: Errand) -> Ground:
    """Find or make what a service stands on."""
    question = _question(place, tags)
    with place.cloud.locks.of(question, errand):
        return place.cloud.memory.recall(question, lambda: _found_or_made(place, tags, errand))


def service_subnet(place: Place, tags: Mapping[str, str]) -> str | None:
    """The id of the subnet that a service stands on; None where there is none."""
    asked = place.settings.network
    found = _existing(place, asked) if asked is not None else next(iter(_networks(place, tags)), None)
    return None if found is None else _first_subnet(place, found.id)


def forget_ground(place: Place, tags: Mapping[str, str]) -> None:
    """What is known of it misled: somebody else has taken it away."""
    place.cloud.memory.forget(_question(place, tags))


def is_oldest(place: Place, tags: Mapping[str, str], ground: Ground) -> bool:
    """Whether network and subnet are the service's: not gone, and no other's of the same moment is older."""
    question, settled = _question(place, tags), ground.model_copy(update={"made": False})
    if place.settings.network is not None or place.cloud.memory.known(question) == settled:
        return True
    oldest = next(iter(_networks(place, tags)), None)
    if oldest is None or oldest.id != ground.network:
        return False
    alone = oldest.subnet_ids == [ground.subnet]
    if not alone and _first_subnet(place, ground.network) != ground.subnet:
        return False
    place.cloud.memory.keep(question, settled)  # nobody need ask again
    return True


def remove_ground(place: Place, tags: Mapping[str, str], errand: Errand) -> None:
    """Take away what a service stood on, if nobody stands on it any more; a surplus network in any case."""
    with place.cloud.locks.of(_question(place, tags), errand):
        forget_ground(place, tags)
        errand.step(f"removing the network of service {tags['service']}")
        networks = _networks(place, tags) if place.settings.network is None else []
        owners = {network.id: _owners(place, network) for network in networks}
        used = {key for key, each in owners.items() if any(not who.startswith("network:") for who in each)}
        if used:
            for surplus in networks[1:]:  # of two that were made at the same moment, the one that was left
                if surplus.id not in used:
                    _gone(place, surplus, ROUTER_PORT in owners[surplus.id])
            return
        if networks:
            unsteer_service(place, group_prefix(place.pop, tags))
        if [each for each in networks if not _gone(place, each, ROUTER_PORT in owners[each.id])]:
            return
        left = [group for group in _groups(place, tags) if not _removed(place, group.id)]
        if not left:
            remove_groups(place, tags)


def left_behind(place: Place, name: str) -> list[dict[str, str]]:
    """Tenant and service of each ground that an instance of this name may have stood on."""
    asked = {"project_id": place.project}
    found = [*place.network.networks(**asked), *place.network.security_groups(**asked)]
    marked = {services_marked(place.pop, each.description or "") for each in found} - {None}
    return [
        {"tenant": tenant, "service": service}
        for tenant, service in sorted(each for each in marked if each is not None)
        if name.startswith(f"{service}-")
    ]


def _owners(place: Place, network: Any) -> set[str]:
    """Of its ports: those that begin with `network:` are Neutron's own."""
    return {each.device_owner or "" for each in place.network.ports(network_id=network.id)}


def _gone(place: Place, network: Any, routed: bool) -> bool:
    """Whether a network is taken away; one that somebody begins to use meanwhile stays."""
    subnet = next(iter(network.subnet_ids), None) if routed else None
    try:
        if subnet is not None:
            disconnect_subnet(place, subnet)
        place.network.delete_network(network.id)
    except ConflictException:
        if subnet is not None:
            connect_subnet(place, subnet)
        return False
    return True


def _removed(place: Place, group: str) -> bool:
    try:
        place.network.delete_security_group(group)
    except ConflictException:
        return False  # a server that is being made has it
    return True


def _question(place: Place, tags: Mapping[str, str]) -> str:
    return f"ground of {place.pop} {tags['tenant']} {tags['service']}"


def _found_or_made(place: Place, tags: Mapping[str, str], errand: Errand) -> Ground:
    errand.step(f"finding the network of service {tags['service']}")
    group = next(iter(_groups(place, tags)), None) or _group_made(place, tags)
    if place.settings.network is not None:
        network = _existing(place, place.settings.network)
        subnet = _first_subnet(place, network.id)
        if subnet is None:
            raise Refusal(f"network {network.name!r} has no IPv4 subnet")
        return Ground(network=network.id, subnet=subnet, group=group.id, made=False)
    found = next(iter(_networks(place, tags)), None)
    network = found or _network_made(place, tags, errand)
    there = _first_subnet(place, network.id) if found else None
    subnet = there or _subnet_made(place, tags, network.id)
    if place.settings.external_network is not None:
        connect_subnet(place, subnet)
    return Ground(network=network.id, subnet=subnet, group=group.id, made=there is None)


def _existing(place: Place, asked: str) -> Any:
    found = [*place.network.networks(name=asked)] or [*place.network.networks(id=asked)]
    if not found:
        there = ", ".join(sorted(each.name for each in place.network.networks())[:5]) or "none"
        raise Refusal(f"there is no network {asked!r}, which settings.network names; there is {there}")
    if len(found) > 1:
        raise Refusal(f"there are {len(found)} networks {asked!r}: say which by its id in settings.network")
    return found[0]


def _first_subnet(place: Place, network: str) -> str | None:
    found = place.network.subnets(network_id=network, ip_version=4)
    return next((each.id for each in sorted(found, key=lambda each: (each.created_at, each.id))), None)


def _networks(place: Place, tags: Mapping[str, str]) -> list[Any]:
    """Those of a service, the oldest first."""
    asked = {"project_id": place.project, "description": service_mark(place.pop, tags)}
    return sorted(place.network.networks(**asked), key=lambda each: (each.created_at, each.id))


def _groups(place: Place, tags: Mapping[str, str]) -> list[Any]:
    asked = {"project_id": place.project, "description": service_mark(place.pop, tags)}
    return sorted(place.network.security_groups(**asked), key=lambda each: (each.created_at, each.id))


def _network_made(place: Place, tags: Mapping[str, str], errand: Errand) -> Any:
    errand.step(f"making the network of service {tags['service']}")
    return tagged(place, place.network.create_network, tags, _own(place, tags))


def _group_made(place: Place, tags: Mapping[str, str]) -> Any:
    return tagged(place, place.network.create_security_group, tags, _own(place, tags))


def _subnet_made(place: Place, tags: Mapping[str, str], network: str) -> str:
    """One whose addresses no other service of the PoP has."""
    for _ in range(_TRIES):
        cidr = free_cidr(place, service_name(tags))
        asked = {"network_id": network, "ip_version": 4, "cidr": cidr, **_own(place, tags)}
        made = tagged(place, place.network.create_subnet, tags, asked)
        if not is_taken_before(place, made):
            return str(made.id)
        place.network.delete_subnet(made.id)
    raise Unready(f"others took {_TRIES} subnets of {place.settings.cidr} at the same moment")


def _own(place: Place, tags: Mapping[str, str]) -> dict[str, str]:
    return {"name": service_name(tags), "description": service_mark(place.pop, tags)}


def service_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those of the tags that belong to a service, not to one of its instances."""
    return {key: tags[key] for key in ("service", "tenant", "operation", "network") if key in tags}


def tagged(place: Place, create: Any, tags: Mapping[str, str], asked: Mapping[str, Any]) -> Any:
    """Make something in Neutron, and then give it tags, which it takes in no other way."""
    made = create(**asked)
    try:
        place.network.set_tags(made, labels(service_tags(tags)))
    except NotFoundException:
        raise Unready(f"{asked['name']} went away while it was being made") from None
    return made
