"""`interlace down`: stop what `up` started; with --all, what the emulator runs too."""

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from pathlib import Path

    from catalogue.store import Catalogue


@dataclass(frozen=True)
class _Cleared:
    """What became of the emulator's things."""

    removed: list[str] = field(default_factory=list)
    remains: list[str] = field(default_factory=list)
    """What could not be removed although it should have been."""
    emulated_instances: int = 0
    """How many go on running."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(down)


def down(
    everything: Annotated[
        bool, typer.Option("--all", help="End emulated instances, switches and links too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --all: do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Stop what `interlace up` started. Operations under way go on at the next one.

    Emulated instances go on running. --all ends everything of the emulator as well, without a word to the
    catalogue: services stay in it, `interlace audit` shows what they lost, `interlace terminate` takes them
    out of it. Where there is no service, nothing of the emulator is kept, with or without --all.
    """
    from interfaces.cli.session import catalogue
    from lab.ending import stop, stop_orphans
    from lab.runtime import load
    from workers.settings import Settings

    home = Settings.from_environment().home
    with catalogue() as store:
        if everything and not yes:
            _ask(store)
        runtime = load(home)
        polite = stop(runtime) if runtime else None
        orphans = 0 if runtime else stop_orphans(home)
        cleared = _clear(store, home, everything)
    if as_json:
        stopped = {"was_up": runtime is not None, "ended_by_itself": polite, "orphans": orphans}
        emit_json({**stopped, **cleared.__dict__})
    else:
        _tell_stopped(runtime is not None, polite, orphans)
        _tell_cleared(cleared, everything)
    if cleared.remains:
        raise typer.Exit(1)


def _tell_stopped(was_up: bool, polite: bool | None, orphans: int) -> None:
    if orphans:
        print(f"the supervisor was gone; stopped the {orphans} processes that it left")
    elif not was_up:
        print("nothing was up")
    else:
        print("stopped" if polite else "stopped; something did not end in time and was killed")


def _ask(store: "Catalogue") -> None:
    """Ask before services lose what they run on.

    :raises InputError: where nobody can be asked, or the answer is no
    """
    from domain.errors import InputError
    from domain.names import NETWORKED_KINDS

    services = sorted({each.service for each in store.ledger.all() if each.vim_kind in NETWORKED_KINDS})
    if not services:
        return
    what = f"{', '.join(services)} would lose all that runs of {'it' if len(services) == 1 else 'them'}"
    if not sys.stdin.isatty():
        raise InputError(f"{what}; nothing was stopped: terminate first, or say --yes")
    if not typer.confirm(f"{what}, and stay in the catalogue. Go on?"):
        raise InputError("nothing was stopped")


def _clear(store: "Catalogue", home: "Path", everything: bool) -> _Cleared:
    """Remove what the emulator has here, unless services still run on it and nobody asked for that."""
    from domain.names import NETWORKED_KINDS
    from interfaces.cli import emulated

    if not emulated.is_used(store, home):
        emulated.forget(home)
        return _Cleared()
    if not everything and any(entry.vim_kind in NETWORKED_KINDS for entry in store.ledger.all()):
        return _Cleared(emulated_instances=emulated.running(home))
    return _Cleared(*emulated.remove_all(home))


def _tell_cleared(cleared: _Cleared, everything: bool) -> None:
    if everything:
        for line in cleared.removed:
            print(f"removed  {line}")
    elif cleared.removed:
        print(f"removed {len(cleared.removed)} things that the emulator kept for the next service")
    for line in cleared.remains:
        print(f"remains  {line}")
    if cleared.emulated_instances:
        count = cleared.emulated_instances
        print(f"{count} emulated instances go on running; `interlace down --all` ends them too")
