"""`interlace instantiate`, `terminate`, `operations`."""

from typing import Annotated

import typer

from interfaces.cli.output import Json, clock, emit_json, table

Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the operation to its end.")]
Tenant = Annotated[str, typer.Option(help="Whose service it is.")]
GiveUpAfter = Annotated[float, typer.Option(min=1, help="Seconds for all attempts of one call to a VIM.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(instantiate)
    app.command()(terminate)
    app.command()(operations)


def instantiate(
    service: Annotated[str, typer.Argument(help="Name of the new service.")],
    descriptor: Annotated[str, typer.Argument(help="Name of an onboarded descriptor.")],
    version: Annotated[str | None, typer.Option(help="Default: the newest.")] = None,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Bring a service from its descriptor to ACTIVE, or leave no trace of it.

    Ctrl-C detaches; the operation goes on.
    """
    from domain.names import OperationKind
    from domain.requests import InstantiateRequest, Patience
    from interfaces.cli.follow import run_operation
    from interfaces.cli.requests import checked
    from interfaces.cli.session import catalogue

    request = checked(
        InstantiateRequest,
        service=service,
        descriptor=descriptor,
        version=version,
        tenant=tenant,
        patience=Patience(give_up_after_s=give_up_after),
    )
    with catalogue() as store:
        store.descriptors.get(request.descriptor, request.version)
    raise typer.Exit(run_operation(OperationKind.INSTANTIATE, request.service, request, wait, as_json))


def terminate(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    tenant: Tenant = "default",
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Take a service down without a trace; what cannot be deleted now is swept until it is gone."""
    from domain.names import OperationKind
    from domain.requests import TerminateRequest
    from interfaces.cli.follow import run_operation
    from interfaces.cli.requests import checked
    from interfaces.cli.session import catalogue

    request = checked(TerminateRequest, service=service, tenant=tenant)
    with catalogue() as store:
        store.services.get(request.service)
    raise typer.Exit(run_operation(OperationKind.TERMINATE, request.service, request, wait, as_json))


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
