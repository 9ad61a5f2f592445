"""What an operator says to an operation under way, and what its activities are given."""

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from domain.deployments import Deployment
from domain.infrastructure import Resources
from domain.models import Model, Name
from domain.names import OperationKind
from domain.operation_plans import PlanBrief, Step
from domain.recovery import Recovery
from domain.requests import Held, StepTime


class Reason(Model):
    """Input of the updates pause, resume and give-up."""

    reason: str = Field(default="", max_length=500)


class StepChoice(Model):
    """Input of the updates retry and skip."""

    step: str | None = None
    """Id or title; None: every step that waits."""


class StepEdit(Model):
    """Input of the update edit: change what a failed step asks for, and try it again."""

    step: str
    image: str | None = Field(default=None, min_length=1, max_length=255)
    resources: Resources | None = None
    config: dict[str, str | int | float | bool] = {}
    environment: dict[str, str] = {}


class Told(Model):
    """Answer of every update: what was done, for people."""

    message: str


class Scope(Model):
    """What of the world a plan depends on: to be asked of each kind of VIM."""

    images: dict[Name, tuple[str, ...]] = {}
    """Kind of VIM -> images."""
    instances: dict[Name, dict[str, Name]] = {}
    """Kind of VIM -> names in the VIM to be looked at -> their PoPs."""


class Began(Model):
    """The lease, and whether something must be put right first."""

    held: Held
    mend: bool = False
    """An operation that died has left the service between two deployments."""
    recovery: Recovery = Recovery()
    note: str = ""
    """What is worth saying of how that was settled."""
    scope: Scope | None = None
    """Where nothing has to be put right first; None: to be asked for."""


class SurveyOrder(Model):
    """One kind of VIM's part of a scope."""

    images: tuple[str, ...]
    instances: dict[str, Name]


class ImageTraits(Model):
    """What an image's function says of itself."""

    single: bool = False
    """Two of one instance must never run at once: it ends before its successor begins."""
    routed: bool = False
    """Packets pass through it."""
    stateful: bool = False
    """It has state that can be copied to a successor."""


class Survey(Model):
    """What the VIMs answered."""

    traits: dict[str, ImageTraits] = {}
    """By image."""
    ailments: dict[str, str] = {}
    """Name in the VIM -> what is wrong with the instance; the healthy ones are not here."""
    silent: dict[Name, str] = {}
    """PoPs that do not answer, and their words."""


class PlanOrder(Model):
    """A plan to be made, or to be checked where the request names one; under a lease also reserved."""

    plan_id: str
    """Of a plan that is made; its last 8 characters mark the names of what it builds."""
    kind: OperationKind
    request: dict[str, Any]
    held: Held | None = None
    """None: only to be looked at."""
    survey: Survey = Survey()
    avoid: dict[str, frozenset[Name]] = {}
    """Instance -> PoPs where it was tried in vain."""


class PreviewOrder(Model):
    """Have the VIMs of one kind tell what they would change to carry out a stored plan."""

    plan_id: str


class PreviewNotes(Model):
    """The changes are kept with the plan; so is this: which of the VIMs could not tell, and why."""

    notes: tuple[str, ...] = ()


class StepOrder(Model):
    """A step of a plan, to be done now."""

    held: Held
    tenant: Name
    plan_id: str | None
    """None: a step of mending, before there is a plan."""
    step: Step


class StepNote(Model):
    """What is worth saying of a step that was done."""

    note: str = ""


class FusedOrder(Model):
    """Steps to be done one after the other, by one activity."""

    held: Held
    tenant: Name
    plan_id: str | None
    steps: tuple[Step, ...] = Field(min_length=1)

    def each(self) -> Iterator[StepOrder]:
        """The orders that it is made of."""
        for step in self.steps:
            yield StepOrder(held=self.held, tenant=self.tenant, plan_id=self.plan_id, step=step)


class FusedNote(Model):
    """What was done of them."""

    done: dict[str, StepNote]
    """By the step's id."""
    seconds: dict[str, float]
    """How long each of these took."""
    stopped: str = ""
    """Why the next was not done; empty where all were."""


class Committed(StepNote):
    """An outcome that stands."""

    watched: bool = False
    """Whether the service has policies now, or had some before."""


class PlanRef(Model):
    """A plan of an operation under its lease; None where there is none yet."""

    held: Held
    plan_id: str | None
    begun: frozenset[str] | None = None
    """Ids of the steps that may have changed something; None: any may have."""


class Amendment(Model):
    """An edit of what a step asks for."""

    held: Held
    plan_id: str
    step: Step
    edit: StepEdit


class CompareOrder(Model):
    """Compare the committed service with what the PoPs of one kind of VIM hold of it."""

    service: Name
    pops: tuple[Name, ...]


class Differences(Model):
    """Where world and catalogue differ; empty where they agree."""

    found: tuple[str, ...] = ()


class UndoBrief(Model):
    """How to come back to the committed deployment, and what to compare afterwards."""

    brief: PlanBrief
    pops: dict[Name, tuple[Name, ...]]
    """Kind of VIM -> PoPs to be compared."""


class ServiceView(Model):
    """What the catalogue has committed of a service."""

    deployment: Deployment | None
    revision: int


class StepTimes(Model):
    """Of one operation."""

    times: tuple[StepTime, ...]
