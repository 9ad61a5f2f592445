"""`interlace instantiate`, `scale`, `migrate`, `heal`, `update`, `terminate`, and what became of them."""

from typing import Annotated

import typer

from interfaces.cli.commands import carrying_out
from interfaces.cli.output import Json, clock, emit_json, table
from interfaces.cli.wishes import WISHES


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for wish in WISHES:
        app.command()(carrying_out(wish))
    app.command()(operations)
    app.command()(leftovers)


def operations(
    service: Annotated[str | None, typer.Argument(help="Only those of this service.")] = None,
    as_json: Json = False,
) -> None:
    """List lifecycle operations with their outcome."""
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        records = store.operations.list(service)
    if as_json:
        emit_json([record.model_dump(mode="json") for record in records])
        return
    rows = [
        (clock(r.started_at), r.kind, r.service, r.state, r.workflow_id, (r.failure or "").partition("\n")[0])
        for r in records
    ]
    table(["started", "operation", "service", "state", "workflow", "failure"], rows)


def leftovers(
    service: Annotated[str | None, typer.Argument(help="Only those of this service.")] = None,
    as_json: Json = False,
) -> None:
    """List what could not be deleted yet. A sweep keeps trying until it is gone."""
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        records = [each for each in store.ledger.leftovers() if service in (None, each.service)]
    if as_json:
        emit_json([record.model_dump(mode="json") for record in records])
        return
    if not records:
        print("nothing is left over")
        return
    rows = [(r.service, r.resource_name, r.pop, clock(r.since), r.reason or "") for r in records]
    table(["service", "resource", "pop", "since", "why"], rows)
