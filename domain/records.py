"""What the catalogue hands out: frozen records of services, operations, resources and usage."""

from typing import Literal

from pydantic import AwareDatetime

from domain.deployments import Adjustment
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.models import Model
from domain.networking import Connection
from domain.phases import OperationState, ResourceKind, ResourceState, ServiceState
from domain.plans import Plan


class DescriptorRecord(Model):
    """One onboarded version of a descriptor."""

    name: str
    version: str
    digest: str
    """SHA-256 of the canonical content."""
    onboarded_at: AwareDatetime


class Change(Model):
    """One difference between the current infrastructure and a new one."""

    action: Literal["add", "change", "remove"]
    what: Literal["pop", "link", "licence", "currency", "objective"]
    name: str
    before: str | None
    """The fields that differ, as `field=value`; all of them where the thing is removed."""
    after: str | None


class Usage(Model):
    """What is reserved now, for every PoP and physical link of the infrastructure."""

    pops: dict[str, Resources]
    links: dict[str, float]
    """Mbit/s in each direction."""


class Lease(Model):
    """The right of one operation to change one service, until a higher fence is given out."""

    operation_id: str
    service: str
    fence: int


class OperationRecord(Model):
    """A lifecycle operation; what it is doing is in its workflow, not here."""

    operation_id: str
    kind: str
    service: str
    tenant: str
    workflow_id: str
    run_id: str
    fence: int
    state: OperationState
    failure: str | None
    started_at: AwareDatetime
    finished_at: AwareDatetime | None


class ResourceRecord(Model):
    """A row of the ledger: one external resource that exists, or that may."""

    resource_name: str
    pop: str
    vim_kind: str
    kind: ResourceKind
    service: str
    component: str
    instance: str
    operation_id: str
    state: ResourceState
    external_id: str | None
    address: str | None
    addresses: dict[str, str] = {}
    """Connection point -> IPv4 address."""
    tags: dict[str, str]
    reason: str | None
    """Why it was left over."""
    since: AwareDatetime
    """Of the state."""


class InstanceRecord(Model):
    """One running instance of a component."""

    name: str
    component: str
    kind: ComponentKind
    pop: str
    resources: Resources
    address: str | None
    external_id: str | None


class LinkRecord(Model):
    """One graph link as it was laid over the physical links."""

    name: str
    virtual_link: str
    pops: tuple[str, ...]
    physical_links: tuple[str, ...]
    bandwidth_mbps: float
    latency_ms: float


class ServiceRecord(Model):
    """A service; plan, instances and links are there once it has been committed."""

    name: str
    state: ServiceState
    descriptor: str | None
    version: str | None
    tenant: str
    since: AwareDatetime
    """Of the state."""
    plan: Plan | None
    connection: Connection | None
    instances: tuple[InstanceRecord, ...]
    links: tuple[LinkRecord, ...]
    revision: int = 0
    """Counts what operations have made of it; 0 until one has."""
    adjustments: dict[str, Adjustment] = {}
    """What operations changed against the descriptor, by component."""
