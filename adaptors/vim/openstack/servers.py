"""Servers as Nova reports them, and what we keep in their metadata.

A server's metadata alone tells what it is: `interlace.` and a tag's name; `interlace.config.` and a key of
the config, which the function within may read from the metadata service; and for ourselves, with a colon, the
PoP, the connection points with their addresses, and a digest of each field of the spec.
"""

import json
from collections.abc import Mapping
from ipaddress import IPv4Address
from typing import Any

from openstack.compute.v2.server import Server
from openstack.connection import Connection

from adaptors.vim.openstack.naming import MARK, digest, labels, pieces
from domain.infrastructure import Resources
from domain.instances import HINTS, InstanceSpec, InstanceStatus, VimInstance, VimPort
from domain.models import Model

_TAG, _CONFIG, _SPEC, _PORT = "interlace.", "interlace.config.", "interlace:spec:", "interlace:port:"
_POP, _RESOURCES, _FLAVOR = "interlace:pop", "interlace:resources", "interlace:flavor"
_TOLD, _FORWARDING = "interlace:address", "interlace:forwarding"

CHANGING = ("RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE", "MIGRATING")
"""Of servers that serve while they get other resources or another host."""
_RUNNING = ("ACTIVE", "REBOOT", "HARD_REBOOT", "PASSWORD", *CHANGING)
_GONE = ("DELETED",)


class Point(Model):
    """A connection point of a server, as it was made."""

    connection_point: str
    """Empty where the spec has none: a server has an address nevertheless."""
    port_id: str
    mac: str
    address: str

    def vim_port(self) -> VimPort:
        return VimPort(
            connection_point=self.connection_point,
            switch_interface=f"tap{self.port_id[:11]}",
            mac=self.mac,
            address=self.address,
        )


class Making(Model):
    """What is decided on a server before it is made."""

    points: tuple[Point, ...]
    told: str
    """The address that others are told."""
    flavor: str
    """Its name."""
    routed: bool


def metadata_of(spec: InstanceSpec, making: Making) -> dict[str, str]:
    """All that a server's metadata is to hold."""
    held = {
        _POP: spec.pop,
        _TOLD: making.told,
        _FLAVOR: making.flavor,
        _RESOURCES: _written(spec.resources),
        _FORWARDING: "routed" if making.routed else "terminating",
        **{f"{_TAG}{key}": value for key, value in spec.tags.items()},
        **{f"{_SPEC}{field}": mark for field, mark in _marks(spec).items()},
        **config_items(spec.config),
    }
    for number, point in enumerate(making.points):
        held[f"{_PORT}{number}"] = " ".join(
            (point.connection_point or "-", point.address, point.mac, point.port_id)
        )
    return held


