"""Instances that stay themselves: given other resources, or moved to another host of their PoP."""

from collections.abc import Callable

from openstack.compute.v2.server import Server

from adaptors.vim.openstack.attending import Deadline, Errand
from adaptors.vim.openstack.calls import Refusal, Unready
from adaptors.vim.openstack.flavors import flavor_of
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.servers import (
    CHANGING,
    ailment_of,
    fault_of,
    resized,
    resources_of,
    servers_of,
    starts_from_volume,
)
from adaptors.vim.openstack.volumes import diskless
from domain.infrastructure import Resources


def resize(place: Place, name: str, resources: Resources, errand: Errand) -> str:
    """Give a running instance other resources; how that went, for people.

    :raises Refusal: where it does not run, or no flavour fits; it stays as it was then
    """
    with place.cloud.locks.of(f"{place.pop} {name}", errand):
        server = _undisturbed(place, name, errand)
        flavor = flavor_of(place, *_sizes(server, resources))
        if server.flavor.get("original_name") != flavor.name:
            errand.step(f"resizing instance {name} to flavour {flavor.name}")
            place.compute.resize_server(server.id, flavor.id)
            server = _confirmed(place, server, errand)
            if server.flavor.get("original_name") != flavor.name:
                raise Unready(_why(place, server, f"it kept flavour {server.flavor.get('original_name')}"))
        place.compute.set_server_metadata(server.id, **resized(server, resources, flavor.name))
    return f"{name} has {resources.vcpus} vcpus, {resources.memory} MiB now: flavour {flavor.name}"


def move(place: Place, name: str, live: bool, errand: Errand) -> str:
    """Move a running instance to another host; how that went, for people.

    :raises Refusal: where it does not run, or the credential may not; it stays where it was then
    """
    with place.cloud.locks.of(f"{place.pop} {name}", errand):
        server = _undisturbed(place, name, errand)
        before = server.compute_host
        errand.step(f"moving instance {name} away from its host{f' {before}' if before else ''}")
        if live:
            place.compute.live_migrate_server(server.id, block_migration="auto")
        else:
            place.compute.migrate_server(server.id)
        server = _confirmed(place, server, errand)
        if before is not None and server.compute_host == before:
            raise Unready(_why(place, server, f"it is on host {before} still"))
    how = "live" if live else "cold"
    return f"{name} moved ({how}) from {before or 'a host'} to {server.compute_host or 'another'}"


def running(place: Place, name: str) -> Server:
    """The server of that name.

    :raises Refusal: where there is none that runs
    """
    found = next(iter(servers_of(place.connection, place.pop, name)), None)
    ailment = "there is none of this name" if found is None else ailment_of(found)
    if found is None or ailment is not None:
        raise Refusal(str(ailment))
    return found


def _undisturbed(place: Place, name: str, errand: Errand) -> Server:
    """The server of that name, once a change is over that somebody began who died, or waits no more.

    Nova takes no other change before that, and holds the server's room on both hosts until it is confirmed.
    """
    server = running(place, name)
    return server if _steady(server) else _confirmed(place, server, errand)


def _sizes(server: Server, resources: Resources) -> tuple[Resources, Resources]:
    """What is asked of the flavour, and what it must have."""
    if not starts_from_volume(server):
        return resources, Resources.of(1, 1, 1)
    disk = resources_of(server).disk
    if resources.disk != disk:
        raise Refusal(f"its disk is a volume of {disk} GiB, which is not resized in place")
    return diskless(resources), Resources.of(1, 1, 0)


def _confirmed(place: Place, server: Server, errand: Errand) -> Server:
    """As it is once the change is over and confirmed."""
    now = _settled(place, server, errand, lambda each: each.status == "VERIFY_RESIZE" or _steady(each))
    if now.status != "VERIFY_RESIZE":
        return now
    place.compute.confirm_server_resize(server.id)
    return _settled(place, server, errand, _steady)


def _steady(server: Server) -> bool:
    return not server.task_state and server.status not in CHANGING


def _settled(place: Place, server: Server, errand: Errand, settled: Callable[[Server], bool]) -> Server:
    deadline = Deadline(place.settings.build_timeout)
    watch = place.cloud.watch(place.pop)
    while not deadline.over():
        now = next((each for each in watch.look(errand) if each.id == server.id), None)
        if now is None:
            raise Unready("it was deleted meanwhile")
        errand.step(f"instance {server.name} is in {now.status} ({now.task_state or 'no task'})")
        if now.status == "ERROR":
            raise Unready(fault_of(now))
        if settled(now):
            return now
    raise Unready(f"it takes longer than {deadline.seconds:g} s, the build_timeout of the PoP")


def _why(place: Place, server: Server, words: str) -> str:
    """Nova keeps the words of what failed with the action, not with the server."""
    last = next(iter(place.compute.server_actions(server.id)), None)
    return f"{words}: {last.message}" if last is not None and last.message else words
