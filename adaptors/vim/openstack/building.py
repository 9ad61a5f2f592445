"""How an instance is built: what it stands on, its ports, its server; found wherever it is there already."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from openstack.compute.v2.server import Server
from openstack.exceptions import BadRequestException, ForbiddenException, HttpException, NotFoundException

from adaptors.vim import secrets
from adaptors.vim.openstack.attending import Deadline, Errand
from adaptors.vim.openstack.calls import Refusal, Unready
from adaptors.vim.openstack.flavors import flavor_of
from adaptors.vim.openstack.ground import Ground, forget_ground, ground_of, is_oldest
from adaptors.vim.openstack.groups import forget_group, group_of
from adaptors.vim.openstack.images import Image, image_of
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.ports import points_for, told_address
from adaptors.vim.openstack.removing import remove_remains, remove_server, until_gone
from adaptors.vim.openstack.servers import (
    Making,
    differences,
    fault_of,
    instance_of,
    metadata_of,
    server_tags,
    servers_of,
    status_of,
)
from adaptors.vim.openstack.userdata import user_data
from adaptors.vim.openstack.volumes import block_device, diskless, volume_for, wants_volume
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, InstanceStatus, VimInstance

_FOR_GOOD = ("No valid host", "uota")
"""Of the words with which servers fail, those that trying again does not help."""


class Begun(NamedTuple):
    """A server that is there, or about to be."""

    server: Server
    ground: Ground | None
    """What it was just begun on; None where it was there already."""


def build(place: Place, spec: InstanceSpec, errand: Errand) -> VimInstance:
    """Find or create an instance and wait until it runs.

    :raises Refusal: and Unready, in OpenStack's words
    """
    while True:
        with place.cloud.locks.of(f"{place.pop} {spec.name}", errand):
            begun = _found_or_begun(place, spec, errand)
        if isinstance(begun, list):
            until_gone(place, begun, errand)
            continue
        server = _until_running(place, begun.server, errand)
        if begun.ground is None or not begun.ground.made or is_oldest(place, spec.tags, begun.ground):
            return instance_of(server)
        _leave(place, server, spec, errand)


def _found_or_begun(place: Place, spec: InstanceSpec, errand: Errand) -> Begun | list[Server]:
    """A list of those of that name that are on their way out, or have failed and were sent there."""
    there = servers_of(place.connection, place.pop, spec.name)
    kept = [each for each in there if status_of(each) is not InstanceStatus.DELETING]
    if not kept:
        return there or _begun(place, spec, errand)
    for surplus in kept[1:]:  # others began one at the same moment: the oldest stays
        remove_server(place, surplus)
    if fields := differences(kept[0], spec):
        raise Refusal(f"the name is taken by an instance of another spec: {', '.join(fields)} differ")
    if status_of(kept[0]) is InstanceStatus.ERROR:
        remove_server(place, kept[0])
        return kept[:1]
    return Begun(kept[0], None)


def _begun(place: Place, spec: InstanceSpec, errand: Errand) -> Begun:
    """Asked for; once more where what we knew of the cloud is not so any more."""
    try:
        return _asked_for(place, spec, errand)
    except (BadRequestException, NotFoundException):
        for question in ("images", "flavors"):
            place.cloud.memory.forget(question)
        forget_ground(place, spec.tags)
        forget_group(place, spec.tags)
    return _asked_for(place, spec, errand)


def _asked_for(place: Place, spec: InstanceSpec, errand: Errand) -> Begun:
    hidden = secrets.resolve(place.home, spec.secrets)
    image = image_of(place, spec.image)
    start = user_data(spec, hidden)
    flavor = flavor_of(place, *_sizes(place, spec, image))
    try:
        ground = ground_of(place, spec.tags, errand)
        errand.step(f"making the ports of instance {spec.name}")
        points = points_for(place, spec, ground, image.traits.routed)
        told = told_address(place, spec, points)
        making = Making(points=points, told=told, flavor=flavor.name, routed=image.traits.routed)
        asked = {
            "name": spec.name,
            "flavor_id": flavor.id,
            "networks": [{"port": point.port_id} for point in points],
            "metadata": metadata_of(spec, making),
            "tags": server_tags(spec),
            "user_data": start,
            **_disk(place, spec, image, errand),
            **({"availability_zone": zone} if (zone := place.settings.availability_zone) else {}),
        }
        errand.step(f"creating instance {spec.name}")
        return Begun(_posted(place, spec, asked, errand), ground)
    except (Refusal, HttpException) as error:
        if isinstance(error, Refusal) or 400 <= (error.status_code or 0) < 500:
            remove_remains(place, spec.name, spec.tags, errand)
        raise


def _posted(place: Place, spec: InstanceSpec, asked: dict[str, Any], errand: Errand) -> Server:
    """Apart from the others of its component where that can be."""
    create: Callable[..., Server] = place.compute.create_server
    group = group_of(place, spec.tags, errand)
    if group is None:
        return create(**asked)
    try:
        return create(**asked, scheduler_hints={"group": group})
    except ForbiddenException as error:
        if "group" not in str(error.details):
            raise
        return create(**asked)  # the group has as many members as the quota allows


def _sizes(place: Place, spec: InstanceSpec, image: Image) -> tuple[Resources, Resources]:
    """What is asked of the flavour, and what it must have; of a disk that is a volume it need have nothing.

    Nova lets only administrators ask for a disk of none.
    """
    asked, memory = spec.resources, max(1, image.min_ram)
    if wants_volume(place, spec):
        return diskless(asked), Resources.of(1, memory, 0)
    return asked, Resources.of(1, memory, max(1, image.min_disk))


def _disk(place: Place, spec: InstanceSpec, image: Image, errand: Errand) -> dict[str, Any]:
    if not wants_volume(place, spec):
        return {"image_id": image.id}
    return {"block_device_mapping": block_device(volume_for(place, spec, image, errand))}


def _until_running(place: Place, server: Server, errand: Errand) -> Server:
    if status_of(server) is InstanceStatus.RUNNING:
        return server
    deadline = Deadline(place.settings.build_timeout)
    watch = place.cloud.watch(place.pop)
    while not deadline.over():
        errand.step(f"instance {server.name} is being built")
        now = _current(watch.look(errand), server)
        if now.id != server.id:
            place.compute.delete_server(server.id)
            server = now
        status = status_of(now)
        if status is InstanceStatus.RUNNING:
            return now
        if status is InstanceStatus.DELETING:
            raise Unready("the instance was deleted while it was being built")
        if status is InstanceStatus.ERROR:
            failed = fault_of(now)
            raise (Refusal if any(words in failed for words in _FOR_GOOD) else Unready)(failed)
    raise Unready(f"the instance is not built after {deadline.seconds:g} s, the build_timeout of the PoP")


def _current(servers: Sequence[Server], mine: Server) -> Server:
    """The one of its name that stays: the oldest, where others began one at the same moment."""
    named = [each for each in servers if each.name == mine.name]
    staying = [each for each in named if status_of(each) is not InstanceStatus.DELETING] or named
    if not staying:
        raise Unready("the instance was deleted while it was being built")
    return staying[0]


def _leave(place: Place, server: Server, spec: InstanceSpec, errand: Errand) -> None:
    """The service's network is another, made by somebody else at the same moment: begin again on that one."""
    errand.step(f"moving instance {spec.name} to the service's network")
    with place.cloud.locks.of(f"{place.pop} {spec.name}", errand):
        remove_server(place, server)
    until_gone(place, [server], errand)
    remove_remains(place, spec.name, spec.tags, errand)
    forget_ground(place, spec.tags)
