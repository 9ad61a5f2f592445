"""`interlace why-not`: whether a service would fit now and, if not, what stands against what."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from domain.infrastructure import Infrastructure
    from placement.topology import Usage


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command("why-not")(why_not)


def why_not(
    what: Annotated[
        str,
        typer.Argument(
            metavar="DESCRIPTOR[:VERSION]|FILE",
            help="An onboarded descriptor (the newest version unless one is said), or a descriptor's file.",
        ),
    ],
    infra: Annotated[
        Path | None,
        typer.Option("--infra", help="Place on this infrastructure document, wholly free, instead."),
    ] = None,
    time_limit: Annotated[
        float,
        typer.Option(min=0.1, max=3600, help="Seconds. What is not found until then is said to be missing."),
    ] = 20.0,
    as_json: Json = False,
) -> None:
    """Say whether a service would fit now; if not, why not, and what would make it fit. Changes nothing.

    The answer is a smallest set of requirements that cannot be had together (without any one of them, the
    others can), with what PoPs and links have to say to it. Then come the smallest changes that resolve it,
    of the descriptor or of the infrastructure: each was solved again, and its cost is that of the placement
    that it leads to.

    For example: `interlace why-not secure-shop:1.0.0`, or, before anything is onboarded or applied,
    `interlace why-not shop.yaml --infra europe.yaml`. Of a service that runs, `interlace plan scale ...` and
    the like say the same where the operation has no room.

    Exit codes: 0 it fits, 1 it does not (or nothing could be proven within the time), 2 wrong input.
    """
    from domain.expansion import expand
    from interfaces.cli.described import descriptor_of
    from placement.explain.explaining import Context, explain

    descriptor = descriptor_of(what)
    infrastructure, usage = _world(infra)
    least = {name: each.scaling.min for name, each in descriptor.components.items() if each.scaling}
    graph = expand(descriptor.name, descriptor)
    with _waiting(descriptor.name, time_limit):
        found = explain(graph, infrastructure, usage, None, time_limit, Context(graph, least))
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        print(found.text())
    raise typer.Exit(0 if found.feasible else 1)


def _world(infra: Path | None) -> tuple["Infrastructure", "Usage"]:
    """What is applied, with what is reserved of it; or a document's, with nothing reserved."""
    from catalogue.documents import read_infrastructure
    from interfaces.cli.files import read_file
    from interfaces.cli.session import catalogue
    from placement.topology import Usage

    if infra is not None:
        return read_infrastructure(read_file(infra), str(infra)), Usage()
    with catalogue() as store:
        used = store.infrastructure.usage()
        return store.infrastructure.get(), Usage(pops=used.pops, links=used.links)


@contextmanager
def _waiting(name: str, time_limit_s: float) -> Iterator[None]:
    """Where somebody watches: that it is being worked on, and for how long at most."""
    from rich.console import Console

    console = Console(stderr=True)
    if not (console.is_terminal and sys.stdout.isatty()):
        yield
        return
    with console.status(f"placing {name}, at most {time_limit_s:g} s ..."):
        yield
