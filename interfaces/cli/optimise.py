"""`interlace optimise`: which moves of running services are worth it; with --apply they are made."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from interfaces.cli.options import Wait
from interfaces.cli.output import Json

if TYPE_CHECKING:
    from domain.objectives import Objective
    from domain.reoptimisation import OptimiseRequest


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command()(optimise)


def optimise(
    services: Annotated[
        list[str] | None, typer.Argument(metavar="[SERVICE]...", help="Default: all that run.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="Only instances there may move.")] = None,
    pop: Annotated[str | None, typer.Option(help="Only instances there may move.")] = None,
    evacuate: Annotated[str | None, typer.Option(metavar="POP", help="All leave this PoP.")] = None,
    defragment: Annotated[
        bool, typer.Option("--defragment", help="Empty as many PoPs as can be, one after the other.")
    ] = False,
    allowance: Annotated[
        float, typer.Option(min=0, help="With --defragment: what more all may cost per hour for it.")
    ] = 0.0,
    new: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=DESCRIPTOR[:VERSION]",
            help="A service to come: whether it fits, and what has to move for it; may be said again.",
        ),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            help="Of all services: cost, latency, balance, or weights as cost=1,latency=0.5. Default: of each"
            " its own."
        ),
    ] = None,
    horizon: Annotated[
        float, typer.Option(help="Hours in which a move must gain more than it costs once.")
    ] = 720.0,
    interruption_price: Annotated[
        float, typer.Option(min=0, help="Of each second in which a component does not serve.")
    ] = 0.01,
    transfer_price: Annotated[
        float, typer.Option(min=0, help="Of each GiB of memory and disk that moves.")
    ] = 0.002,
    time_limit: Annotated[float, typer.Option(help="Seconds for finding the moves.")] = 60.0,
    apply: Annotated[bool, typer.Option("--apply", help="Make the moves; else they are only told.")] = False,
    at_once: Annotated[
        int, typer.Option(min=1, max=16, help="With --apply: so many services move at a time.")
    ] = 1,
    tenant: Annotated[str | None, typer.Option(help="Only services of this tenant.")] = None,
    wait: Wait = True,
    follow: Annotated[
        bool, typer.Option("--follow", help="Watch the --apply that runs, or tell how the last one ended.")
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Let the --apply that runs make no further move.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Find the best set of moves of running services, where each move costs something; --apply makes them.

    For example: `interlace optimise`, `interlace optimise --evacuate berlin --apply`, `... --region north
    --defragment`, `... --new shop2=secure-shop`. Exit code 1: something that was to move or to come does not.
    Ctrl-C detaches from --apply, which goes on. From any terminal --follow watches it again, and --cancel
    lets no further move begin.
    """
    from domain.errors import InputError
    from domain.reoptimisation import MovePrices, OptimiseRequest
    from interfaces.cli.optimising import run
    from interfaces.cli.requests import checked

    if follow or cancel:
        wishes = [services, region, pop, evacuate, defragment, allowance, new, objective, apply, tenant]
        alone = not ((follow and cancel) or any(wishes) or not wait)
        raise typer.Exit(_of_what_runs(follow, alone, as_json))
    if not (wait or apply):
        raise InputError("--no-wait goes with --apply only: without it the moves are told at the end")
    request = checked(
        OptimiseRequest,
        services=tuple(services or ()),
        tenant=tenant,
        region=region,
        pop=pop,
        evacuate=evacuate,
        defragment=defragment,
        allowance_per_hour=allowance,
        new=_newcomers(new or []),
        objective=objective_for_all(objective),
        prices=checked(
            MovePrices, horizon_h=horizon, per_interrupted_s=interruption_price, per_gib=transfer_price
        ),
        time_limit_s=time_limit,
        apply=apply,
        at_once=at_once,
    )
    _refuse_unknown(request)
    raise typer.Exit(run(request, wait, as_json))


def _of_what_runs(follow: bool, alone: bool, as_json: bool) -> int:
    """:raises InputError: if more is said than one of --follow and --cancel"""
    from domain.errors import InputError
    from interfaces.cli import optimising

    if not alone:
        raise InputError("--follow and --cancel stand alone: they are about the --apply that runs")
    return optimising.follow(as_json) if follow else optimising.cancel(as_json)


def objective_for_all(text: str | None) -> "Objective | None":
    """By which all services are to count; None: each by its own.

    :raises InputError: if it is neither a name nor weights
    """
    from domain.errors import InputError
    from domain.objectives import NAMES, Weights
    from interfaces.cli.requests import checked, pairs

    if text is None:
        return None
    if named := next((name for name in NAMES if name == text), None):
        return named
    if "=" not in text:
        raise InputError(f"--objective {text!r}: say {', '.join(NAMES)}, or weights as cost=1,latency=0.5")
    return checked(Weights, **{"cost": 0, **pairs(text.split(","), "cost=1,latency=0.5")})


def _newcomers(words: list[str]) -> dict[str, Any]:
    from domain.reoptimisation import NewService
    from interfaces.cli.requests import checked, pairs

    found = {}
    for name, text in pairs(words, "shop2=secure-shop").items():
        descriptor, _, version = text.partition(":")
        found[name] = checked(NewService, descriptor=descriptor, version=version or None)
    return found


def _refuse_unknown(request: "OptimiseRequest") -> None:
    """A service or descriptor that is not there needs no search to find that out.

    :raises UnknownError: with the names that were perhaps meant
    """
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        for service in request.services:
            store.services.get(service)
        for wanted in request.new.values():
            store.descriptors.get(wanted.descriptor, wanted.version)
