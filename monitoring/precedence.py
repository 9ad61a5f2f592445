"""Which of the policies of a component is followed: docs/policies.md says the order, and why it is so."""

from collections.abc import Mapping

from domain.descriptor import Scaling
from domain.models import Model
from monitoring.wishes import Wish

LIMITS = "limits"
PAUSE = "pause"


class Verdict(Model):
    """A number of instances: that of now, where nothing is to be done."""

    instances: int
    policy: str | None
    """Whose it is; None where nobody wants another one."""
    reason: str


def verdict(
    instances: int,
    limits: Scaling,
    paused: str | None,
    floors: Mapping[str, int],
    wishes: Mapping[str, Wish],
) -> Verdict:
    """The number of instances that the policies of a component come to.

    :param paused: until when a person has paused them, in words
    :param floors: schedule -> the number that it holds
    :param wishes: of each policy
    """
    if not limits.min <= instances <= limits.max:
        told = f"scaling allows {limits.min} to {limits.max}"
        return Verdict(instances=_within(instances, limits), policy=LIMITS, reason=told)
    if paused is not None:
        return Verdict(instances=instances, policy=None, reason=f"paused until {paused}")
    voices = {name: wish for name, wish in wishes.items() if not wish.abstains}
    if not voices:
        return Verdict(instances=instances, policy=None, reason="no policy has anything to say now")
    return _heard(instances, limits, floors, voices)


def _within(instances: int, limits: Scaling) -> int:
    return min(max(instances, limits.min), limits.max)


def _heard(instances: int, limits: Scaling, floors: Mapping[str, int], voices: Mapping[str, Wish]) -> Verdict:
    """The greatest number that any wants; whoever cannot tell wants that of now, so nothing is taken away."""
    numbers = {name: instances if wish.wanted is None else wish.wanted for name, wish in voices.items()}
    name = max(numbers, key=lambda each: (numbers[each], voices[each].wanted is not None))
    wanted, reason = _within(numbers[name], limits), voices[name].why
    if wanted >= instances:
        found = name if wanted > instances else None
        return Verdict(instances=wanted, policy=found, reason=_kept(reason, numbers[name], instances, wanted))
    holder = max(floors, key=lambda each: floors[each], default=None)
    if holder is not None and wanted < (held := min(floors[holder], instances)):
        told = f"{reason}; but {holder} holds {floors[holder]}"
        return Verdict(instances=held, policy=name if held < instances else None, reason=told)
    return Verdict(instances=wanted, policy=name, reason=reason)


def _kept(reason: str, wanted: int, instances: int, allowed: int) -> str:
    return f"{reason}; but more than {allowed} are not allowed" if wanted > instances == allowed else reason
