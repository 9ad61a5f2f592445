"""What all requests from the command line have in common."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.records import ServiceRecord


def shared(
    tenant: str, give_up_after: float, undo_give_up_after: float, on_failure: str, reliability: str | None
) -> dict[str, Any]:
    """What every request has.

    :raises InputError: if the workers that run here know no such reliability profile
    """
    from domain.requests import Patience
    from interfaces.cli.priorities import allowed

    patience = Patience(give_up_after_s=give_up_after, undo_give_up_after_s=undo_give_up_after)
    named = {"reliability": allowed(reliability)}
    return {"tenant": tenant, "patience": patience, "on_failure": on_failure, **named}


def existing(service: str) -> "ServiceRecord":
    """A service that is not there needs no operation to find that out.

    :raises UnknownError: with the names that were perhaps meant
    """
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        return store.services.get(service)
