"""What a service asks to be done after its instantiation: when to scale a component, heal it, move it away.

Policies act through the operations Scale, Heal and Migrate, as a person would. `monitoring/` decides by them.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from domain.models import Documented, Name
from domain.units import DurationOrZeroS, DurationS

Expression = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""Arithmetic over metrics, such as `avg(cpu)` or `sum(requests_per_s) / instances`."""


class PolicyKind(StrEnum):
    """How a scaling policy finds the number of instances."""

    THRESHOLD = "threshold"
    TARGET = "target"
    SCHEDULE = "schedule"
    PREDICTED = "predicted"


class ScalingRule(Documented):
    """What all scaling policies have in common."""

    name: Name | None = None
    """Unique within the service; `<component>-<kind>` where absent."""
    component: Name
    cooldown: DurationS = 60.0
    """How long after any scaling of the component it adds no instances."""
    cooldown_in: DurationS = 300.0
    """How long after any scaling of the component it takes none away."""


class ThresholdPolicy(ScalingRule):
    """Add instances above one value and take them away below another; between them nothing happens."""

    kind: Literal[PolicyKind.THRESHOLD] = PolicyKind.THRESHOLD
    metric: Expression
    scale_out_above: float = Field(allow_inf_nan=False)
    scale_in_below: float = Field(allow_inf_nan=False)
    sustained: DurationS = 30.0
    """How long without a break the value must be beyond a threshold."""
    step_out: int = Field(default=1, ge=1, le=1000)
    step_in: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _of_another_kind(cls, given: Any) -> Any:
        if isinstance(given, dict) and "kind" not in given:
            for kind, field in (("target", "target"), ("schedule", "cron"), ("predicted", "per_instance")):
                if field in given:
                    raise ValueError(f"a policy with {field!r} is of another kind: add kind: {kind}")
        return given

    @model_validator(mode="after")
    def _no_flapping(self) -> "ThresholdPolicy":
        if self.scale_in_below >= self.scale_out_above:
            raise ValueError("scale_in_below must be under scale_out_above")
        return self


class TargetPolicy(ScalingRule):
    """Keep a metric, which falls as instances are added, near a value."""

    kind: Literal[PolicyKind.TARGET]
    metric: Expression
    target: float = Field(gt=0, allow_inf_nan=False)
    tolerance: float = Field(default=0.1, ge=0, lt=1)
    """Share of the target by which the value may be off before anything happens."""
    sustained: DurationS = 15.0
    """Over which the value is averaged before it is believed."""
    max_step: int | None = Field(default=None, ge=1, le=1000)
    """Of instances at a time; None: as many as it takes."""


class SchedulePolicy(ScalingRule):
    """Scale to a number at given times. A Temporal Schedule, so it is seen and paused there, too."""

    kind: Literal[PolicyKind.SCHEDULE]
    cron: str = Field(min_length=1, max_length=200)
    """Minute, hour, day of the month, month, day of the week: `0 8 * * 1-5`."""
    time_zone: str = "UTC"
    """Of the IANA database: `Europe/Berlin`."""
    instances: int = Field(ge=1, le=1000)
    hold: DurationOrZeroS = 0.0
    """How long other policies may not go below the number."""
    window: DurationS = 300.0
    """How long it waits for an operation that is under way before it is skipped, which is told."""


class PredictedPolicy(ScalingRule):
    """Have the instances ready that a forecast asks for; where it is no good, those for the load of now."""

    kind: Literal[PolicyKind.PREDICTED]
    metric: Expression
    """The whole load, whatever the number of instances: `sum(requests_per_s)`."""
    per_instance: float = Field(gt=0, allow_inf_nan=False)
    """Of that load, what one instance carries."""
    horizon: DurationS = Field(default=300.0, gt=0)
    """How far ahead is looked: at least as long as an instance takes to serve."""
    season: DurationS = Field(default=86400.0, gt=0)
    """After which the load repeats."""
    max_error: float = Field(default=0.3, gt=0, allow_inf_nan=False)
    """Mean absolute error of the latest forecasts, as a share of the load; above, they are not followed."""


TAGS = ("[threshold]", "[target]", "[schedule]", "[predicted]")
"""The kinds, as they stand in the paths of pydantic's errors: `target` is a field, too."""


def _tag(value: Any) -> str:
    default = PolicyKind.THRESHOLD
    return f"[{value.get('kind', default) if isinstance(value, dict) else getattr(value, 'kind', default)}]"


ScalingPolicy = Annotated[
    Annotated[ThresholdPolicy, Tag("[threshold]")]
    | Annotated[TargetPolicy, Tag("[target]")]
    | Annotated[SchedulePolicy, Tag("[schedule]")]
    | Annotated[PredictedPolicy, Tag("[predicted]")],
    Discriminator(
        _tag,
        custom_error_type="policy_kind",
        custom_error_message="kind must be 'threshold', 'target', 'schedule' or 'predicted'",
    ),
]
"""By `kind`; a threshold where nothing is said."""


class HealingPolicy(Documented):
    """When an instance of a component counts as dead, and what is done then."""

    component: Name
    action: Literal["restart", "replace"]
    """`restart`: built anew where it was; `replace`: where the placement finds best."""
    unhealthy_for: DurationS = 15.0
    """How long its VIM must call it ill without a break."""
    attempts: int = Field(default=3, ge=1, le=100)
    """Where it is, within `period`; after that it is built at another PoP, where one will do."""
    period: DurationS = 600.0
    give_up_after: int = Field(default=6, ge=1, le=100)
    """Heals within `period` after which it is left to people, which is told."""

    @model_validator(mode="after")
    def _ordered(self) -> "HealingPolicy":
        if self.give_up_after < self.attempts:
            raise ValueError(f"give_up_after ({self.give_up_after}) is under attempts ({self.attempts})")
        return self


class MigrationPolicy(Documented):
    """When a component leaves the PoPs where it is: above a value, as where a link on its way got slow."""

    name: Name | None = None
    """Unique within the service, among scaling policies too; `<component>-migration` where absent."""
    component: Name
    metric: Expression
    above: float = Field(allow_inf_nan=False)
    sustained: DurationS = 60.0
    """How long without a break the value must be above."""
    cooldown: DurationS = 600.0
    """How long after a move by any policy the component stays where it is."""


def name_of(policy: ScalingPolicy | MigrationPolicy) -> str:
    """Its own, or the one that it has where none was given."""
    kind = "migration" if isinstance(policy, MigrationPolicy) else policy.kind
    return policy.name or f"{policy.component}-{kind}"


class Policies(Documented):
    """Rules for the time after the instantiation."""

    interval: DurationS = 15.0
    """Between two looks at the service."""
    scaling: tuple[ScalingPolicy, ...] = Field(default=(), max_length=500)
    healing: tuple[HealingPolicy, ...] = Field(default=(), max_length=500)
    migration: tuple[MigrationPolicy, ...] = Field(default=(), max_length=500)

    @property
    def watched(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.scaling or self.healing or self.migration)

    @field_validator("interval")
    @classmethod
    def _an_interval(cls, seconds: float) -> float:
        if not 1 <= seconds <= 3600:
            raise ValueError(f"{seconds:g} s: the time between two looks is from 1 s to 1 h")
        return seconds
