"""What an operator may ask for: one function an operation, whose words become its request.

`commands` makes two commands of each: one that carries it out, one that plans it.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from interfaces.cli.options import (
    Disk,
    GiveUpAfter,
    GiveUpDeletingAfter,
    Image,
    LeaveAfter,
    Memory,
    OnFailedDeletion,
    OnFailure,
    Service,
    Surge,
    Tenant,
    UndoGiveUpAfter,
    Vcpus,
)

if TYPE_CHECKING:
    from domain.lifecycle import HealRequest, MigrateRequest, ScaleRequest, UpdateRequest
    from domain.records import ServiceRecord
    from domain.requests import InstantiateRequest, TerminateRequest


def instantiate(
    service: Annotated[str, typer.Argument(help="Name of the new service.")],
    descriptor: Annotated[str, typer.Argument(help="Name of an onboarded descriptor.")],
    version: Annotated[str | None, typer.Option(help="Default: the newest.")] = None,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
) -> "InstantiateRequest":
    """Bring a service from its descriptor to ACTIVE, or leave no trace of it."""
    from domain.requests import InstantiateRequest
    from interfaces.cli.requests import checked
    from interfaces.cli.session import catalogue

    request = checked(
        InstantiateRequest,
        service=service,
        descriptor=descriptor,
        version=version,
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )
    with catalogue() as store:
        store.descriptors.get(request.descriptor, request.version)
    return request


def scale(
    service: Service,
    component: Annotated[str, typer.Argument(help="Name of the component.")],
    to: Annotated[int | None, typer.Option(min=1, help="So many instances.")] = None,
    by: Annotated[int | None, typer.Option(help="So many more, or with a minus fewer, instances.")] = None,
    vcpus: Vcpus = None,
    memory: Memory = None,
    disk: Disk = None,
    image: Image = None,
    surge: Surge = 1,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="Another flavour is given to the instances where they run, one after the other, each with "
            "an interruption; old and new need no room side by side. VIMs: openstack, modelled.",
        ),
    ] = False,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
) -> "ScaleRequest":
    """Give a component more or fewer instances, another flavour, or another image.

    Within the limits of the descriptor's `scaling`. Parts of the flavour that are not named stay as they are.
    For example: `interlace scale shop web --by 1`, `interlace scale shop web --memory '2 GiB' --in-place`.
    """
    from domain.lifecycle import ScaleRequest
    from interfaces.cli.flavours import Flavour, flavour_of
    from interfaces.cli.requests import checked

    record = _existing(service)
    flavour = Flavour(vcpus, memory, disk)
    return checked(
        ScaleRequest,
        service=service,
        component=component,
        instances=to,
        by=by,
        resources=flavour.over(flavour_of(record, component)) if flavour else None,
        image=image,
        surge=surge,
        in_place=in_place,
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )


def migrate(
    service: Service,
    moves: Annotated[
        list[str] | None,
        typer.Argument(metavar="WHAT=POP", help="A component or instance, and where to."),
    ] = None,
    evacuate: Annotated[str | None, typer.Option(metavar="POP", help="All leave this PoP.")] = None,
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
) -> "MigrateRequest":
    """Move instances between PoPs: built there, switched over, drained and removed here.

    With --rehost between the hosts of one PoP: they stay themselves. For example: `interlace migrate shop
    web=berlin store-1=hamburg`, `... shop --evacuate bremen`, or `... shop --rehost web-1`.
    """
    from domain.errors import InputError
    from domain.lifecycle import MigrateRequest
    from interfaces.cli.requests import checked, pairs

    if move_cost is not None and not optimise:
        raise InputError("--move-cost goes with --optimise only")
    _existing(service)
    return checked(
        MigrateRequest,
        service=service,
        moves=pairs(moves or [], "web=berlin"),
        evacuate=evacuate,
        optimise=optimise,
        rehost=tuple(rehost or ()),
        cold=cold,
        **({} if move_cost is None else {"move_cost_per_hour": move_cost}),
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )


def heal(
    service: Service,
    instances: Annotated[
        list[str] | None,
        typer.Argument(metavar="INSTANCE", help="Such as web-1; none: all that are not healthy."),
    ] = None,
    lost: Annotated[
        list[str] | None, typer.Option(metavar="POP", help="This PoP is gone for good; may be said again.")
    ] = None,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="Not on the PoP where the instance failed.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Build the named instances anew even if they are healthy.")
    ] = False,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
) -> "HealRequest":
    """Build anew what has failed: in place, else elsewhere.

    For example: `interlace heal shop`, `interlace heal shop web-2 --elsewhere`, or `... shop --lost bremen`.
    """
    from domain.lifecycle import HealRequest
    from interfaces.cli.requests import checked

    _existing(service)
    return checked(
        HealRequest,
        service=service,
        instances=tuple(instances or ()),
        lost_pops=frozenset(lost or ()),
        elsewhere=elsewhere,
        force=force,
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )


def update(
    service: Service,
    version: Annotated[str | None, typer.Option(help="Of the descriptor; default: the newest.")] = None,
    surge: Surge = 1,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget what `scale` has changed; else it is kept.")
    ] = False,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
) -> "UpdateRequest":
    """Bring a service to another version of its descriptor, step by step, or leave it on the old one."""
    from domain.lifecycle import UpdateRequest
    from interfaces.cli.requests import checked

    _existing(service)
    return checked(
        UpdateRequest,
        service=service,
        version=version,
        surge=surge,
        reset=reset,
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )


def terminate(
    service: Service,
    tenant: Tenant = "default",
    give_up_after: GiveUpDeletingAfter = 600.0,
    undo_give_up_after: LeaveAfter = 60.0,
    on_failure: OnFailedDeletion = "undo",
) -> "TerminateRequest":
    """Take a service down without a trace; what cannot be deleted now is swept until it is gone."""
    from domain.requests import TerminateRequest
    from interfaces.cli.requests import checked

    _existing(service)
    return checked(
        TerminateRequest,
        service=service,
        **_shared(tenant, give_up_after, undo_give_up_after, on_failure),
    )


def _shared(tenant: str, give_up_after: float, undo_give_up_after: float, on_failure: str) -> dict[str, Any]:
    """What every request has."""
    from domain.requests import Patience

    patience = Patience(give_up_after_s=give_up_after, undo_give_up_after_s=undo_give_up_after)
    return {"tenant": tenant, "patience": patience, "on_failure": on_failure}


def _existing(service: str) -> "ServiceRecord":
    """A service that is not there needs no operation to find that out.

    :raises UnknownError: with the names that were perhaps meant
    """
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        return store.services.get(service)


WISHES = (instantiate, scale, migrate, heal, update, terminate)
