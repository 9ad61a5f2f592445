"""`interlace faults`: rehearse failures on the modelled infrastructure."""

import time
from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json, table

app = typer.Typer(help="Inject faults into the modelled VIMs, to rehearse failures.", no_args_is_help=True)


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="temporary, permanent, hang, lost or outage")],
    pop: Annotated[str | None, typer.Option(help="Only at this PoP.")] = None,
    operation: Annotated[str, typer.Option(help="create, delete, read, list or * for all")] = "*",
    component: Annotated[str | None, typer.Option(help="Only for this component.")] = None,
    times: Annotated[int | None, typer.Option(help="How many calls meet it; default: for ever.")] = None,
    starts_in: Annotated[float | None, typer.Option(help="Seconds from now; default: at once.")] = None,
    ends_in: Annotated[float | None, typer.Option(help="Seconds from now; default: never.")] = None,
    message: Annotated[str, typer.Option(help="The VIM's words.")] = "injected fault",
    as_json: Json = False,
) -> None:
    """Inject a fault: `lost` loses the answer after the call took effect, `outage` takes a whole PoP."""
    from adaptors.vim.modelled.faults import Fault, Faults
    from domain.errors import UnknownError
    from interfaces.cli.requests import checked
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        if pop is not None and pop not in store.infrastructure.get().pops:
            raise UnknownError(f"no PoP {pop!r}; `interlace infra show` lists them")
    now = time.time()
    fault = checked(
        Fault,
        kind=kind,
        pop=pop,
        operation=operation,
        component=component,
        times=times,
        starts_at=None if starts_in is None else now + starts_in,
        ends_at=None if ends_in is None else now + ends_in,
        message=message,
    )
    number = Faults(Settings.from_environment().home).add(fault)
    if as_json:
        emit_json({"number": number})
    else:
        print(f"fault {number} is in force; `interlace faults clear {number}` ends it")


@app.command("list")
def list_faults(as_json: Json = False) -> None:
    """List the faults in force."""
    from adaptors.vim.modelled.faults import Faults
    from workers.settings import Settings

    found = Faults(Settings.from_environment().home).list()
    if as_json:
        emit_json({number: fault.model_dump() for number, fault in found.items()})
        return
    rows = [
        (n, f.kind, f.pop or "*", f.operation, f.component or "*", f.times, f.message)
        for n, f in found.items()
    ]
    table(["number", "kind", "pop", "operation", "component", "times left", "message"], rows)


@app.command()
def clear(
    number: Annotated[int | None, typer.Argument(help="Default: all.")] = None, as_json: Json = False
) -> None:
    """End one fault, or all."""
    from adaptors.vim.modelled.faults import Faults
    from domain.errors import UnknownError
    from workers.settings import Settings

    faults = Faults(Settings.from_environment().home)
    if number is not None and number not in faults.list():
        raise UnknownError(f"no fault {number}; `interlace faults list` lists them")
    faults.clear(number)
    if as_json:
        emit_json({"cleared": number if number is not None else "all"})
    else:
        print("cleared")
