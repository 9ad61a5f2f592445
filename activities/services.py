"""The catalogue's side of an operation: descriptor, reservations, the service's record, the ledger."""

from temporalio import activity

from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.expansion import expand
from domain.phases import ResourceState
from domain.plans import ServiceGraph
from domain.requests import (
    ConnectedService,
    ExternalResource,
    Held,
    LeaveResource,
    Nothing,
    PlannedService,
    ResolveRequest,
    ResourceList,
    ResourceQuery,
)


class ServiceActivities:
    """Reads and writes the catalogue for a workflow."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    @activity.defn(name=names.RESOLVE)
    def resolve(self, wanted: ResolveRequest) -> ServiceGraph:
        """The service graph of an onboarded descriptor."""
        with translated():
            descriptor = self._catalogue.descriptors.get(wanted.descriptor, wanted.version)
            return expand(wanted.service, descriptor)

    @activity.defn(name=names.RESERVE, no_thread_cancel_exception=True)
    def reserve(self, planned: PlannedService) -> Nothing:
        """Take the plan's capacity, all of it or none."""
        held = planned.held
        with translated():
            self._catalogue.reservations.reserve(
                held.operation_id, held.fence, held.service, planned.graph, planned.plan
            )
        return Nothing()

    @activity.defn(name=names.RELEASE, no_thread_cancel_exception=True)
    def release(self, held: Held) -> Nothing:
        """Give back all capacity but that of resources which still exist."""
        with translated():
            self._catalogue.reservations.release(held.operation_id, held.fence, held.service)
        return Nothing()

    @activity.defn(name=names.COMMIT, no_thread_cancel_exception=True)
    def commit(self, planned: ConnectedService) -> Nothing:
        """Record the service as ACTIVE, with its instances and links."""
        held = planned.held
        with translated():
            self._catalogue.services.commit(
                held.operation_id,
                held.fence,
                held.service,
                planned.plan,
                planned.graph,
                planned.connection,
            )
        return Nothing()

    @activity.defn(name=names.REMOVE, no_thread_cancel_exception=True)
    def remove(self, held: Held) -> Nothing:
        """Remove the service's record."""
        with translated():
            self._catalogue.services.remove(held.operation_id, held.fence, held.service)
        return Nothing()

    @activity.defn(name=names.RESOURCES)
    def resources(self, query: ResourceQuery) -> ResourceList:
        """What the ledger knows of a service's resources."""
        with translated():
            entries = self._catalogue.ledger.of_service(query.service)
        return ResourceList(
            resources=tuple(
                ExternalResource(
                    service=entry.service,
                    name=entry.resource_name,
                    instance=entry.instance,
                    pop=entry.pop,
                    vim_kind=entry.vim_kind,
                    kind=entry.kind,
                )
                for entry in entries
                if not query.only_leftovers or entry.state is ResourceState.LEFTOVER
            )
        )

    @activity.defn(name=names.LEAVE, no_thread_cancel_exception=True)
    def leave(self, left: LeaveResource) -> Nothing:
        """Note a resource as a leftover."""
        with translated():
            self._catalogue.ledger.leave(left.resource.name, left.resource.pop, left.reason)
        return Nothing()
