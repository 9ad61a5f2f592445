"""Deleting an external resource so that it is really gone, and then noting that."""

from temporalio import activity

from activities.pops import Pops
from catalogue.store import Catalogue
from domain.errors import VimUnavailableError
from domain.phases import ResourceKind


def delete_for_good(
    catalogue: Catalogue, pops: Pops, name: str, pop: str, vim_kind: str, kind: ResourceKind
) -> None:
    """Delete an instance, or a PoP's part of a network; that it is not there is fine.

    :raises VimUnavailableError: if the VIM accepted that and did nothing
    """
    if kind is ResourceKind.NETWORK:
        pops.network(vim_kind).remove(name, pop, activity.heartbeat)
    else:
        vim = pops.vim(pop)
        vim.delete(name, activity.heartbeat)
        if vim.read(name) is not None:
            raise VimUnavailableError(f"PoP {pop}: accepted the delete, but {name} is still there")
    with activity.shield_thread_cancel_exception():
        catalogue.ledger.gone(name, pop)
