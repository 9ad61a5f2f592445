"""Thresholds: add instances above one value, take them away below another."""

from domain.policies import ThresholdPolicy
from monitoring.readings import Reading
from monitoring.states import ThresholdState
from monitoring.windows import lasted
from monitoring.wishes import Situation, Wish, cooled, undoubted


def by_threshold(
    policy: ThresholdPolicy, state: ThresholdState, reading: Reading, here: Situation
) -> tuple[ThresholdState, Wish]:
    """What a threshold policy wants, and what it remembers. Without a value it begins anew."""
    value = reading.value
    if value is None:
        return ThresholdState(), Wish(None, reading.why)
    after = ThresholdState(
        above_since=_since(state.above_since, value > policy.scale_out_above, here.now),
        below_since=_since(state.below_since, value < policy.scale_in_below, here.now),
    )
    wish = _wish(policy, after, value, here)
    return after, cooled(policy, here, undoubted(here, reading, wish))


def _since(before: float | None, beyond: bool, now: float) -> float | None:
    return (now if before is None else before) if beyond else None


def _wish(policy: ThresholdPolicy, state: ThresholdState, value: float, here: Situation) -> Wish:
    """What it wants, cooldowns aside."""
    high, low, now = policy.scale_out_above, policy.scale_in_below, here.instances
    if state.above_since is not None:
        told, since, wanted = f"{value:g} is above {high:g}", state.above_since, now + policy.step_out
    elif state.below_since is not None:
        told, since, wanted = f"{value:g} is below {low:g}", state.below_since, max(1, now - policy.step_in)
    else:
        return Wish(now, f"{value:g} is between {low:g} and {high:g}")
    if lasted(since, here.now, policy.sustained, here.interval_s):
        return Wish(wanted, told)
    return Wish(now, f"{told}, but not for {policy.sustained:g} s yet")
