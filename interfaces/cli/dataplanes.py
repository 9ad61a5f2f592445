"""What `interlace doctor` finds of the emulator: whether packets are real here, and what they go through."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adaptors.machine.abilities import Abilities, examine
from adaptors.machine.commands import Machine
from adaptors.vim.emulator import cgroups
from adaptors.vim.emulator.functions import Function, function_path, known_functions
from domain.errors import DocumentError
from domain.infrastructure import Resources
from interfaces.cli.choosing import runs

_PACKAGES = {"nft": "nftables", "ip": "iproute2", "python3": "python3"}
"""Of commands that a package of another name brings."""
_TRIAL = "doctor"


@dataclass(frozen=True)
class Look:
    """One thing that was looked at; the modelled VIM needs none of them."""

    what: str
    ok: bool
    found: str
    remedy: str = ""


def dataplane(home: Path) -> list[Look]:
    """Look at everything that the emulator makes use of."""
    abilities, machine = examine(home)
    if machine is None:
        found = f"modelled: {abilities.why}"
        return [Look("dataplane", False, found, "infrastructures can still be modelled, which needs nothing")]
    return [
        Look("dataplane", True, _datapath(abilities)),
        _encryption(abilities),
        Look("WAN delay and rate", True, _delay(abilities)),
        _limits(machine),
        Look("place on this machine", True, f"namespaces {machine.place.prefix}*, {machine.place.run}"),
        *_functions(home),
    ]


def _datapath(abilities: Abilities) -> str:
    why = f"; no ovs: {abilities.why}" if abilities.why else ""
    return f"{runs(abilities)}{why}"


def _encryption(abilities: Abilities) -> Look:
    encrypted = abilities.overlay != "vxlan"
    found = f"vxlan over {abilities.overlay}" if encrypted else f"vxlan, {abilities.overlay_why}"
    closed = "/dev/net/tun" in abilities.overlay_why
    opened = "run as root, or let this user open /dev/net/tun"
    remedy = opened if closed else "apt-get install wireguard-tools wireguard-go"
    return Look("encryption between PoPs", encrypted, found, remedy)


def _delay(abilities: Abilities) -> str:
    return "netem" if abilities.delay == "netem" else "a delay line in userspace: the kernel has no netem"


def _limits(machine: Machine) -> Look:
    what = "limits of instances"
    try:
        group = cgroups.limit(machine.place, _TRIAL, Resources.of(1, 64, 0))
    except OSError as error:
        return Look(what, False, f"none: {error}", "run as root, where control groups can be written")
    found = f"processor and memory, by cgroup {group.version}"
    cgroups.remove(machine.place, group.directories[0].name)
    return Look(what, True, found)


def _functions(home: Path) -> Iterator[Look]:
    """Commands by what needs them."""
    try:
        functions = known_functions(function_path(home))
    except DocumentError as error:
        yield Look("function images", False, str(error), "interlace functions check DIR")
        return
    wanted: dict[str, list[str]] = {}
    for function in functions:
        for command in function.needs:
            wanted.setdefault(command, []).append(function.image)
    missing = {command for function in functions for command in function.missing_commands()}
    for command in sorted({*wanted, *missing}):
        needed_by = ", ".join(wanted.get(command, ())) or _hook_of(command, functions)
        package = _PACKAGES.get(command, command)
        found = f"{'missing, ' if command in missing else ''}needed by {needed_by}"
        yield Look(f"command {command}", command not in missing, found, f"apt-get install {package}")


def _hook_of(command: str, functions: tuple[Function, ...]) -> str:
    return ", ".join(each.image for each in functions if command in each.missing_commands())
