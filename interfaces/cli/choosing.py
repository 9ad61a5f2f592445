"""Which kind of VIM a new infrastructure gets, and why."""

from pathlib import Path

from adaptors.machine.abilities import Abilities, examine
from domain.errors import InputError, UnknownError
from domain.models import Model

_KINDS = ("auto", "emulator", "modelled")


class Choice(Model):
    """A kind of VIM."""

    kind: str
    why: str


def choose_vim(wanted: str, create_delay: str | None, home: Path) -> Choice:
    """The kind that was asked for; with auto, the emulator where this machine lets it run.

    :raises UnknownError: if there is no such kind
    :raises InputError: if the emulator is asked for together with a delay, which only models have
    """
    if wanted not in _KINDS:
        raise UnknownError(f"no kind of VIM {wanted!r}; there are {', '.join(_KINDS)}")
    if wanted == "modelled":
        return Choice(kind="modelled", why="as asked; no packets")
    if create_delay is not None:
        if wanted == "emulator":
            raise InputError("--create-delay is for modelled VIMs; the emulator takes the time that it takes")
        return Choice(kind="modelled", why="--create-delay is a setting of modelled VIMs; no packets")
    abilities, machine = examine(home)
    if machine is not None:
        return Choice(kind="emulator", why=runs(abilities))
    if wanted == "emulator":
        return Choice(kind="emulator", why=f"as asked, but it does not run on this machine: {abilities.why}")
    return Choice(kind="modelled", why=f"no packets; the emulator does not run here: {abilities.why}")


def runs(abilities: Abilities) -> str:
    """What real packets go through here, in a few words."""
    delay = "netem" if abilities.delay == "netem" else "a userspace delay line"
    overlay = f"overlay {abilities.overlay}{' (not encrypted)' if abilities.overlay == 'vxlan' else ''}"
    privileges = "as root" if abilities.privileges == "root" else "in a user namespace"
    return f"{abilities.best}, {privileges}; {overlay}; WAN delay by {delay}"
