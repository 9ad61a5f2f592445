"""What a PoP has of a service's network is one resource in the ledger."""

from collections.abc import Iterable

from temporalio import activity

from activities.orders import made
from activities.pops import Pops
from catalogue.store import Catalogue
from domain.errors import UnknownError
from domain.phases import ResourceKind
from domain.requests import Held


class NetworkLedger:
    """Notes networks before and after anything is made of them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._ledger = catalogue.ledger

    def intend(self, held: Held, tenant: str, name: str, at: Iterable[str], pops: Pops) -> None:
        """The ledger knows what may exist at each PoP before anything is made there."""
        tags = {"service": held.service, "operation": held.operation_id, "tenant": tenant}
        known = made(self._catalogue, held.service)
        for pop in (each for each in at if (name, each) not in known):
            with activity.shield_thread_cancel_exception():
                self._ledger.intend(
                    operation_id=held.operation_id,
                    fence=held.fence,
                    service=held.service,
                    component="network",
                    instance="network",
                    pop=pop,
                    vim_kind=pops.kind(pop),
                    resource_name=name,
                    tags=tags,
                    kind=ResourceKind.NETWORK,
                )

    def note(self, name: str, at: Iterable[str], pops: Pops) -> None:
        """It is there; unless it was undone while this late attempt was still at it."""
        for pop in at:
            try:
                with activity.shield_thread_cancel_exception():
                    self._ledger.created(name, pop, None, None)
            except UnknownError:
                pops.network(pops.kind(pop)).remove(name, pop, activity.heartbeat)
                raise
