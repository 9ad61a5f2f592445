"""What befalls running instances of the modelled world: they crash, or vanish, without anybody asking."""

import sqlite3
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.world import World
from domain.errors import InputError, UnknownError
from domain.instances import InstanceStatus
from domain.models import Model

_SHOWN = 5


class Struck(Model):
    """An instance that something has befallen."""

    pop: str
    name: str


def crash(home: Path, pop: str | None, name: str | None, words: str) -> tuple[Struck, ...]:
    """An instance is in ERROR from now on, and these words say why; its VIM keeps it and what it holds.

    :param pop: None: wherever there is one of that name
    :param name: None: all of the PoP
    :raises InputError: where there is none of that name, or where it is not clear which
    """
    return _strike(home, pop, name, lambda c, one: instances.fail(c, one.pop, one.name, words))


def vanish(home: Path, pop: str | None, name: str | None) -> tuple[Struck, ...]:
    """An instance is gone from its VIM at once, as if it had never been; parameters as those of `crash`."""
    return _strike(home, pop, name, lambda c, one: instances.remove(c, one.pop, one.name))


def _strike(
    home: Path, pop: str | None, name: str | None, deed: Callable[[sqlite3.Connection, Struck], None]
) -> tuple[Struck, ...]:
    with World(home).writing() as connection:
        struck = (_one(connection, pop, name),) if name is not None else _all(connection, pop)
        for one in struck:
            deed(connection, one)
    return struck


def _all(connection: sqlite3.Connection, pop: str | None) -> tuple[Struck, ...]:
    """Those of a PoP that are not on their way out already."""
    if pop is None:
        raise InputError("name an instance, or a PoP to take all of its instances")
    rows = instances.of_pop(connection, pop)
    return tuple(
        Struck(pop=pop, name=row.name) for row in rows if row.status() is not InstanceStatus.DELETING
    )


def _one(connection: sqlite3.Connection, pop: str | None, name: str) -> Struck:
    pops = instances.pops_of(connection, name)
    if pop is None and len(pops) > 1:
        raise InputError(f"there is an instance {name} at each of {', '.join(pops)}: say at which PoP")
    where = pop or next(iter(pops), None)
    row = instances.find(connection, where, name) if where else None
    if where is None or row is None:
        raise UnknownError(_unknown(connection, pop, name))
    if row.status() is InstanceStatus.DELETING:
        raise InputError(f"instance {name} at PoP {where} is being deleted already")
    return Struck(pop=where, name=name)


def _unknown(connection: sqlite3.Connection, pop: str | None, name: str) -> str:
    """That there is none, and what there is: people know `web-1`, the VIM knows `shop-web-1-4f2a9c1e`."""
    known = instances.names(connection, pop)
    near = [each for each in known if name in each] or get_close_matches(name, known, _SHOWN) or known
    more = f" and {len(near) - _SHOWN} more" if len(near) > _SHOWN else ""
    there = f"there is {', '.join(near[:_SHOWN])}{more}" if near else "there is none at all"
    return f"no modelled instance {name!r}{f' at PoP {pop}' if pop else ''} ({there})"
