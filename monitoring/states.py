"""All that decisions remember of a service from one look to the next: small, and the same as JSON.

Times are seconds since the epoch. What is not there has not happened.
"""

from collections.abc import Mapping

from domain.models import Model, Name
from monitoring.windows import History


class ComponentState(Model):
    """Of a component that may be scaled."""

    instances: int
    """At the last look."""
    scaled_at: float | None = None
    """When anybody last scaled it, or tried to."""


class ThresholdState(Model):
    """Of a threshold policy."""

    above_since: float | None = None
    below_since: float | None = None


class TargetState(Model):
    """Of a target policy."""

    values: History = ()
    """To be averaged."""
    wanted: tuple[tuple[float, int], ...] = ()
    """Numbers of instances found before: the greatest within the cooldown holds a scaling in."""


class ScheduleState(Model):
    """Of a schedule."""

    fired_at: float | None = None
    next_at: float | None = None
    due: bool = False
    """Fired, and neither done nor skipped yet."""


class PredictedState(Model):
    """Of a policy that forecasts. Loads are means over equal times (`monitoring/predicted.py` says which)."""

    index: int | None = None
    """Of the time that is under way, counted from the epoch."""
    total: float = 0.0
    """Of the loads seen in it."""
    seen: int = 0
    loads: tuple[float | None, ...] = ()
    """Of the times before it; None where nothing was seen."""
    ahead: tuple[float, ...] = ()
    """Forecast for it and those after it."""
    error: float | None = None
    """Of the latest forecasts, as a share of the load."""
    told: str = ""
    """How it was forecast, or why not."""
    wanted: tuple[tuple[float, int], ...] = ()


class HealingState(Model):
    """Of a component that is healed."""

    ill_since: Mapping[str, float] = {}
    """Instance -> when it was first found ill, without a break since."""
    heals: tuple[tuple[float, str], ...] = ()
    """(when, instance) within the policy's period."""


class Ailment(Model):
    """Of an instance that is ill, or was when it was last heard of."""

    component: Name
    since: float
    told: str = ""
    """In its VIM's words."""


class MigrationState(Model):
    """Of a component that leaves PoPs."""

    above_since: Mapping[str, float] = {}
    """Policy -> since when its value is above."""
    moved_at: float | None = None
    """When a policy last moved it, or tried to."""


class State(Model):
    """Of a service."""

    at: float | None = None
    """When it was last looked at."""
    components: Mapping[Name, ComponentState] = {}
    thresholds: Mapping[str, ThresholdState] = {}
    targets: Mapping[str, TargetState] = {}
    schedules: Mapping[str, ScheduleState] = {}
    predictions: Mapping[str, PredictedState] = {}
    healing: Mapping[Name, HealingState] = {}
    ailments: Mapping[str, Ailment] = {}
    """Of instances; silence neither begins nor ends one."""
    migrations: Mapping[Name, MigrationState] = {}
    silent: Mapping[str, float] = {}
    """Policy -> since when it has no value."""
    figures: Mapping[str, History] = {}
    """What expressions take the mean of over time."""
