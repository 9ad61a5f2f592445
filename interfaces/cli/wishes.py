"""What an operator may ask for: one function an operation, whose words become its request.

`commands` makes two commands of each: one that carries it out, one that plans it.
"""

from typing import TYPE_CHECKING, Annotated

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
    Reliability,
    Service,
    Surge,
    Tenant,
    UndoGiveUpAfter,
    Vcpus,
)
from interfaces.cli.wished import existing, shared
from interfaces.cli.wishes_migrate import migrate

if TYPE_CHECKING:
    from domain.lifecycle import HealRequest, ScaleRequest, UpdateRequest
    from domain.requests import InstantiateRequest, TerminateRequest


def instantiate(
    service: Annotated[str, typer.Argument(help="Name of the new service.")],
    descriptor: Annotated[str, typer.Argument(help="Name of an onboarded descriptor.")],
    version: Annotated[str | None, typer.Option(help="Default: the newest.")] = None,
    tenant: Tenant = "default",
    give_up_after: GiveUpAfter = 600.0,
    undo_give_up_after: UndoGiveUpAfter = 60.0,
    on_failure: OnFailure = "undo",
    reliability: Reliability = None,
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
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
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
    reliability: Reliability = None,
) -> "ScaleRequest":
    """Give a component more or fewer instances, another flavour, or another image.

    Within the limits of the descriptor's `scaling`. Parts of the flavour that are not named stay as they are.
    For example: `interlace scale shop web --by 1`, `interlace scale shop web --memory '2 GiB' --in-place`.
    """
    from domain.lifecycle import ScaleRequest
    from interfaces.cli.flavours import Flavour, flavour_of
    from interfaces.cli.requests import checked

    record = existing(service)
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
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
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
    reliability: Reliability = None,
) -> "HealRequest":
    """Build anew what has failed: in place, else elsewhere.

    For example: `interlace heal shop`, `interlace heal shop web-2 --elsewhere`, or `... shop --lost bremen`.
    """
    from domain.lifecycle import HealRequest
    from interfaces.cli.requests import checked

    existing(service)
    return checked(
        HealRequest,
        service=service,
        instances=tuple(instances or ()),
        lost_pops=frozenset(lost or ()),
        elsewhere=elsewhere,
        force=force,
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
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
    reliability: Reliability = None,
) -> "UpdateRequest":
    """Bring a service to another version of its descriptor, step by step, or leave it on the old one."""
    from domain.lifecycle import UpdateRequest
    from interfaces.cli.requests import checked

    existing(service)
    return checked(
        UpdateRequest,
        service=service,
        version=version,
        surge=surge,
        reset=reset,
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
    )


def terminate(
    service: Service,
    tenant: Tenant = "default",
    give_up_after: GiveUpDeletingAfter = 600.0,
    undo_give_up_after: LeaveAfter = 60.0,
    on_failure: OnFailedDeletion = "undo",
    reliability: Reliability = None,
) -> "TerminateRequest":
    """Take a service down without a trace; what cannot be deleted now is swept until it is gone."""
    from domain.requests import TerminateRequest
    from interfaces.cli.requests import checked

    existing(service)
    return checked(
        TerminateRequest,
        service=service,
        **shared(tenant, give_up_after, undo_give_up_after, on_failure, reliability),
    )


WISHES = (instantiate, scale, migrate, heal, update, terminate)
