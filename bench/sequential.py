"""The same work without Temporal: a plain script that makes the calls one after the other."""

from pathlib import Path

from adaptors.vim.registry import open_vim
from bench.documents import DESCRIPTOR
from catalogue.store import Catalogue
from domain import names
from domain.descriptor import Descriptor
from domain.expansion import expand
from domain.instances import InstanceSpec, PopAccess
from domain.phases import OperationState
from domain.plans import GraphInstance
from domain.records import Lease
from domain.references import outputs_of, resolve
from placement.solve import place
from placement.topology import Usage


def instantiate(catalogue: Catalogue, home: Path, service: str) -> None:
    """From the descriptor to ACTIVE; nothing is retried, undone or survives a crash."""
    lease = catalogue.operations.begin(
        operation_id=f"sequential-{service}",
        kind=names.OperationKind.INSTANTIATE.value,
        service=service,
        tenant="default",
        workflow_id="none",
        run_id="none",
        descriptor=DESCRIPTOR,
    )
    descriptor = catalogue.descriptors.get(DESCRIPTOR, None)
    graph = expand(service, descriptor)
    infrastructure = catalogue.infrastructure.get()
    used = catalogue.infrastructure.usage()
    plan = place(graph, infrastructure, Usage(pops=used.pops, links=used.links), time_limit_s=30.0)
    catalogue.reservations.reserve(lease.operation_id, lease.fence, service, graph, plan)
    for wave in graph.waves:
        for instance in graph.instances:
            if instance.component in wave:
                _create(catalogue, home, lease, instance, plan.placements[instance.name])
    catalogue.services.commit(lease.operation_id, lease.fence, service, plan, graph)
    catalogue.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)


def _create(catalogue: Catalogue, home: Path, lease: Lease, instance: GraphInstance, pop: str) -> None:
    """The reads and writes of the activity vim.create, with nothing in between."""
    spec = _spec(catalogue, lease, instance, pop)
    catalogue.ledger.intend(
        operation_id=lease.operation_id,
        fence=lease.fence,
        service=lease.service,
        component=instance.component,
        instance=instance.name,
        pop=pop,
        vim_kind=catalogue.infrastructure.get().pops[pop].vim.kind,
        resource_name=spec.name,
        tags=spec.tags,
    )
    known = catalogue.infrastructure.get().pops[pop]
    access = PopAccess(
        name=pop, capacity=known.capacity, settings=known.vim.settings, credential=known.vim.credential
    )
    made = open_vim(known.vim.kind, access, home).create(spec, lambda _: None)
    catalogue.ledger.created(spec.name, pop, made.external_id, made.address)


def _spec(catalogue: Catalogue, lease: Lease, instance: GraphInstance, pop: str) -> InstanceSpec:
    descriptor: Descriptor = catalogue.descriptors.get(DESCRIPTOR, None)
    component = descriptor.components[instance.component]
    entries = catalogue.ledger.of_service(lease.service)
    outputs = {
        entry.component: outputs_of([(entry.address, entry.pop)]) for entry in entries if entry.address
    }
    return InstanceSpec(
        name=names.resource_name(lease.service, instance.name, lease.operation_id),
        pop=pop,
        image=component.image,
        resources=component.resources,
        kind=component.kind,
        config={
            key: resolve(value, outputs) if isinstance(value, str) else value
            for key, value in component.config.items()
        },
        environment={key: resolve(text, outputs) for key, text in component.environment.items()},
        secrets=component.secrets,
        connection_points=component.connection_points,
        tags={
            "service": lease.service,
            "component": instance.component,
            "instance": instance.name,
            "operation": lease.operation_id,
            "tenant": "default",
        },
    )
