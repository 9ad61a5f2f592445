"""The requests that change a running service: Scale, Migrate, Heal, Update; and Plan, for any operation."""

from typing import Any, Literal

from pydantic import Field, model_validator

from domain.infrastructure import Resources
from domain.models import Model, Name, Version
from domain.names import OperationKind
from domain.requests import InstantiateRequest, Patience, TerminateRequest

OnFailure = Literal["undo", "hold"]
"""What becomes of a step that failed for good: all is undone, or it waits for an operator."""


class ChangeRequest(Model):
    """What the requests that change a running service have in common."""

    service: Name
    tenant: Name = "default"
    plan: str | None = None
    """A stored plan to apply; then nothing else says what to do."""
    patience: Patience = Patience()
    on_failure: OnFailure = "undo"
    reliability: Name | None = None
    """The profile to go by; None: the descriptor's, or that of the workers."""

    def _exactly_one(self, **ways: object) -> None:
        given = [name for name, value in {"plan": self.plan, **ways}.items() if value]
        if len(given) != 1:
            said = f"not {' and '.join(given)} together" if given else "none is given"
            raise ValueError(f"say one of {', '.join(['plan', *ways])}: {said}")


class ScaleRequest(ChangeRequest):
    """Input of the workflow Scale: more or fewer instances, another flavour, or another image."""

    component: Name | None = None
    instances: int | None = Field(default=None, ge=1, le=1000)
    """To this number."""
    by: int | None = None
    """By so many: above 0 out, below 0 in."""
    resources: Resources | None = None
    """To this flavour: up or down."""
    image: str | None = Field(default=None, min_length=1, max_length=255)
    """Replaced by a function of this image: a more performant one, say."""
    surge: int = Field(default=1, ge=1, le=1000)
    """How many instances are built beyond the number at a time, where they are exchanged."""
    in_place: bool = False
    """With resources: instances stay and are resized, one after the other, each with an interruption."""

    @model_validator(mode="after")
    def _says_what(self) -> "ScaleRequest":
        if self.plan is None and self.component is None:
            raise ValueError("component: required, unless a plan is applied")
        if self.instances is not None and self.by is not None:
            raise ValueError("say instances or by, not both")
        if self.by == 0:
            raise ValueError("by: 0 changes nothing")
        changes = (self.instances, self.by, self.resources, self.image)
        wanted = any(change is not None for change in changes)
        if (self.plan is None) != wanted:
            raise ValueError("say what to change: instances, by, resources or image; or the plan to apply")
        if self.in_place and (self.resources is None or self.image is not None):
            raise ValueError(
                "in place is for another flavour (resources): what gets another image is built anew"
            )
        return self


class MigrateRequest(ChangeRequest):
    """Input of the workflow Migrate."""

    moves: dict[str, Name] = {}
    """Component or instance -> PoP."""
    evacuate: Name | None = None
    """A PoP that all instances leave."""
    leave: tuple[Name, ...] = ()
    """Components whose instances leave the PoPs where they are."""
    optimise: bool = False
    """Place anew: what is gained must be worth its move."""
    move_cost_per_hour: float = Field(default=0.01, ge=0, allow_inf_nan=False)
    """With optimise: an instance moves only where that saves more, in the infrastructure's currency."""
    rehost: tuple[str, ...] = ()
    """Components or instances that go to another host of the PoP where they are; its VIM chooses which."""
    cold: bool = False
    """With rehost: they stop meanwhile, where they would else move live."""

    @model_validator(mode="after")
    def _says_what(self) -> "MigrateRequest":
        self._exactly_one(
            moves=self.moves,
            evacuate=self.evacuate,
            leave=self.leave,
            optimise=self.optimise,
            rehost=self.rehost,
        )
        if self.cold and not self.rehost:
            raise ValueError("cold goes with rehost only")
        return self


class HealRequest(ChangeRequest):
    """Input of the workflow Heal."""

    instances: tuple[str, ...] = ()
    """None named: all that are not healthy. One that is named is built anew even if it seems well."""
    lost_pops: frozenset[Name] = frozenset()
    """PoPs that are gone for good: what ran there is built elsewhere, what they still hold is swept."""
    elsewhere: bool = False
    """Not at the PoP where it failed."""
    replace: bool = False
    """Wherever the placement finds best, be it where it failed."""
    force: bool = False
    """Build named instances anew even if they are healthy."""


class UpdateRequest(ChangeRequest):
    """Input of the workflow Update: to another version of the service's descriptor."""

    version: Version | None = None
    """The newest onboarded one where absent."""
    descriptor: Name | None = None
    """The service's own where absent; that of another service is refused."""
    surge: int = Field(default=1, ge=1, le=1000)
    """How many instances of a component are built beyond its number at a time."""
    reset: bool = False
    """Forget what Scale has changed, where it may; otherwise numbers and flavours are kept."""


AnyRequest = (
    InstantiateRequest | ScaleRequest | MigrateRequest | HealRequest | UpdateRequest | TerminateRequest
)

REQUESTS: dict[OperationKind, type[AnyRequest]] = {
    OperationKind.INSTANTIATE: InstantiateRequest,
    OperationKind.SCALE: ScaleRequest,
    OperationKind.MIGRATE: MigrateRequest,
    OperationKind.HEAL: HealRequest,
    OperationKind.UPDATE: UpdateRequest,
    OperationKind.TERMINATE: TerminateRequest,
}


class PlanRequest(Model):
    """Input of the workflow Plan: plan an operation and store the plan, changing nothing."""

    kind: OperationKind
    request: dict[str, Any]
    """As the operation's own workflow takes it."""

    def parsed(self) -> AnyRequest:
        """The operation's request.

        :raises pydantic.ValidationError: if it is none
        """
        return REQUESTS[self.kind].model_validate(self.request)
