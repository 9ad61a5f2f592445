"""How soon a dead worker is noticed, how much is done anew then, and who goes first: reliability profiles."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, model_validator

from domain.models import Documented, Model, Name
from domain.names import OperationKind
from domain.units import DurationS

Waiting = Annotated[DurationS, Field(ge=0.05, le=3600)]
Priority = Annotated[int, Field(ge=1, le=5)]
"""Temporal's priority key: 1 goes first, 3 is the usual."""
_LAST = 5
Weight = Annotated[float, Field(ge=0.001, le=1000)]
"""Temporal's fairness weight of a tenant, among those of the same priority."""
Steps = Annotated[int, Field(ge=1, le=100)]


class Recovery(Model):
    """What one operation goes by; it is settled as it begins, and stands in its history."""

    profile: Name = "balanced"
    """From which it comes."""
    heartbeat_timeout_s: float = Field(default=1.3, ge=0.1, le=3600)
    """After so long without a heartbeat an activity's worker counts as dead."""
    steps_per_checkpoint: Steps = 1
    """So many steps that follow each other at one kind of VIM are one activity."""
    first_pause_s: float = Field(default=0.1, ge=0, le=3600)
    """Before a call to the own store is tried again."""
    priority: Priority = 3
    fairness_weight: Weight = 1.0

    def by_policy(self, kind: OperationKind) -> "Recovery":
        """The same, for what a policy begins: after what people ask for, as many services may scale at once.

        Not so healing: there somebody waits for the service.
        """
        if kind is OperationKind.HEAL:
            return self
        return self.model_copy(update={"priority": min(_LAST, self.priority + 1)})


class Override(Documented):
    """What is otherwise for one kind of operation, or for one tenant."""

    heartbeat_timeout: Waiting | None = None
    steps_per_checkpoint: Steps | None = None
    first_pause: Waiting | None = None
    priority: Priority | None = None
    fairness_weight: Weight | None = None


class Profile(Documented):
    """What `interlace up --reliability` applies: settings of the workers, and what operations go by."""

    profile: Name
    """By which commands, descriptors and histories call it."""
    description: str = Field(default="", max_length=500)
    workers: int = Field(default=1, ge=1, le=16)
    """Worker processes that serve each task queue."""
    heartbeat_interval: Waiting = 0.3
    """How often an activity beats. Where its time-out is another, the interval changes with it."""
    heartbeat_timeout: Waiting = 1.3
    """After so long without a beat the activity's worker counts as dead."""
    sticky_timeout: Waiting = 0.6
    """So long a workflow's task waits for the worker that has its state in memory; then any other gets it."""
    steps_per_checkpoint: Steps = 1
    """So many steps that follow each other at one kind of VIM are one activity: a crash repeats all of it."""
    first_pause: Waiting = 0.1
    """Before a call to the own store is tried again."""
    priority: Priority = 3
    """1 goes first, 5 last."""
    operations: dict[OperationKind, Override] = {}
    """What is otherwise for one kind of operation."""
    tenants: dict[Name, Override] = {}
    """What is otherwise for one tenant; before `operations`, where both say something."""

    @model_validator(mode="after")
    def _beats_before_it_is_dead(self) -> "Profile":
        if self.heartbeat_timeout < self.heartbeat_interval:
            raise ValueError(
                f"heartbeat_timeout: {self.heartbeat_timeout:g} s is less than the heartbeat interval of "
                f"{self.heartbeat_interval:g} s, so every worker would count as dead"
            )
        return self

    @property
    def beats_per_timeout(self) -> float:
        """Heartbeat intervals in a heartbeat time-out, whatever that is."""
        return self.heartbeat_timeout / self.heartbeat_interval

    def recovery(self, kind: OperationKind, tenant: str) -> Recovery:
        """What an operation of this kind, for this tenant, goes by."""
        said: dict[str, float] = {}
        for override in (self.operations.get(kind), self.tenants.get(tenant)):
            # as they are: dumped, a duration would be a text
            said |= {name: value for name, value in override or () if value is not None}
        return Recovery(
            profile=self.profile,
            heartbeat_timeout_s=said.get("heartbeat_timeout", self.heartbeat_timeout),
            steps_per_checkpoint=int(said.get("steps_per_checkpoint", self.steps_per_checkpoint)),
            first_pause_s=said.get("first_pause", self.first_pause),
            priority=int(said.get("priority", self.priority)),
            fairness_weight=said.get("fairness_weight", 1.0),
        )


BALANCED = Profile(
    profile="balanced",
    description="A crash costs about two seconds and the step that was under way; the usual.",
    workers=2,
)
FAST = Profile.model_validate(
    {
        "profile": "fast-recovery",
        "description": "For services that must not wait: a crash is noticed in under a second, on workers "
        "with processors to spare.",
        "workers": 3,
        "heartbeat_interval": "150 ms",
        "heartbeat_timeout": "750 ms",
        "sticky_timeout": "400 ms",
        "priority": 1,
    }
)
FRUGAL = Profile.model_validate(
    {
        "profile": "frugal",
        "description": "For batches: few heartbeats, three steps to a checkpoint; a crash may cost half a "
        "minute.",
        "heartbeat_interval": "5 s",
        "heartbeat_timeout": "15 s",
        "sticky_timeout": "5 s",
        "steps_per_checkpoint": 3,
        "first_pause": "1 s",
        "priority": 5,
    }
)
PROFILES: Mapping[str, Profile] = MappingProxyType({each.profile: each for each in (BALANCED, FAST, FRUGAL)})
"""Those that need no file."""
