"""How an instance is taken away, with all that it had, and what nobody stands on any more."""

from collections.abc import Mapping, Sequence

from openstack.compute.v2.server import Server

from adaptors.vim.openstack.attending import Deadline, Errand
from adaptors.vim.openstack.calls import Unready
from adaptors.vim.openstack.ground import left_behind, remove_ground
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.ports import owners_of_ports, remove_ports
from adaptors.vim.openstack.servers import fault_of, servers_of, status_of, tags_of
from adaptors.vim.openstack.volumes import owners_of_volumes, remove_volumes
from domain.instances import InstanceStatus


def remove(place: Place, name: str, errand: Errand) -> None:
    """Delete an instance, however it stands, and wait until nothing of it is left."""
    with place.cloud.locks.of(f"{place.pop} {name}", errand):
        there = servers_of(place.connection, place.pop, name)
        for server in there:
            remove_server(place, server)
    if there:
        until_gone(place, there, errand)
    errand.step(f"removing the ports of instance {name}")
    with place.cloud.locks.of(f"{place.pop} {name}", errand):
        remove_remains(place, name, tags_of(there[0]) if there else None, errand)


def remove_server(place: Place, server: Server) -> None:
    """Begin to delete a server; one that Nova keeps to be restored is deleted for good."""
    if server.status == "SOFT_DELETED":
        place.compute.delete_server(server.id, force=True)
    elif status_of(server) is not InstanceStatus.DELETING:
        place.compute.delete_server(server.id)


def remove_remains(place: Place, name: str, tags: Mapping[str, str] | None, errand: Errand) -> None:
    """What an instance had beside its server, and what its service stood on, if it was the last.

    :param tags: the instance's; None where nothing says them any more
    """
    remove_ports(place, name)
    remove_volumes(place, name, errand)
    for service in [tags] if tags else left_behind(place, name):
        remove_ground(place, service, errand)


def remains(place: Place) -> frozenset[str]:
    """Names of the instances that have no server, but a port or a volume."""
    found = owners_of_ports(place) | owners_of_volumes(place)
    there = {each.name for each in servers_of(place.connection, place.pop)}
    return found - there


def until_gone(place: Place, servers: Sequence[Server], errand: Errand) -> None:
    """Wait until servers that are being deleted are gone.

    :raises Unready: where one does not go, with what an administrator can do
    """
    deadline = Deadline(place.settings.delete_timeout)
    watch, going = place.cloud.watch(place.pop), {each.id for each in servers}
    while True:
        errand.step(f"instance {servers[0].name} is being deleted")
        left = [each for each in watch.look(errand) if each.id in going]
        if not left:
            return
        for server in left:
            _still_going(place, server)
        if deadline.over():
            raise Unready(_stuck(left[0], deadline.seconds))


def _still_going(place: Place, server: Server) -> None:
    if server.status == "SOFT_DELETED":
        remove_server(place, server)
    elif status_of(server) is not InstanceStatus.DELETING:
        raise Unready(f"its delete was accepted and did not happen; {fault_of(server)}")


def _stuck(server: Server, seconds: float) -> str:
    host = f" on host {server.compute_host}" if server.compute_host else ""
    return (
        f"server {server.id} is stuck in {server.status} ({server.task_state}){host} for {seconds:g} s, the "
        f"delete_timeout of the PoP; an administrator can look after nova-compute{host}, or run `openstack "
        f"server set --state error {server.id}` and then retry"
    )
