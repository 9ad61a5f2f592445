"""What the emulator left on this machine that nothing explains, and its removal.

Everything is found on the machine itself, beside the records, so it is found after any crash. WAN links
(`Place.wan`) belong to `adaptors.wan`, which has its own `strays` and `sweep`.
"""

import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from adaptors.chaining.switches import open_switch, switch_names
from adaptors.machine import namespaces
from adaptors.machine.abilities import Datapath, examine, forget
from adaptors.machine.commands import Machine
from adaptors.machine.place import short
from adaptors.vim.emulator import building, cgroups, records
from adaptors.vim.emulator.host import LOCKS, Host
from adaptors.vim.emulator.ledger import Ledger
from adaptors.vim.emulator.orphans import by_directory, end_all
from adaptors.vim.emulator.records import Record
from adaptors.vim.emulator.turns import give_back, taken
from adaptors.vim.emulator.workspace import KIND
from domain.errors import InterlaceError
from domain.instances import InstanceStatus

_PASSES = 3


@dataclass(frozen=True)
class Stray:
    """Something that nothing explains."""

    said: str
    remove: Callable[[], object]
    key: str
    """Of the lock that whoever works on it just now would hold."""


def strays(home: Path, known: Collection[str]) -> list[str]:
    """What this home has on the machine that no known resource and no used switch explains.

    Without any known resource nothing is in use, and all is a stray. What a call works on just now is none.
    """
    machine = examine(home)[1]
    if machine is None:
        return []
    found = _found(home, machine, known)
    return [each.said for each in found if not _in_hand(machine, each.key)]


def sweep(home: Path, known: Collection[str]) -> list[str]:
    """Remove what `strays` finds; what was removed, or why it could not be."""
    machine = examine(home)[1]
    if machine is None:
        return []
    swept: list[str] = []
    for _ in range(_PASSES):
        lines = [line for each in _found(home, machine, known) if (line := _removed(machine, each))]
        if not lines:
            break
        swept += lines
    _tidy(machine)
    return swept


def release(home: Path) -> None:
    """Give up the place on this machine; only once all is swept and no process works on it any more."""
    forget(home)


def _found(home: Path, machine: Machine, known: Collection[str]) -> Iterator[Stray]:
    best = examine(home)[0].best
    if best is None:
        return
    there = _records(Ledger(machine.place.run))
    for record in there:
        if record.name not in known:
            host = Host(machine, home, Ledger(machine.place.run), record.spec.pop, best)
            gone = replace(record, status=InstanceStatus.DELETING)
            remove = partial(building.delete, host, gone, _quiet)
            yield Stray(f"instance {record.name} of PoP {record.spec.pop}", remove, short(record.name, 12))
    kept = {short(name, 12) for name in known}
    yield from (each for each in _without_record(machine) if each.key not in kept)
    yield from _switches(machine, best, there, known)


def _without_record(machine: Machine) -> Iterator[Stray]:
    """What is left of instances whatever the records say, by the hash of their name."""
    place = machine.place
    ours = (place.instance(""), f"{place.prefix}try-")
    for name in namespaces.names(machine):
        if name.startswith(ours):
            key = short(name.removeprefix(place.instance("")), 12)
            yield Stray(f"namespace {name}", partial(namespaces.remove, machine, name, 0.5), key)
    for key, processes in by_directory(place.run / KIND).items():
        pids = ", ".join(str(each.pid) for each in processes)
        yield Stray(f"processes {pids} of instance {key}", partial(end_all, processes), key)
    for key in cgroups.names(place):
        yield Stray(f"control group {key}", partial(cgroups.remove, place, key), key)
    for directory in (place.run / KIND).glob("*"):
        yield Stray(f"directory {directory}", partial(shutil.rmtree, directory, True), directory.name)


def _switches(
    machine: Machine, best: Datapath, there: Collection[Record], known: Collection[str]
) -> Iterator[Stray]:
    used = {each.spec.pop for each in there if each.name in known or _in_hand(machine, short(each.name, 12))}
    ours = machine.place.switch("")
    named = {name.removeprefix(ours) for name in namespaces.names(machine) if name.startswith(ours)}
    for pop in sorted({*named, *switch_names(machine)} - used):
        switch = open_switch(machine, pop, best)
        if not (known and (switch.networks() or _has_tunnel(machine, pop))):
            yield Stray(f"switch of PoP {pop}", switch.remove, short(f"switch of {pop}", 12))


def _has_tunnel(machine: Machine, pop: str) -> bool:
    """Whether a WAN link ends at the switch: then some service passes it, or is just being connected."""
    namespace = machine.place.switch(pop)
    if not namespaces.exists(machine, namespace):
        return False
    lines = machine.run(["cat", "/proc/net/dev"], namespace=namespace).splitlines()[2:]
    names = [line.partition(":")[0].strip() for line in lines]
    return any(len(name) == 13 and name.startswith("x") for name in names)


def _removed(machine: Machine, stray: Stray) -> str:
    """A line on what was done; none where somebody works on it."""
    lock = _lock(machine, stray.key)
    descriptor = taken(lock)
    if descriptor is None:
        return ""
    try:
        stray.remove()
    except (InterlaceError, OSError) as error:
        return f"{stray.said} cannot be removed: {error}"
    finally:
        give_back(lock, descriptor)
    return stray.said


def _in_hand(machine: Machine, key: str) -> bool:
    lock = _lock(machine, key)
    descriptor = taken(lock)
    if descriptor is not None:
        give_back(lock, descriptor)
    return descriptor is None


def _lock(machine: Machine, key: str) -> Path:
    return machine.place.run / LOCKS / f"{key}.lock"


def _records(ledger: Ledger) -> list[Record]:
    if not ledger.exists():
        return []
    with ledger.reading() as connection:
        return records.everywhere(connection)


def _tidy(machine: Machine) -> None:
    """Remove what dead holders left of locks, and directories that are empty."""
    for lock in (machine.place.run / LOCKS).glob("*.lock"):
        _in_hand(machine, lock.stem)
    for name in (KIND, LOCKS):
        with suppress(OSError):
            (machine.place.run / name).rmdir()
    cgroups.tidy(machine.place)


def _quiet(_: str) -> None:
    """Nobody watches."""
