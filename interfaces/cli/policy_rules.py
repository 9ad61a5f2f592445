"""Policies in words: what each goes by and does, in a line."""

from domain.policies import (
    HealingPolicy,
    MigrationPolicy,
    PredictedPolicy,
    ScalingPolicy,
    SchedulePolicy,
    TargetPolicy,
    ThresholdPolicy,
)


def scaling_rule(policy: ScalingPolicy) -> str:
    """A scaling policy."""
    match policy:
        case ThresholdPolicy():
            return _threshold(policy)
        case TargetPolicy():
            share = f" (±{policy.tolerance * 100:g} %)" if policy.tolerance else ""
            return f"keep {policy.metric} at {policy.target:g}{share}"
        case SchedulePolicy():
            held = f", not fewer for {_time(policy.hold)}" if policy.hold else ""
            return f"{policy.instances} at {policy.cron} ({policy.time_zone}){held}"
        case PredictedPolicy():
            ahead = _time(policy.horizon)
            return f"one for each {policy.per_instance:g} of {policy.metric}, {ahead} ahead"


def _threshold(policy: ThresholdPolicy) -> str:
    out, in_ = f"above {policy.scale_out_above:g}", f"below {policy.scale_in_below:g}"
    steps = f"{policy.step_out} more {out}, {policy.step_in} fewer {in_}"
    return f"{policy.metric}: {steps}, each for {_time(policy.sustained)}"


def healing_rule(policy: HealingPolicy) -> str:
    """A healing policy."""
    ill, within = _time(policy.unhealthy_for), _time(policy.period)
    return (
        f"{policy.action} what is ill for {ill}; within {within}, at another PoP after {policy.attempts}, "
        f"left to people after {policy.give_up_after}"
    )


def migration_rule(policy: MigrationPolicy) -> str:
    """A migration policy."""
    beyond = f"{policy.metric} is above {policy.above:g} for {_time(policy.sustained)}"
    return f"leave the PoPs where it is once {beyond}; {_time(policy.cooldown)} between two moves"


def _time(seconds: float) -> str:
    """In the largest unit of which it is a whole number."""
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
