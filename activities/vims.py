"""Creating and deleting instances: the ledger first, then the VIM, then the ledger again."""

from collections.abc import Collection

from temporalio import activity

from activities.deleting import delete_for_good
from activities.pops import Pops
from activities.specs import Outputs, Serving, component_spec, endpoint_spec, outputs
from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.errors import UnknownError
from domain.instances import InstanceSpec
from domain.requests import CreateInstance, ExternalResource, Nothing


class VimActivities:
    """Drives the VIMs of the PoPs."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops

    @activity.defn(name=names.CREATE)
    def create(self, order: CreateInstance) -> Nothing:
        """Find or create an instance; after any crash the ledger knows what may exist."""
        held = order.held
        with translated():
            spec = self._endpoint(order) if order.endpoint else self._spec(order)
            self._catalogue.ledger.intend(
                operation_id=held.operation_id,
                fence=held.fence,
                service=held.service,
                component=order.component,
                instance=order.instance,
                pop=order.pop,
                vim_kind=self._pops.kind(order.pop),
                resource_name=spec.name,
                tags=spec.tags,
            )
            vim = self._pops.vim(order.pop)
            made = vim.create(spec, activity.heartbeat)
            try:
                self._catalogue.ledger.created(spec.name, order.pop, made.external_id, made.address)
            except UnknownError:
                vim.delete(spec.name, activity.heartbeat)  # undone while this late attempt was still at it
                raise
        return Nothing()

    @activity.defn(name=names.DELETE)
    def delete(self, resource: ExternalResource) -> Nothing:
        """Delete an instance, or a PoP's part of a network; that it is not there is fine."""
        with translated():
            delete_for_good(
                self._catalogue,
                self._pops,
                resource.name,
                resource.pop,
                resource.vim_kind,
                resource.kind,
            )
        return Nothing()

    def _spec(self, order: CreateInstance) -> InstanceSpec:
        descriptor = self._catalogue.descriptors.get(order.descriptor, order.version)
        known = self._outputs(order.held.service, descriptor.components)
        component = descriptor.components[order.component]
        return component_spec(component, _name_of(order), order.pop, known, _tags(order))

    def _endpoint(self, order: CreateInstance) -> InstanceSpec:
        return endpoint_spec(_name_of(order), order.pop, _tags(order))

    def _outputs(self, service: str, components: Collection[str]) -> Outputs:
        return outputs(
            Serving(entry.component, entry.instance, entry.address, entry.pop)
            for entry in self._catalogue.ledger.of_service(service)
            if entry.address and entry.component in components
        )


def _name_of(order: CreateInstance) -> str:
    return names.resource_name(order.held.service, order.instance, order.held.operation_id)


def _tags(order: CreateInstance) -> dict[str, str]:
    return {
        "service": order.held.service,
        "component": order.component,
        "instance": order.instance,
        "operation": order.held.operation_id,
        "tenant": order.tenant,
    }
