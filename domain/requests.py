"""What workflows and activities take and give: one model in, one out."""

from typing import Any, Literal

from pydantic import AwareDatetime, Field

from domain.models import Model, Name, Version
from domain.names import OperationKind
from domain.networking import MODELLED, Connection
from domain.phases import OperationState, Phase, ResourceKind
from domain.plans import Plan, ServiceGraph


class Patience(Model):
    """How long an operation waits before it gives a step up."""

    step_timeout_s: float = Field(default=300.0, gt=0)
    """For one attempt of one call to a VIM."""
    give_up_after_s: float = Field(default=600.0, gt=0)
    """For all attempts of one call to a VIM."""
    undo_give_up_after_s: float = Field(default=60.0, gt=0)
    """For all attempts of one deletion in an undo; afterwards a sweep goes on deleting."""


class InstantiateRequest(Model):
    """Input of the workflow Instantiate."""

    service: Name
    descriptor: Name
    version: Version | None = None
    """The newest onboarded one where absent."""
    tenant: Name = "default"
    patience: Patience = Patience()
    plan: str | None = None
    """A stored plan to apply."""
    on_failure: Literal["undo", "hold"] = "undo"
    reliability: Name | None = None
    """The profile to go by; None: the descriptor's, or that of the workers."""


class TerminateRequest(Model):
    """Input of the workflow Terminate."""

    service: Name
    tenant: Name = "default"
    patience: Patience = Patience()
    plan: str | None = None
    """A stored plan to apply."""
    on_failure: Literal["undo", "hold"] = "undo"
    reliability: Name | None = None
    """The profile to go by; None: the descriptor's, or that of the workers."""


class SweepRequest(Model):
    """Input of the workflow Sweep: keeps deleting what an operation left behind."""

    service: Name
    first_pause_s: float = Field(default=5.0, gt=0)
    longest_pause_s: float = Field(default=300.0, gt=0)


class OperationResult(Model):
    """Output of an operation."""

    operation_id: str
    service: Name
    cost_per_hour: float | None = None
    currency: str | None = None
    leftovers: tuple[str, ...] = ()
    plan_id: str | None = None
    notes: tuple[str, ...] = ()


StepState = Literal["waiting", "running", "retrying", "held", "done", "failed", "skipped", "undone"]


class StepProgress(Model):
    """One step of an operation."""

    name: str
    state: StepState
    id: str = ""
    """By which an update names it; empty where it cannot be steered."""
    pop: str = ""
    attempt: int = 1
    next_attempt_at: AwareDatetime | None = None
    cause: str = ""
    """Why its last attempt failed, in the other side's words."""
    note: str = ""
    """What is worth saying of how it was done."""
    skippable: bool = False
    editable: bool = False


class OperationProgress(Model):
    """Answer of the query `progress`."""

    operation_id: str
    service: Name
    phase: Phase
    steps: tuple[StepProgress, ...]
    failure: str | None = None
    plan_id: str | None = None
    paused: str | None = None
    """Why no new step begins; None where steps do."""
    expected_duration_s: float | None = None


class BeginOperation(Model):
    """Takes the lease of a service."""

    operation_id: str
    kind: OperationKind
    service: Name
    tenant: Name
    workflow_id: str
    run_id: str
    descriptor: Name | None = None
    version: Version | None = None
    reliability: Name | None = None
    by_policy: bool = False
    """Begun by the watch of the service, so nobody waits for it."""
    request: dict[str, Any] | None = None
    """The operation's own, where what its plan depends on is to be told with the lease."""


class Held(Model):
    """Whatever an operation does under its lease."""

    operation_id: str
    fence: int
    service: Name


class StepTime(Model):
    """How long a step took, for the expectations of later plans."""

    action: str
    vim_kind: Name
    seconds: float


class FinishOperation(Model):
    """Gives the lease back."""

    held: Held
    state: OperationState
    failure: str | None = None
    times: tuple[StepTime, ...] = ()
    """Of the steps that were done."""


class ResolveRequest(Model):
    """A descriptor to expand for a service."""

    service: Name
    descriptor: Name
    version: Version | None = None


class Solution(Model):
    """A plan, and the kind of VIM of each PoP that it uses, those on the way of its routes too."""

    plan: Plan
    vim_kinds: dict[Name, Name]


class PlannedService(Model):
    """A plan with its graph, to reserve or to commit."""

    held: Held
    graph: ServiceGraph
    plan: Plan


class ConnectedService(PlannedService):
    """A service to commit, with what came of connecting it."""

    connection: Connection = MODELLED


class CreateInstance(Model):
    """One instance to create on a PoP, or what stands at an endpoint."""

    held: Held
    tenant: Name
    descriptor: Name
    version: Version
    component: Name
    """Or the endpoint."""
    instance: str
    pop: Name
    endpoint: bool = False


class NetworkStep(Model):
    """A PoP, or the two of a physical link, at which a service is to be connected."""

    held: Held
    tenant: Name
    pops: tuple[Name, ...]
    physical_link: Name | None = None


class ExternalResource(Model):
    """A resource in a VIM, as the ledger names it."""

    service: Name
    name: str
    instance: str
    pop: Name
    vim_kind: Name
    kind: ResourceKind = ResourceKind.INSTANCE


class ResourceList(Model):
    """Resources from the ledger."""

    resources: tuple[ExternalResource, ...]


class LeaveResource(Model):
    """A resource that could not be deleted now, and why."""

    resource: ExternalResource
    reason: str


class ResourceQuery(Model):
    """One service's resources in the ledger."""

    service: Name
    only_leftovers: bool = False


class Nothing(Model):
    """The output of a call that only acts."""
