"""The way out of a PoP: one router of ours for all services, which leads to the external network."""

from typing import Any

from openstack.exceptions import BadRequestException, ConflictException, NotFoundException

from adaptors.vim.openstack.calls import Refusal, Unready, neutron_type
from adaptors.vim.openstack.naming import MARK, labels
from adaptors.vim.openstack.place import Place

ROUTER_PORT = "network:router_interface"
"""The owner of the ports by which routers lead to subnets."""


def external_network(place: Place) -> str:
    """The id of the network that leads out.

    :raises Refusal: where there is none of that name
    """
    asked = place.settings.external_network
    return place.cloud.memory.recall(f"external network {asked}", lambda: _external(place, str(asked)))


def connect_subnet(place: Place, subnet: str) -> None:
    """See that the PoP's router leads to a subnet."""
    if place.settings.external_network is None or _port_of(place, subnet) is not None:
        return
    router = next(iter(_routers(place)), None) or _made(place)
    try:
        place.network.add_interface_to_router(router.id, subnet=subnet)
    except NotFoundException as error:
        raise Unready(f"the router or the subnet went away meanwhile: {error.details}") from error
    except BadRequestException as error:
        if _port_of(place, subnet) is None:
            raise Refusal(f"the router cannot lead to the service's subnet: {error.details}") from error


def disconnect_subnet(place: Place, subnet: str) -> None:
    """Take the router away from a subnet, and the router itself where it leads nowhere any more."""
    port = _port_of(place, subnet)
    if port is None:
        return
    try:
        place.network.remove_interface_from_router(port.device_id, subnet=subnet)
        place.network.delete_router(port.device_id)
    except NotFoundException:
        return  # somebody else has done it
    except ConflictException as error:
        if neutron_type(error) != "RouterInUse":  # it leads to other services still
            raise


def router_port(place: Place, subnet: str) -> str | None:
    """The id of the port by which packets come into a subnet from elsewhere."""
    port = _port_of(place, subnet)
    return None if port is None else str(port.id)


def _port_of(place: Place, subnet: str) -> Any:
    asked = {"fixed_ips": f"subnet_id={subnet}", "device_owner": ROUTER_PORT}
    return next(iter(place.network.ports(**asked)), None)


def _routers(place: Place) -> list[Any]:
    asked = {"project_id": place.project, "description": f"{MARK} {place.pop} router"}
    return sorted(place.network.routers(**asked), key=lambda each: (each.created_at, each.id))


def _made(place: Place) -> Any:
    made = place.network.create_router(
        name=f"{MARK}-{place.pop}",
        description=f"{MARK} {place.pop} router",
        external_gateway_info={"network_id": external_network(place)},
    )
    place.network.set_tags(made, labels({"pop": place.pop}))
    return made


def _external(place: Place, asked: str) -> str:
    known = list(place.network.networks(is_router_external=True))
    found = [each for each in known if asked in (each.name, each.id)]
    if not found:
        there = ", ".join(sorted(each.name for each in known)) or "none"
        raise Refusal(f"there is no external network {asked!r}, which settings name; there is {there}")
    return str(found[0].id)
