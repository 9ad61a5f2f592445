"""What one policy wants of one component at one moment."""

from dataclasses import dataclass

from domain.policies import ScalingRule
from monitoring.readings import Reading

Wanted = tuple[tuple[float, int], ...]
"""(when, number of instances): the later the smaller, for no other can be the greatest any more."""


@dataclass(frozen=True)
class Situation:
    """Of a component, as its policies find it."""

    now: float
    """Seconds since the epoch."""
    interval_s: float
    """Between two looks."""
    instances: int
    scaled_at: float | None
    """When it was last scaled."""


@dataclass(frozen=True)
class Wish:
    """A number of instances, and why."""

    wanted: int | None
    """None: it cannot tell."""
    why: str
    abstains: bool = False
    """It has nothing to say, not even against taking instances away."""
    aloud: bool = False
    """To be told to people."""


def cooled(rule: ScalingRule, here: Situation, wish: Wish) -> Wish:
    """The wish; or to leave it, where the component was scaled too short a while ago."""
    if wish.wanted is None or wish.wanted == here.instances or here.scaled_at is None:
        return wish
    since = here.now - here.scaled_at
    pause = rule.cooldown if wish.wanted > here.instances else rule.cooldown_in
    if since >= pause:
        return wish
    return Wish(here.instances, f"{wish.why}; but it was scaled {since:.0f} s ago (cooldown {pause:g} s)")


def undoubted(here: Situation, reading: Reading, wish: Wish) -> Wish:
    """The wish; or to leave it, where it would take instances away by a value that is not whole."""
    if wish.wanted is None or wish.wanted >= here.instances or not reading.doubts:
        return wish
    return Wish(here.instances, f"{wish.why}; but {reading.why}")


def remembered(wanted: Wanted, now: float, number: int, keep_s: float) -> Wanted:
    """With one more, without those that cannot be the greatest of the last `keep_s` any more."""
    return (*(each for each in wanted if each[0] > now - keep_s and each[1] > number), (now, number))


def steadied(wanted: Wanted, here: Situation, number: int) -> int:
    """Not fewer than the greatest number wanted of late, but for that not more than there are now.

    The stabilisation window of Kubernetes' horizontal autoscaler (its documentation, "Horizontal Pod
    Autoscaling", section "Stabilization window"): a load that comes and goes takes nothing away.
    """
    if number >= here.instances:
        return number
    return min(here.instances, max(most for _, most in wanted))
