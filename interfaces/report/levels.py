"""What policies go by, and the values that they hold it against. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.descriptor import Scaling
from domain.policies import (
    MigrationPolicy,
    Policies,
    PredictedPolicy,
    ScalingPolicy,
    TargetPolicy,
    ThresholdPolicy,
    name_of,
)
from interfaces.report.curves import Wanted
from interfaces.report.scales import said
from interfaces.report.story import Level


@dataclass(frozen=True)
class Rule:
    """A policy that goes by a value."""

    policy: str
    wanted: Wanted
    against: tuple[tuple[float, str], ...]
    """Values, and what happens there, in words that a value ends."""
    per_instance: float | None = None
    """Of the value, what one instance carries."""

    @property
    def component(self) -> str:
        """Whose policy it is."""
        return self.wanted.component


def rules(policies: Policies) -> tuple[Rule, ...]:
    """All that go by a value; schedules and healing do not."""
    scaling = (rule for each in policies.scaling if (rule := _scaling(each)) is not None)
    return (*scaling, *map(_migration, policies.migration))


def _scaling(policy: ScalingPolicy) -> Rule | None:
    name = name_of(policy)
    match policy:
        case ThresholdPolicy():
            against = (
                (policy.scale_out_above, f"{name}: out above"),
                (policy.scale_in_below, f"{name}: in below"),
            )
            return Rule(name, Wanted(policy.metric, policy.component), against)
        case TargetPolicy():
            aim = ((policy.target, f"{name}: target"),)
            return Rule(name, Wanted(policy.metric, policy.component), aim)
        case PredictedPolicy():
            return Rule(name, Wanted(policy.metric, policy.component), (), policy.per_instance)
    return None


def _migration(policy: MigrationPolicy) -> Rule:
    name = name_of(policy)
    return Rule(name, Wanted(policy.metric, policy.component), ((policy.above, f"{name}: leaves above"),))


def levels_of(rule: Rule, hue: int, factor: float = 1.0) -> Iterator[Level]:
    """As lines in a chart, whose values are so many times the policy's."""
    for value, words in rule.against:
        yield Level(value=value * factor, words=f"{words} {said(value * factor)}", hue=hue)


def limits_of(limits: Mapping[str, Scaling], hues: Mapping[str, int]) -> tuple[Level, ...]:
    """The least and the most instances that a component may have."""
    return tuple(
        Level(value=value, words=f"{name}: {words} {value}", hue=hues[name])
        for name, scaling in limits.items()
        if name in hues
        for value, words in ((scaling.min, "at least"), (scaling.max, "at most"))
    )
