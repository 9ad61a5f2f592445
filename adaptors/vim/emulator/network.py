"""The network of one instance: its namespace, its veths to the PoP's switch, its routes.

An instance has no default route and asks nobody for a MAC: next hops are permanent neighbours, behind which
the switch steers. Routes to its peers come later, when the service's network is known.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adaptors.machine import namespaces
from adaptors.machine.commands import Machine
from adaptors.machine.mtu import TENANT_MTU
from adaptors.vim.emulator.addresses import GATEWAY_MAC, gateway
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.records import Port, Record
from domain.networking import HostRoute

_OURS = "proto 188"
"""Marks host routes as ours."""

_NO_IPV6 = ("net/ipv6/conf/all/disable_ipv6=1", "net/ipv6/conf/default/disable_ipv6=1")
_ROUTER = ("net/ipv4/ip_forward=1", "net/ipv4/conf/all/send_redirects=0")
_ROUTER_PORTS = ("rp_filter=0", "send_redirects=0")


def build(machine: Machine, record: Record) -> None:
    """Make the namespace with all ports; the switch's ends are in the switch's, to be attached."""
    name = machine.place.instance(record.name)
    switch = machine.place.switch(record.spec.pop)
    machine.ip([f"netns add {name}", *(_veth(port, name, switch) for port in record.ports)])
    settings = "; ".join(f"[ ! -e {path} ] || echo {value} > {path}" for path, value in _sysctls(record))
    lines = [*_addressed(record.ports), *(_policy(record.ports) if record.forwarding == "routed" else ())]
    machine.run(["sh", "-c", f"{settings}; exec ip -batch -"], namespace=name, stdin="\n".join(lines) + "\n")


def take_down(machine: Machine, record: Record) -> None:
    """Remove what `build` made, whatever is left of it, with every process in it."""
    namespaces.remove(machine, machine.place.instance(record.name), wait_s=0.5)
    switch = machine.place.switch(record.spec.pop)
    if record.ports and namespaces.exists(machine, switch):
        lines = "".join(f"link delete {port.switch_interface}\n" for port in record.ports)
        machine.attempt(["ip", "-force", "-batch", "-"], namespace=switch, stdin=lines)


class _Route(NamedTuple):
    """A host route, as `ip -json` tells it."""

    dst: str
    gateway: str
    dev: str
    prefsrc: str


def set_routes(machine: Machine, record: Record, routes: Sequence[HostRoute]) -> None:
    """Replace the host routes of an instance; those that are right already are left alone."""
    namespace = machine.place.instance(record.name)
    ports = {port.connection_point: port for port in record.ports}
    wanted = {each.dst: each for each in _host_routes(ports, routes)}
    words = ["ip", "-json", "route", "show", *_OURS.split()]
    listed = [_as_told(each) for each in json.loads(machine.run(words, namespace=namespace))]
    gone = {each.dst for each in listed} - wanted.keys()
    lines = [_replacing(each) for each in wanted.values() if each not in listed]
    machine.ip([*lines, *(f"route delete {each} {_OURS}" for each in sorted(gone))], namespace)


def _host_routes(ports: dict[str, Port], routes: Sequence[HostRoute]) -> Iterator[_Route]:
    for route in routes:
        port = ports.get(route.connection_point)
        if port is None:
            raise Trouble(f"no connection point {route.connection_point} (there is {', '.join(ports)})")
        yield _Route(route.destination, gateway(port.number), port.interface, port.address)


def _as_told(said: dict[str, Any]) -> _Route:
    return _Route(*(str(said.get(name, "")) for name in _Route._fields))


def _replacing(route: _Route) -> str:
    way = f"via {route.gateway} dev {route.dev} onlink src {route.prefsrc}"
    return f"route replace {route.dst}/32 {way} {_OURS}"


def _veth(port: Port, namespace: str, switch: str) -> str:
    inner = f"link add name {port.interface} netns {namespace} address {port.mac} mtu {TENANT_MTU}"
    return f"{inner} type veth peer name {port.switch_interface} netns {switch} mtu {TENANT_MTU}"


def _addressed(ports: Sequence[Port]) -> Iterator[str]:
    yield "link set lo up"
    for port in ports:
        yield f"address add {port.address}/32 dev {port.interface}"
        yield f"link set {port.interface} up"
        yield f"neighbour add {gateway(port.number)} lladdr {GATEWAY_MAC} dev {port.interface} nud permanent"


def _policy(ports: Sequence[Port]) -> Iterator[str]:
    """What enters by one port leaves by the other."""
    for enters, leaves in (ports, ports[::-1]):
        table = 100 + enters.number
        via = f"via {gateway(leaves.number)} dev {leaves.interface} onlink"
        yield f"route add default {via} table {table}"
        yield f"rule add priority {table} iif {enters.interface} lookup {table}"


def _sysctls(record: Record) -> Iterator[tuple[str, str]]:
    settings = [*_NO_IPV6]
    if record.forwarding == "routed":
        names = ["all", *(port.interface for port in record.ports)]
        settings += [*_ROUTER, *(f"net/ipv4/conf/{name}/{each}" for name in names for each in _ROUTER_PORTS)]
    for setting in settings:
        path, _, value = setting.partition("=")
        yield f"/proc/sys/{path}", value
