"""Server groups: the instances of a component stand on different hosts as far as there are any."""

from collections.abc import Mapping
from typing import Any

from openstack.exceptions import ForbiddenException

from adaptors.vim.openstack.attending import Errand
from adaptors.vim.openstack.naming import group_name, group_prefix
from adaptors.vim.openstack.place import Place

POLICY = "soft-anti-affinity"


def group_of(place: Place, tags: Mapping[str, str], errand: Errand) -> str | None:
    """The id of a component's server group, found or made; None where the quota of groups is used up."""
    question = _question(place, tags)
    with place.cloud.locks.of(question, errand):
        return place.cloud.memory.recall(question, lambda: _found_or_made(place, tags))


def forget_group(place: Place, tags: Mapping[str, str]) -> None:
    """What is known of it misled: somebody else has taken it away."""
    place.cloud.memory.forget(_question(place, tags))


def remove_groups(place: Place, tags: Mapping[str, str]) -> None:
    """Take away all groups of a service."""
    for group in _ours(place):
        if group.name.startswith(group_prefix(place.pop, tags)):
            component = group.name.removeprefix(group_prefix(place.pop, tags))
            forget_group(place, {**tags, "component": component})
            place.compute.delete_server_group(group.id)


def _question(place: Place, tags: Mapping[str, str]) -> str:
    return f"server group {group_name(place.pop, tags)}"


def _found_or_made(place: Place, tags: Mapping[str, str]) -> str | None:
    name = group_name(place.pop, tags)
    for group in _ours(place):
        if group.name == name:
            return str(group.id)
    try:
        return str(place.compute.create_server_group(name=name, policy=POLICY).id)
    except ForbiddenException:  # it is a wish only, and not worth a refusal
        return None


def _ours(place: Place) -> list[Any]:
    return sorted(place.compute.server_groups(), key=lambda each: str(each.id))
