"""What the tests of the command line share: a catalogue with a service under way, and PoPs that are fakes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adaptors.vim.port import Observation
from catalogue.store import Catalogue
from domain.descriptor import Descriptor
from domain.errors import VimUnavailableError
from domain.expansion import expand
from domain.infrastructure import Infrastructure
from domain.phases import OperationState, ResourceKind
from domain.plans import Plan
from domain.records import Lease
from tests.catalogues import new_catalogue

DESCRIPTOR: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "tiny",
    "version": "1",
    "endpoints": {"users": {"pop": "north"}},
    "components": {
        "web": {
            "kind": "microservice",
            "image": "web:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["http"],
        }
    },
    "links": {"access": {"between": ["users", "web.http"], "bandwidth": "1 Mbit/s"}},
    "chains": {
        "browsing": {"classifier": {"protocol": "tcp", "port": 80}, "path": ["users", "web.http"]},
    },
}


def catalogue_at(home: Path, kind: str = "modelled") -> Catalogue:
    """One PoP, north, and the descriptor tiny."""
    store = new_catalogue(home / "catalogue.db")
    pop = {"vim": {"kind": kind}, "capacity": {"vcpus": 4, "memory": "4 GiB", "disk": "10 GiB"}}
    store.infrastructure.apply(
        Infrastructure.model_validate(
            {"api_version": "interlace/v1", "kind": "Infrastructure", "pops": {"north": pop}}
        )
    )
    store.descriptors.onboard(Descriptor.model_validate(DESCRIPTOR))
    return store


def begin(store: Catalogue, service: str = "shop", operation: str = "op-1") -> Lease:
    """An Instantiate that is under way."""
    return store.operations.begin(
        operation_id=operation,
        kind="Instantiate",
        service=service,
        tenant="default",
        workflow_id=f"service/{service}",
        run_id="run",
        descriptor="tiny",
        version="1",
    )


def active(store: Catalogue, service: str = "shop", operation: str = "op-1") -> None:
    """A service that runs, made by an Instantiate that is over."""
    lease = begin(store, service, operation)
    graph = expand(service, Descriptor.model_validate(DESCRIPTOR))
    placements = {each.name: "north" for each in graph.instances}
    plan = Plan(
        placements=placements,
        endpoints={"users": "north"},
        routes=(),
        cost_per_hour=0.5,
        currency="EUR",
        solver="by hand",
        gap=0,
        solve_ms=0,
    )
    store.services.commit(lease.operation_id, lease.fence, service, plan, graph)
    store.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)


def end(store: Catalogue, lease: Lease) -> None:
    """The operation is over."""
    store.operations.finish(lease.operation_id, lease.fence, OperationState.FAILED, "it was meant to")


def intend(
    store: Catalogue,
    lease: Lease,
    instance: str,
    name: str,
    vim_kind: str = "modelled",
    kind: ResourceKind = ResourceKind.INSTANCE,
) -> None:
    """A row of the ledger, before the call."""
    component = instance.rpartition("-")[0] or instance
    tags = {"service": lease.service, "component": component, "instance": instance, "operation": "op"}
    store.ledger.intend(
        operation_id=lease.operation_id,
        fence=lease.fence,
        service=lease.service,
        component=component,
        instance=instance,
        pop="north",
        vim_kind=vim_kind,
        resource_name=name,
        tags={**tags, "tenant": "default"},
        kind=kind,
    )


class FakeSwitch:
    """A switch that only says which networks it has rules of."""

    def __init__(self, networks: set[str]) -> None:
        self._networks = networks

    def networks(self) -> frozenset[str]:
        return frozenset(self._networks)


class FakeInstance:
    def __init__(self, name: str) -> None:
        self.name = name


class FakePops:
    """PoP north of kind emulator, as the command line sees it."""

    def __init__(self, instances: set[str], networks: set[str]) -> None:
        self.instances = instances
        self.networks = networks
        self.observations: Mapping[str, Observation] = {}

    def __call__(self, *_: object) -> "FakePops":
        return self

    def kind(self, _: str) -> str:
        return "emulator"

    def vim(self, pop: str) -> "FakePops":
        return self

    networked = vim

    def network(self, _: str) -> "FakePops":
        return self

    def list(self, _: object) -> tuple[FakeInstance, ...]:
        return tuple(map(FakeInstance, sorted(self.instances)))

    def switch(self) -> FakeSwitch:
        return FakeSwitch(self.networks)

    def delete(self, name: str, progress: Callable[[str], None]) -> None:
        self.instances.discard(name)

    def remove(self, name: str, pop: str, progress: Callable[[str], None]) -> None:
        self.networks.discard(name)

    def observe(self, name: str) -> Observation:
        if name not in self.observations:
            raise VimUnavailableError("PoP north does not answer")
        return self.observations[name]
