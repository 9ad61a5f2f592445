"""What must be known of an instance before anything of it is made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

from adaptors.machine.place import Place
from adaptors.vim import secrets
from adaptors.vim.emulator.calls import Trouble
from adaptors.vim.emulator.functions import Function
from adaptors.vim.emulator.images import function_named
from domain.instances import InstanceSpec

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
_LONGEST_FILE = 255


@dataclass(frozen=True)
class Plan:
    """A spec whose function, config and secrets are there."""

    function: Function
    settings: Mapping[str, str | int | float | bool]
    secrets: Mapping[str, str]


def planned(home: Path, place: Place, spec: InstanceSpec) -> Plan:
    """Everything that can be refused without trying.

    :raises Trouble: or an InputError, in the words of what is wrong
    """
    if not _NAME.match(spec.name) or len(place.instance(spec.name)) > _LONGEST_FILE:
        raise Trouble(f"{spec.name!r} cannot be the name of an instance: letters, digits and . _ - only")
    function = function_named(home, spec.image)
    settings = function.settings(spec.config)
    if missing := function.missing_commands():
        raise Trouble(f"function {function.image} needs commands that are not here: {', '.join(missing)}")
    points = spec.connection_points
    if function.forwarding == "routed" and len(points) != 2:
        given = f"{len(points)} ({', '.join(points)})" if points else "none"
        raise Trouble(f"function {function.image} is routed: it needs two connection points, not {given}")
    check = spec.health_check
    if check and check.type != "process" and not points:
        raise Trouble(f"a {check.type} health check needs a connection point to ask")
    for point, address in spec.addresses.items():
        _check_address(point, address)
    return Plan(function, settings, secrets.resolve(home, spec.secrets))


def _check_address(point: str, address: str) -> None:
    try:
        IPv4Address(address)
    except AddressValueError as error:
        raise Trouble(f"connection point {point} cannot have the address {address!r}: {error}") from None
