"""`interlace probe`: send packets along every segment of a service now."""

from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(probe)


def probe(
    service: Annotated[str, typer.Argument(help="Name of the service.")], as_json: Json = False
) -> None:
    """Probe every stretch of every chain, and every link, and compare the round-trip times with the plan.

    A probe is a real packet of the chain's kind, sent from where the stretch begins. Exit code 1 when one got
    lost.
    """
    from interfaces.cli.probes import probe_all, show
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        probed = probe_all(store, Settings.from_environment().home, service)
    if as_json:
        emit_json([each.model_dump(mode="json") for each in probed])
    else:
        show(probed)
    if any(each.lost for each in probed):
        raise typer.Exit(1)
