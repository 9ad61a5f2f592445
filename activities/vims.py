"""Creating and deleting instances: the ledger first, then the VIM, then the ledger again."""

from pathlib import Path

from temporalio import activity

from activities.translation import translated
from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain import names
from domain.descriptor import Component
from domain.errors import UnknownError
from domain.instances import InstanceSpec, PopAccess
from domain.references import outputs_of, resolve
from domain.requests import CreateInstance, ExternalResource, Nothing


class VimActivities:
    """Drives the VIMs of the PoPs."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self._home = home

    @activity.defn(name=names.CREATE)
    def create(self, order: CreateInstance) -> Nothing:
        """Find or create an instance; after any crash the ledger knows what may exist."""
        held = order.held
        with translated():
            spec = self._spec(order)
            self._catalogue.ledger.intend(
                operation_id=held.operation_id,
                fence=held.fence,
                service=held.service,
                component=order.component,
                instance=order.instance,
                pop=order.pop,
                vim_kind=self._catalogue.infrastructure.get().pops[order.pop].vim.kind,
                resource_name=spec.name,
                tags=spec.tags,
            )
            vim = self._vim(order.pop)
            made = vim.create(spec, activity.heartbeat)
            try:
                self._catalogue.ledger.created(spec.name, order.pop, made.external_id, made.address)
            except UnknownError:
                vim.delete(spec.name, activity.heartbeat)  # undone while this late attempt was still at it
                raise
        return Nothing()

    @activity.defn(name=names.DELETE)
    def delete(self, resource: ExternalResource) -> Nothing:
        """Delete an instance; that it is not there is fine."""
        with translated():
            self._vim(resource.pop).delete(resource.name, activity.heartbeat)
            self._catalogue.ledger.gone(resource.name, resource.pop)
        return Nothing()

    def _vim(self, pop: str) -> Vim:
        known = self._catalogue.infrastructure.get().pops[pop]
        access = PopAccess(
            name=pop, capacity=known.capacity, settings=known.vim.settings, credential=known.vim.credential
        )
        return open_vim(known.vim.kind, access, self._home)

    def _spec(self, order: CreateInstance) -> InstanceSpec:
        descriptor = self._catalogue.descriptors.get(order.descriptor, order.version)
        component = descriptor.components[order.component]
        outputs = self._outputs(order.held.service)
        held = order.held
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
            tags={
                "service": held.service,
                "component": order.component,
                "instance": order.instance,
                "operation": held.operation_id,
                "tenant": order.tenant,
            },
        )

    def _outputs(self, service: str) -> dict[str, dict[str, str]]:
        made: dict[str, list[tuple[int, str, str]]] = {}
        for entry in self._catalogue.ledger.of_service(service):
            if entry.address:
                number = int(entry.instance.rpartition("-")[2])
                made.setdefault(entry.component, []).append((number, entry.address, entry.pop))
        return {
            component: outputs_of([(address, pop) for _, address, pop in sorted(instances)])
            for component, instances in made.items()
        }


def _wired(component: Component, outputs: dict[str, dict[str, str]]) -> dict[str, str | int | float | bool]:
    return {
        key: resolve(value, outputs) if isinstance(value, str) else value
        for key, value in component.config.items()
    }
