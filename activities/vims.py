"""Creating and deleting instances: the ledger first, then the VIM, then the ledger again."""

from collections.abc import Collection

from temporalio import activity

from activities.pops import Pops
from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.descriptor import Component, ComponentKind
from domain.errors import UnknownError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec
from domain.phases import ResourceKind
from domain.references import outputs_of, resolve
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
            if resource.kind is ResourceKind.NETWORK:
                network = self._pops.network(resource.vim_kind)
                network.remove(resource.name, resource.pop, activity.heartbeat)
            else:
                self._pops.vim(resource.pop).delete(resource.name, activity.heartbeat)
            self._catalogue.ledger.gone(resource.name, resource.pop)
        return Nothing()

    def _spec(self, order: CreateInstance) -> InstanceSpec:
        descriptor = self._catalogue.descriptors.get(order.descriptor, order.version)
        component = descriptor.components[order.component]
        held = order.held
        outputs = self._outputs(held.service, descriptor.components)
        return InstanceSpec(
            name=names.resource_name(held.service, order.instance, held.operation_id),
            pop=order.pop,
            image=component.image,
            resources=component.resources,
            kind=component.kind,
            config=_wired(component, outputs),
            environment={key: resolve(text, outputs) for key, text in component.environment.items()},
            secrets=component.secrets,
            connection_points=component.connection_points,
            health_check=component.health_check,
            tags=_tags(order),
        )

    def _endpoint(self, order: CreateInstance) -> InstanceSpec:
        """What stands for the users where the service meets them; it takes nothing of the PoP's capacity."""
        return InstanceSpec(
            name=names.resource_name(order.held.service, order.instance, order.held.operation_id),
            pop=order.pop,
            image=names.ENDPOINT_IMAGE,
            resources=Resources.of(0, 0, 0),
            kind=ComponentKind.VNF,
            connection_points=("users",),
            tags=_tags(order),
        )

    def _outputs(self, service: str, components: Collection[str]) -> dict[str, dict[str, str]]:
        made: dict[str, list[tuple[int, str, str]]] = {}
        for entry in self._catalogue.ledger.of_service(service):
            if entry.address and entry.component in components:
                number = int(entry.instance.rpartition("-")[2])
                made.setdefault(entry.component, []).append((number, entry.address, entry.pop))
        return {
            component: outputs_of([(address, pop) for _, address, pop in sorted(instances)])
            for component, instances in made.items()
        }


def _tags(order: CreateInstance) -> dict[str, str]:
    return {
        "service": order.held.service,
        "component": order.component,
        "instance": order.instance,
        "operation": order.held.operation_id,
        "tenant": order.tenant,
    }


def _wired(component: Component, outputs: dict[str, dict[str, str]]) -> dict[str, str | int | float | bool]:
    return {
        key: resolve(value, outputs) if isinstance(value, str) else value
        for key, value in component.config.items()
    }
