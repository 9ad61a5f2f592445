"""What an operator may ask of Migrate."""

from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.options import GiveUpAfter, OnFailure, Reliability, Service, Tenant, UndoGiveUpAfter
from interfaces.cli.wished import existing, shared

if TYPE_CHECKING:
    from domain.lifecycle import MigrateRequest


def migrate(
    service: Service,
    moves: Annotated[
        list[str] | None,
        typer.Argument(metavar="WHAT=POP", help="A component or instance, and where to."),
    ] = None,
    evacuate: Annotated[str | None, typer.Option(metavar="POP", help="All leave this PoP.")] = None,
    leave: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COMPONENT",
            help="Its instances leave the PoPs where they are, for whichever suit best; may be said again.",
        ),
    ] = None,
    optimise: Annotated[bool, typer.Option("--optimise", help="Place anew where that saves enough.")] = False,
    move_cost: Annotated[
        float | None,
        typer.Option(min=0, help="With --optimise: what a move must save per hour; default: 0.01."),
    ] = None,
    rehost: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WHAT",
            help="This component or instance goes to another host of its PoP, live, one after the other; may "
            "be said again. VIMs: openstack, modelled.",
        ),
    ] = None,
    cold: Annotated[bool, typer.Option("--cold", help="With --rehost: stopped meanwhile.")] = False,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
    reliability: Reliability = None,
) -> "MigrateRequest":
    """Move instances between PoPs: built there, switched over, drained and removed here.

    With --rehost between the hosts of one PoP: they stay themselves. For example: `interlace migrate shop
    web=berlin store-1=hamburg`, `... shop --evacuate bremen`, `... --leave web`, or `... --rehost web-1`.
    """
    from domain.errors import InputError
    from domain.lifecycle import MigrateRequest
    from interfaces.cli.requests import checked, pairs

    if move_cost is not None and not optimise:
        raise InputError("--move-cost goes with --optimise only")
    existing(service)
    return checked(
        MigrateRequest,
        service=service,
        moves=pairs(moves or [], "web=berlin"),
        evacuate=evacuate,
        leave=tuple(leave or ()),
        optimise=optimise,
        rehost=tuple(rehost or ()),
        cold=cold,
        **({} if move_cost is None else {"move_cost_per_hour": move_cost}),
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
    )
