"""Target tracking: as many instances as bring a metric to a value.

The rule is that of Kubernetes' horizontal autoscaler (its documentation, "Horizontal Pod Autoscaling",
section "Algorithm details"): the number of instances times the value by the target, rounded up; within the
tolerance nothing happens.
"""

from math import ceil

from domain.policies import TargetPolicy
from monitoring.readings import Reading
from monitoring.states import TargetState
from monitoring.windows import added, mean
from monitoring.wishes import Situation, Wish, cooled, remembered, steadied, undoubted

_ROUNDING = 1e-9
"""A number of instances that is over a whole one by no more is that whole one."""


def by_target(
    policy: TargetPolicy, state: TargetState, reading: Reading, here: Situation
) -> tuple[TargetState, Wish]:
    """What a target policy wants, and what it remembers."""
    if reading.value is None:
        return state, Wish(None, reading.why)
    values = added(state.values, here.now, reading.value, policy.sustained, here.interval_s)
    value = mean(values, here.now, policy.sustained, here.interval_s)
    if value is None:
        return state.model_copy(update={"values": values}), Wish(None, _too_short(policy.sustained))
    number = _number(policy, value, here.instances)
    seeded = state.wanted or ((here.now, here.instances),)
    wanted = remembered(seeded, here.now, number, policy.cooldown_in)
    wish = _wish(policy, value, number, steadied(wanted, here, number), here)
    return TargetState(values=values, wanted=wanted), cooled(policy, here, undoubted(here, reading, wish))


def _too_short(sustained_s: float) -> str:
    return f"it is averaged over {sustained_s:g} s, and not known for so long"


def _number(policy: TargetPolicy, value: float, instances: int) -> int:
    ratio = value / policy.target
    if abs(ratio - 1) <= policy.tolerance:
        return instances
    return max(1, ceil(instances * ratio - _ROUNDING))


def _wish(policy: TargetPolicy, value: float, number: int, steady: int, here: Situation) -> Wish:
    """The number, but steadied, and not too far from the present one."""
    told = f"{value:.4g} for a target of {policy.target:g}"
    if steady != number:
        return Wish(
            steady, f"{told} asks for {number}, but {steady} were needed within {policy.cooldown_in:g} s"
        )
    most = policy.max_step
    wanted = number if most is None else min(max(number, here.instances - most), here.instances + most)
    return Wish(wanted, told)