def config_items(config: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """A config as items of metadata; numbers and truths as JSON writes them."""
    found: dict[str, str] = {}
    for key, value in config.items():
        found.update(pieces(f"{_CONFIG}{key}", value if isinstance(value, str) else json.dumps(value)))
    return found


def reconfigured(server: Server, config: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """All of a server's metadata, with another config."""
    rest = {key: value for key, value in server.metadata.items() if not key.startswith(_CONFIG)}
    return {**rest, **config_items(config), f"{_SPEC}config": _mark(dict(config))}


def resized(server: Server, resources: Resources, flavor: str) -> dict[str, str]:
    """All of a server's metadata, with other resources."""
    mark = _mark(resources.model_dump(mode="json"))
    told = {_RESOURCES: _written(resources), _FLAVOR: flavor, f"{_SPEC}resources": mark}
    return {**server.metadata, **told}


def servers_of(connection: Connection, pop: str, name: str | None = None) -> list[Server]:
    """A PoP's servers, ours only, the oldest first; of one name where it is given."""
    asked: dict[str, Any] = {"name": f"^{name}$"} if name is not None else {"tags": MARK}
    found = connection.compute.servers(details=True, **asked)
    ours = (each for each in found if each.metadata.get(_POP) == pop and each.status not in _GONE)
    named = (each for each in ours if name is None or each.name == name)
    return sorted(named, key=lambda each: (each.created_at, each.id))


def tags_of(server: Server) -> dict[str, str]:
    """The tags that an instance carries."""
    held = server.metadata.items()
    return {
        key.removeprefix(_TAG): value
        for key, value in held
        if key.startswith(_TAG) and not key.startswith(_CONFIG)
    }


def points_of(server: Server) -> tuple[Point, ...]:
    """Its connection points, in the order of its spec."""
    keys = sorted(
        (key for key in server.metadata if key.startswith(_PORT)),
        key=lambda key: int(key.removeprefix(_PORT)),
    )
    found = []
    for key in keys:
        point, address, mac, port_id = server.metadata[key].split(" ")
        named = "" if point == "-" else point
        found.append(Point(connection_point=named, port_id=port_id, mac=mac, address=address))
    return tuple(found)


def instance_of(server: Server) -> VimInstance:
    """An instance as the rest of Interlace knows it."""
    points = points_of(server)
    addresses = [point.address for point in points]
    told = server.metadata[_TOLD]
    return VimInstance(
        name=server.name,
        external_id=server.id,
        address=told,
        status=status_of(server),
        tags=tags_of(server),
        resources=resources_of(server),
        forwarding="routed" if server.metadata.get(_FORWARDING) == "routed" else "terminating",
        ports=tuple(point.vim_port() for point in points if point.connection_point),
        sources=_sources(told, addresses),
    )


def starts_from_volume(server: Server) -> bool:
    """Whether its disk is a volume: Nova tells of no image then."""
    return not (server.image and server.image.id)


def resources_of(server: Server) -> Resources:
    """What was asked for; what its flavour has where somebody gave it another since."""
    flavor = server.flavor
    asked = Resources.of(*map(int, server.metadata[_RESOURCES].split(" ")))
    if flavor.get("original_name") in (None, server.metadata.get(_FLAVOR)):
        return asked
    return Resources.of(
        flavor["vcpus"], flavor["ram"], asked.disk if starts_from_volume(server) else flavor["disk"]
    )


def status_of(server: Server) -> InstanceStatus:
    """Nova's status in our words; one that was stopped, paused or shelved by hand does not serve: ERROR."""
    if server.task_state == "deleting" or server.status in ("DELETED", "SOFT_DELETED"):
        return InstanceStatus.DELETING
    if server.status in _RUNNING:
        return InstanceStatus.RUNNING
    return InstanceStatus.BUILD if server.status in ("BUILD", "REBUILD") else InstanceStatus.ERROR


def ailment_of(server: Server) -> str | None:
    """What is wrong with a server, by itself; None where it runs."""
    status = status_of(server)
    if status is InstanceStatus.ERROR:
        return fault_of(server)
    if status is not InstanceStatus.RUNNING:
        return f"it is in {server.status}{f' ({server.task_state})' if server.task_state else ''}"
    host = server.to_dict().get("host_status") or ""
    return f"the compute service of its host {server.compute_host} is down" if host == "DOWN" else None


def fault_of(server: Server) -> str:
    """Nova's words on a server that failed."""
    said = (server.fault or {}).get("message", "")
    return f"it is in {server.status}" + (f": {said}" if said else "")


def differences(server: Server, spec: InstanceSpec) -> list[str]:
    """The fields in which the spec that a server was made from is another; addresses are named last."""
    found = [field for field, mark in _marks(spec).items() if server.metadata.get(f"{_SPEC}{field}") != mark]
    if tags_of(server) != spec.tags:
        found.append("tags")
    given = {point.connection_point: point.address for point in points_of(server)}
    moved = any(given.get(point, address) != address for point, address in spec.addresses.items())
    return sorted(found) + (["addresses"] if moved else [])


def server_tags(spec: InstanceSpec) -> list[str]:
    """Nova's tags, by which others may list what is ours."""
    return labels(spec.tags)


def _marks(spec: InstanceSpec) -> dict[str, str]:
    left_out = {"name", "pop", "tags", "addresses", *HINTS}
    fields = spec.model_dump(mode="json", exclude=left_out)
    return {field: _mark(value) for field, value in fields.items()}


def _mark(value: object) -> str:
    return digest(json.dumps(value, sort_keys=True))


def _written(resources: Resources) -> str:
    return f"{resources.vcpus} {resources.memory} {resources.disk}"


def _sources(told: str, addresses: list[str]) -> tuple[str, ...]:
    """Nothing where that is its address alone."""
    if not addresses or told != addresses[0]:
        return ()  # it leaves by its floating IP
    return tuple(f"{IPv4Address(address)}/32" for address in addresses) if len(addresses) > 1 else ()
