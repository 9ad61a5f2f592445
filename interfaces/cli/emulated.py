"""All that the emulator has on this machine: what nothing explains, and its removal."""

from collections.abc import Collection, Iterator
from pathlib import Path

from adaptors.machine import namespaces, usernamespace
from adaptors.machine.abilities import examine, forget_unused
from adaptors.machine.place import Place
from adaptors.vim.emulator import cleaning
from adaptors.wan.emulated import open_wan
from catalogue.store import Catalogue
from domain.errors import InterlaceError
from domain.names import NETWORKED_KINDS
from domain.phases import ResourceKind


class Known(Collection[str]):
    """What the ledger knows at the moment it is asked.

    Intents are written before anything is made: what an operation makes meanwhile is known once it is found.
    """

    def __init__(self, catalogue: Catalogue, kind: ResourceKind, more: Collection[str] = ()) -> None:
        self._catalogue = catalogue
        self._kind = kind
        self._more = more

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __iter__(self) -> Iterator[str]:
        entries = self._catalogue.ledger.all()
        yield from self._more
        yield from (entry.resource_name for entry in entries if entry.kind is self._kind)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_used(catalogue: Catalogue, home: Path) -> bool:
    """Whether the emulator may have something here; looking further takes privileges."""
    if any(entry.vim_kind in NETWORKED_KINDS for entry in catalogue.ledger.all()):
        return True
    return any(Place.of(home).run.iterdir())


def gone(home: Path) -> str:
    """What became of an emulated world that went away by itself; empty where none did."""
    return usernamespace.gone(Place.of(home))


def forget(home: Path) -> None:
    """Remove the place that nobody used, once nobody works on it."""
    forget_unused(home)


def strays(catalogue: Catalogue, home: Path, told: Collection[str] = ()) -> list[str]:
    """What nothing in the ledger explains; `told` are resources that are reported already."""
    networks = Known(catalogue, ResourceKind.NETWORK)
    return _strays(home, networks, Known(catalogue, ResourceKind.INSTANCE, told))


def sweep(catalogue: Catalogue, home: Path) -> list[str]:
    """Remove what nothing in the ledger explains; a line for each thing."""
    networks = Known(catalogue, ResourceKind.NETWORK)
    return _swept(home, networks, Known(catalogue, ResourceKind.INSTANCE))


def remove_all(home: Path) -> tuple[list[str], list[str]]:
    """Remove everything of this home, whoever uses it: a line for each thing, and what remains."""
    if examine(home)[1] is None:
        forget(home)
        return [], []
    removed = _swept(home, (), ())
    remains = _strays(home, (), ())
    if not remains:
        cleaning.release(home)
    return removed, remains


def _strays(home: Path, networks: Collection[str], resources: Collection[str]) -> list[str]:
    if examine(home)[1] is None:
        return []
    return [*open_wan(home).strays(networks), *cleaning.strays(home, resources)]


def _swept(home: Path, networks: Collection[str], resources: Collection[str]) -> list[str]:
    """Links first, since they end at switches; where that fails, again once the switches are gone."""
    if examine(home)[1] is None:
        return []
    try:
        return [*open_wan(home).sweep(networks), *cleaning.sweep(home, resources)]
    except InterlaceError as error:
        rest = [*cleaning.sweep(home, resources), *open_wan(home).sweep(networks)]
        return [f"with trouble ({error})", *rest, *cleaning.sweep(home, resources)]


def running(home: Path) -> int:
    """How many instances and endpoints have a network here."""
    machine = examine(home)[1]
    if machine is None:
        return 0
    ours = machine.place.instance("")
    return sum(name.startswith(ours) for name in namespaces.names(machine))
