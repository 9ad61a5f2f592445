"""What all requests from the command line have in common."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.records import ServiceRecord


def shared(tenant: str, give_up_after: float, undo_give_up_after: float, on_failure: str) -> dict[str, Any]:
    """What every request has."""
    from domain.requests import Patience

    patience = Patience(give_up_after_s=give_up_after, undo_give_up_after_s=undo_give_up_after)
    return {"tenant": tenant, "patience": patience, "on_failure": on_failure}


def existing(service: str) -> "ServiceRecord":
    """A service that is not there needs no operation to find that out.

    :raises UnknownError: with the names that were perhaps meant
    """
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        return store.services.get(service)
