"""`interlace topology`: a picture of the infrastructure, and of what runs on it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from interfaces.picture.facts import Topology


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command()(topology)


def topology(
    service: Annotated[
        list[str] | None,
        typer.Option("--service", help="Draw its chains and instances too. May be repeated."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", help="The picture: a file that ends in .svg or .html.")
    ] = None,
    infra: Annotated[
        Path | None, typer.Option("--infra", help="Draw this infrastructure document, applied or not.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", help="Draw a stored plan: what comes, and what goes.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw a map: PoPs and links by load, with prices; the routes of services, chain by chain.

    An .svg shows the same everywhere. An .html is one file that loads nothing: it tells more of what is
    pointed at, and shows and hides chains. Both follow the reader's choice of light or dark.
    """
    from interfaces.cli.files import write_file

    drawing = _drawing(output, as_json)
    shown = _topology(service or [], infra, plan)
    if output:
        write_file(output, drawing(shown))
    if as_json:
        emit_json({**({"written": str(output)} if output else {}), **shown.model_dump(mode="json")})
    else:
        print(f"wrote {output}: {len(shown.pops)} PoPs, {len(shown.links)} links")
        if shown.plan and shown.plan.over:
            print(f"note: {shown.plan.plan_id} is drawn as it was made: {shown.plan.over}")


def _drawing(output: Path | None, as_json: bool) -> Callable[["Topology"], str]:
    """What makes the file, by its suffix.

    :raises InputError: if that is none of ours, or if nothing was asked for
    """
    from domain.errors import InputError
    from interfaces.picture.page import page
    from interfaces.picture.svg import svg

    suffix = output.suffix.lower() if output else None
    if suffix is None and not as_json:
        raise InputError("say what to write: -o FILE.svg, -o FILE.html or --json")
    if suffix not in (None, ".svg", ".html"):
        raise InputError(f"{output}: a picture is written as .svg or .html")
    return page if suffix == ".html" else svg


def _topology(services: Sequence[str], infra: Path | None, plan: str | None) -> "Topology":
    """:raises InputError: if what was asked for cannot be in one picture"""
    from domain.errors import InputError
    from interfaces.cli.pictured import of_document, of_plan, of_services

    if sum(map(bool, (services, infra, plan))) > 1:
        raise InputError(
            "--service, --infra and --plan exclude each other: no service runs on a document, and a plan is "
            "of one service"
        )
    if infra:
        return of_document(infra)
    return of_plan(plan) if plan else of_services(services)
