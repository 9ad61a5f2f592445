"""Moving: when a component leaves the PoPs where it is."""

from domain.models import Model, Name
from domain.policies import MigrationPolicy, name_of
from monitoring.readings import Reading
from monitoring.states import MigrationState
from monitoring.windows import lasted


class Move(Model):
    """A component that is to leave the PoPs where it is."""

    component: Name
    policy: str
    reason: str


def by_migration(
    policy: MigrationPolicy,
    state: MigrationState,
    reading: Reading,
    now: float,
    interval_s: float,
    paused: str | None,
) -> tuple[MigrationState, Move | None, str]:
    """What a policy remembers, whether it moves its component, and why, or why not.

    A move takes all instances away, so it is made by a value that is whole only.

    :param interval_s: between two looks
    :param paused: until when a person has paused it, in words
    """
    name, value = name_of(policy), reading.value
    since = {each: when for each, when in state.above_since.items() if each != name}
    if value is None:
        return state.model_copy(update={"above_since": since}), None, reading.why
    if value <= policy.above:
        told = f"{value:.4g} is not above {policy.above:g}"
        return state.model_copy(update={"above_since": since}), None, told
    began = state.above_since.get(name, now)
    after = state.model_copy(update={"above_since": {**since, name: began}})
    told = f"{value:.4g} is above {policy.above:g}"
    if why := _not_yet(policy, after, reading, now, interval_s, paused):
        return after, None, f"{told}, but {why}"
    return after, Move(component=policy.component, policy=name, reason=told), told


def _not_yet(
    policy: MigrationPolicy,
    state: MigrationState,
    reading: Reading,
    now: float,
    interval_s: float,
    paused: str | None,
) -> str:
    """Why a component is not moved though the value is above; empty where it is."""
    if paused is not None:
        return f"paused until {paused}"
    moved_at = float("-inf") if state.moved_at is None else state.moved_at
    if now - moved_at < policy.cooldown:
        return f"it was moved {now - moved_at:.0f} s ago (cooldown {policy.cooldown:g} s)"
    since = max(state.above_since[name_of(policy)], moved_at)  # what was above elsewhere says little of here
    if not lasted(since, now, policy.sustained, interval_s):
        return f"not for {policy.sustained:g} s yet"
    return reading.why
