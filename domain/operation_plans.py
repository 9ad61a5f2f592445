"""The plan of a lifecycle operation: what will be different, and the steps that make it so."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime

from domain.deployments import Deployment
from domain.infrastructure import Infrastructure, Resources
from domain.models import Model, Name
from domain.names import OperationKind
from domain.phases import Phase, ResourceKind


class StepAction(StrEnum):
    """What a step does; the value is the name of its activity."""

    CREATE = "instance.create"
    CONFIGURE = "instance.configure"
    """Give a running instance another config."""
    TRANSFER = "instance.transfer"
    """Copy the state of an instance to its successor: tracked connections, and the function's own."""
    DRAIN = "instance.drain"
    """Wait until what an instance has in flight is done."""
    RESIZE = "instance.resize"
    """Give a running instance other resources; it stays itself."""
    REHOST = "instance.rehost"
    """Move a running instance to another host of its PoP; tried again, it may move once more."""
    DELETE = "resource.delete"
    """An instance, or a PoP's part of a network."""
    COMPILE = "network.work-out"
    JOIN = "network.join"
    PROGRAM = "network.program"
    PROBE = "network.probe"


class NetworkStage(StrEnum):
    """How far a switch is on the way from one network to the next (Reitblatt et al., SIGCOMM 2012)."""

    EXTEND = "extend"
    """All of the old rules, and those of the new that take no packet of the old way."""
    SWITCH = "switch"
    """Packets enter the new way; those still on the old one find their way out."""
    SETTLE = "settle"
    """The new rules alone."""
    REOPEN = "reopen"
    """An undo of SWITCH: the committed ways are there again, beside the planned ones that packets go."""
    RETURN = "return"
    """Packets enter the committed ways; those still on the planned ones find their way out."""
    RESTORE = "restore"
    """The committed network's rules alone: an undo."""


class Step(Model):
    """One call to one VIM or network. It may be tried again at any time."""

    id: str
    """Unique within the plan: `1.create.web-3`."""
    action: StepAction
    title: str
    """For people: `create web-3 on berlin`."""
    vim_kind: Name
    pop: Name
    round: int = 1
    """Of a rolling change; the first is 1."""
    instance: str | None = None
    """Instance or endpoint; None for a step of the network."""
    resource: str | None = None
    """The name in the VIM, or of the network."""
    kind: ResourceKind = ResourceKind.INSTANCE
    """Of what is deleted."""
    committed: bool = False
    """Whether the instance is as in the committed deployment (an undo), rather than as planned."""
    source: str | None = None
    """TRANSFER: the name in the VIM of the instance whose state is copied."""
    source_pop: Name | None = None
    physical_link: Name | None = None
    """JOIN: the link, between `pop` and `other_pop`."""
    other_pop: Name | None = None
    stage: NetworkStage | None = None
    limit_s: float | None = None
    """DRAIN: how long it may take."""
    live: bool = True
    """REHOST: without an interruption that users notice."""
    skippable: bool = False
    """Whether an operator may leave it out."""
    expected_s: float = 0.0


class Wave(Model):
    """Steps that do not wait for each other."""

    phase: Phase
    steps: tuple[Step, ...]


class Round(Model):
    """One turn of a rolling change."""

    resources: dict[str, str]
    """Instance or endpoint -> the name in the VIM of the one that serves when the round is over."""


class PopChange(Model):
    """What a PoP holds of the service."""

    pop: Name
    before: Resources
    peak: Resources
    """While the operation runs."""
    after: Resources
    capacity: Resources


class LinkChange(Model):
    """What the service reserves of a physical link, in each direction."""

    physical_link: Name
    before_mbps: float
    after_mbps: float


class Interruption(Model):
    """How long a component is expected not to serve, and why."""

    component: Name
    seconds: float
    why: str


class VimChange(Model):
    """One change that a VIM would make, in its own words."""

    pop: Name
    component: Name
    address: str
    """Of what is changed: module.pop.aws_instance.instance["shop-web-1-1a2b3c4d"], say."""
    action: str
    """create, update, replace or delete."""


class OperationPlan(Model):
    """All that an operation will do, kept in the catalogue under its id."""

    plan_id: str
    kind: OperationKind
    service: Name
    tenant: Name
    request: dict[str, Any]
    """The request that it answers, as JSON."""
    created_at: AwareDatetime
    revision: int
    """Of the service when it was planned; 0 where there was none."""
    before: Deployment | None
    after: Deployment | None
    """None: the service will be gone."""
    given_up: tuple[str, ...] = ()
    """Names in the VIM of instances that are deleted before their successors are built."""
    infrastructure: Infrastructure | None
    """The PoPs and links that it relies on, as they were; None for Terminate."""
    rounds: tuple[Round, ...] = ()
    waves: tuple[Wave, ...]
    pops: tuple[PopChange, ...]
    links: tuple[LinkChange, ...]
    cost_before: float
    """Per hour."""
    cost_after: float
    currency: str
    expected_duration_s: float
    interruptions: tuple[Interruption, ...] = ()
    notes: tuple[str, ...] = ()
    """What a person should know: what moves, what is kept, what was rounded."""
    vim_changes: tuple[VimChange, ...] = ()
    """As VIMs that can tell saw them when the plan was made; only where it was made to be shown."""

    def brief(self) -> "PlanBrief":
        """What the workflow needs of it."""
        return PlanBrief(
            plan_id=self.plan_id,
            waves=self.waves,
            cost_per_hour=self.cost_after,
            currency=self.currency,
            expected_duration_s=self.expected_duration_s,
            notes=self.notes,
        )


class PlanBrief(Model):
    """The steps of a plan. Deployments stay in the catalogue: no history carries them."""

    plan_id: str
    waves: tuple[Wave, ...]
    cost_per_hour: float
    currency: str
    expected_duration_s: float = 0.0
    notes: tuple[str, ...] = ()


class PlanState(StrEnum):
    """How a stored plan stands."""

    READY = "READY"
    """May be applied once, as long as the world is as it was."""
    TAKEN = "TAKEN"
    """An operation follows it, or has."""


class PlanRecord(Model):
    """A stored plan and what became of it."""

    plan: OperationPlan
    state: PlanState
    operation_id: str | None
    """Which took it."""
