"""What an instance has in Neutron: a port for each connection point, and floating IPs."""

from collections.abc import Sequence
from typing import Any

from adaptors.vim.openstack.chaining import release_ports
from adaptors.vim.openstack.ground import Ground
from adaptors.vim.openstack.naming import instance_mark, instance_marked, labels, shortened
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.routing import external_network
from adaptors.vim.openstack.servers import Point
from domain.instances import InstanceSpec

_ANYWHERE = [{"ip_address": "0.0.0.0/0"}]
"""Addresses that packets may carry which pass through a function."""


def points_for(place: Place, spec: InstanceSpec, ground: Ground, routed: bool) -> tuple[Point, ...]:
    """Find or make the ports of an instance; those of an earlier attempt keep their addresses."""
    there = {each.name: each for each in _fitting(place, spec, ground)}
    wanted = {_port_name(spec, point): point for point in spec.connection_points or ("",)}
    missing = [_asked(spec, ground, routed, point) for name, point in wanted.items() if name not in there]
    if missing:
        there.update((each.name, each) for each in _made(place, spec, missing))
    return tuple(_point(point, there[name]) for name, point in wanted.items())


def told_address(place: Place, spec: InstanceSpec, points: Sequence[Point]) -> str:
    """The address that others are told; connection points that users reach have their floating IPs then."""
    floating = place.settings.address == "floating"
    found = {}
    for number, point in enumerate(points):
        if (floating and number == 0) or _is_exposed(place, spec, point):
            found[number] = _floating(place, spec, point)
    return found[0] if floating else points[0].address


def remove_ports(place: Place, name: str) -> list[str]:
    """Take away all that an instance of this name had; the ids of the security groups that its ports had."""
    mark = instance_mark(place.pop, name)
    ports = _ports(place, mark)
    if ports:
        for address in place.network.ips(project_id=place.project, description=mark):
            place.network.delete_ip(address.id)
        release_ports(place, [port.id for port in ports])
    for port in ports:
        place.network.delete_port(port.id)
    return sorted({group for port in ports for group in port.security_group_ids or ()})


def owners_of_ports(place: Place) -> frozenset[str]:
    """Names of the instances that ports here were made for."""
    found = place.network.ports(project_id=place.project)
    names = (instance_marked(place.pop, each.description or "") for each in found)
    return frozenset(each for each in names if each is not None)


def missing_points(place: Place, points: Sequence[Point]) -> list[Point]:
    """Those whose ports somebody has taken away."""
    there = {each.id for each in place.network.ports(id=[point.port_id for point in points])}
    return [point for point in points if point.port_id not in there]


def _fitting(place: Place, spec: InstanceSpec, ground: Ground) -> list[Any]:
    """Those that are there already; one with an address, or on a network, that is not wanted goes."""
    wanted = {_port_name(spec, point): address for point, address in spec.addresses.items()}
    kept = []
    for port in _ports(place, instance_mark(place.pop, spec.name)):
        if port.network_id == ground.network and wanted.get(port.name) in (None, _address(port)):
            kept.append(port)
        else:
            place.network.delete_port(port.id)
    return kept


def _ports(place: Place, mark: str) -> list[Any]:
    return list(place.network.ports(project_id=place.project, description=mark))


def _asked(spec: InstanceSpec, ground: Ground, routed: bool, point: str) -> dict[str, Any]:
    address = spec.addresses.get(point)
    return {
        "name": _port_name(spec, point),
        "description": instance_mark(spec.pop, spec.name),
        "network_id": ground.network,
        "fixed_ips": [{"subnet_id": ground.subnet, **({"ip_address": address} if address else {})}],
        "security_groups": [ground.group],
        **({"allowed_address_pairs": _ANYWHERE} if routed else {}),
    }


def _made(place: Place, spec: InstanceSpec, asked: list[dict[str, Any]]) -> list[Any]:
    made = list(place.network.create_ports(asked))
    for port in made:
        place.network.set_tags(port, labels(spec.tags))
    return made


def _port_name(spec: InstanceSpec, point: str) -> str:
    return shortened(f"{spec.name}.{point}" if point else spec.name)


def _point(connection_point: str, port: Any) -> Point:
    return Point(
        connection_point=connection_point, port_id=port.id, mac=port.mac_address, address=_address(port)
    )


def _address(port: Any) -> str:
    return str(port.fixed_ips[0]["ip_address"])


def _is_exposed(place: Place, spec: InstanceSpec, point: Point) -> bool:
    return place.settings.external_network is not None and point.connection_point in spec.exposed


def _floating(place: Place, spec: InstanceSpec, point: Point) -> str:
    mark = instance_mark(place.pop, spec.name)
    for each in place.network.ips(project_id=place.project, port_id=point.port_id):
        return str(each.floating_ip_address)
    made = place.network.create_ip(
        floating_network_id=external_network(place), port_id=point.port_id, description=mark
    )
    place.network.set_tags(made, labels(spec.tags))
    return str(made.floating_ip_address)
