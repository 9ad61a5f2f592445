"""Network namespaces: made, listed, and removed with every process in them."""

from pathlib import Path

from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.processes import end, in_network

_BOUND = Path("/run/netns")


def create(machine: Machine, name: str) -> None:
    """Make the namespace, with its loopback up; one that is there is kept."""
    if exists(machine, name):
        return
    machine.ip([f"netns add {name}"])
    machine.ip(["link set lo up"], namespace=name)


def exists(machine: Machine, name: str) -> bool:
    """Whether there is a namespace of this name."""
    if machine.enter:
        return name in names(machine)
    return (_BOUND / name).exists()


def names(machine: Machine) -> list[str]:
    """The namespaces of this home."""
    if machine.enter:
        listed = machine.run(["ls", str(_BOUND)]).split()
    else:
        listed = [entry.name for entry in _BOUND.iterdir()] if _BOUND.exists() else []
    return sorted(name for name in listed if name.startswith(machine.place.prefix))


def inode(machine: Machine, name: str) -> int | None:
    """What tells the namespace from a later one of its name, while it is there; runs no command."""
    holder = next((word.removeprefix("--target=") for word in machine.enter if "--target=" in word), None)
    bound = Path(f"/proc/{holder}/root{_BOUND}") if holder else _BOUND
    try:
        return (bound / name).stat().st_ino
    except OSError:
        return None


def remove(machine: Machine, name: str, wait_s: float = 2.0) -> None:
    """End every process in the namespace, then remove it; one that is not there is fine."""
    if not exists(machine, name):
        return
    end(in_network(_inode(machine, name)), wait_s)
    try:
        machine.ip([f"netns delete {name}"])
    except CommandError:
        if exists(machine, name):
            raise


def _inode(machine: Machine, name: str) -> int:
    if machine.enter:
        return int(machine.run(["stat", "-Lc", "%i", str(_BOUND / name)]))
    return (_BOUND / name).stat().st_ino
