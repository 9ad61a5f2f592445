"""`interlace lab NAME up|down|status`: real systems on this machine to try things on."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json, table
from lab.registry import OFFERS, Number, Offer

if TYPE_CHECKING:
    from lab.port import Lab, LabStatus

app = typer.Typer(
    help="Real infrastructures on this machine, on 127.0.0.1 only: to try things on, and for tests.",
    no_args_is_help=True,
)

Directory = Annotated[
    Path | None, typer.Option(help="Where the lab keeps its state; by default below Interlace's own.")
]
Purge = Annotated[bool, typer.Option("--purge", help="Remove its state too, not only what runs.")]


def _add(name: str, offer: Offer) -> None:
    commands = typer.Typer(help=offer.help, no_args_is_help=True)
    if offer.number:
        _add_up_with_number(commands, name, offer, offer.number)
    else:
        _add_up(commands, name, offer)

    @commands.command()
    def down(directory: Directory = None, purge: Purge = False, as_json: Json = False) -> None:
        """End what `up` started, and nothing else. Its state stays for the next `up`."""
        _tell(_open(name, offer, directory).down(_say, purge), as_json)

    @commands.command()
    def status(directory: Directory = None, as_json: Json = False) -> None:
        """Each process of it: up, starting or down. Exit code 1 unless all are up."""
        found = _open(name, offer, directory).status()
        _tell(found, as_json)
        if not found.up:
            raise typer.Exit(1)

    app.add_typer(commands, name=name)


def _add_up(commands: typer.Typer, name: str, offer: Offer) -> None:
    @commands.command()
    def up(directory: Directory = None, as_json: Json = False) -> None:
        """Start what does not run yet; may be repeated after any crash."""
        _up(_open(name, offer, directory), as_json)


def _add_up_with_number(commands: typer.Typer, name: str, offer: Offer, number: Number) -> None:
    count = typer.Option(f"--{number.name}", min=1, max=number.most, help=number.help)

    @commands.command()
    def up(
        number: Annotated[int, count] = number.default, directory: Directory = None, as_json: Json = False
    ) -> None:
        """Start what does not run yet; may be repeated after any crash."""
        _up(_open(name, offer, directory, number), as_json)


def _open(name: str, offer: Offer, directory: Path | None, number: int | None = None) -> "Lab":
    from lab.places import state_directory
    from workers.settings import Settings

    return offer.open(directory or state_directory(Settings.from_environment().home, name), number)


def _up(lab: "Lab", as_json: bool) -> None:
    if not lab.status().up:
        _say(f"{lab.needs}.")
    _tell(lab.up(_say), as_json)


def _say(line: str) -> None:
    """Progress is not the answer: it goes where --json does not."""
    print(line, file=sys.stderr, flush=True)


def _tell(status: "LabStatus", as_json: bool) -> None:
    if as_json:
        emit_json(status.model_dump(mode="json"))
        return
    if status.services:
        rows = [(one.name, one.state, one.pid, one.address, one.log) for one in status.services]
        table(("service", "state", "pid", "address", "log"), rows)
    print(f"{status.lab}: {'up' if status.up else 'down'}, its state is in {status.directory}")
    for line in status.hints:
        print(line)


for _name, _offer in OFFERS.items():
    _add(_name, _offer)
