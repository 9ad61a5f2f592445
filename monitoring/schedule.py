"""Schedules: a number of instances from given times on."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from domain.policies import SchedulePolicy
from monitoring.states import ScheduleState
from monitoring.wishes import Situation, Wish


def by_cron(policy: SchedulePolicy, state: ScheduleState, now: float) -> ScheduleState:
    """What is remembered of a schedule that fires by its cron: the last of its times that has come.

    A time that nobody watched is made up for while its window and hold are not over.
    """
    if state.next_at is not None and now < state.next_at:
        return state
    last = _time(policy, now, reverse=True)
    due = last is not None and now - last <= _patience(policy)
    return ScheduleState(fired_at=last, next_at=_time(policy, now, reverse=False), due=due)


def by_schedule(policy: SchedulePolicy, state: ScheduleState, here: Situation) -> tuple[ScheduleState, Wish]:
    """What a schedule wants that may have fired, and what it remembers.

    It asks for its number until there are so many, or until its window and hold are over.
    """
    if not state.due or state.fired_at is None:
        return state, Wish(None, "not now", abstains=True)
    when = datetime.fromtimestamp(state.fired_at, ZoneInfo(policy.time_zone))
    told = f"{policy.cron} ({policy.time_zone}) of {when:%Y-%m-%d %H:%M}"
    if here.instances == policy.instances:
        return _done(state), Wish(None, f"{told} is done", abstains=True)
    if here.now - state.fired_at > _patience(policy):
        return _done(state), Wish(
            None, f"{told} is skipped: {_patience(policy):g} s are over", abstains=True, aloud=True
        )
    return state, Wish(policy.instances, told)


def floor_of(policy: SchedulePolicy, state: ScheduleState, now: float) -> int | None:
    """The number that other policies may not go below, while a schedule holds it."""
    held = state.fired_at is not None and now - state.fired_at < policy.hold
    return policy.instances if held else None


def fired_elsewhere(state: ScheduleState, fired_at: float | None) -> ScheduleState:
    """What is remembered of a schedule that somebody else has fire: each firing is due once.

    :param fired_at: when it did last, in seconds since the epoch
    """
    if fired_at is None or fired_at == state.fired_at:
        return state
    return ScheduleState(fired_at=fired_at, due=True)


def _done(state: ScheduleState) -> ScheduleState:
    return state.model_copy(update={"due": False})


def _patience(policy: SchedulePolicy) -> float:
    return max(policy.window, policy.hold)


def _time(policy: SchedulePolicy, now: float, reverse: bool) -> float | None:
    """The last of its times up to now, or the first one after; None where there is none in sight."""
    start = now + 1 if reverse else now  # whole seconds, and its own start is left out
    moment = datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(policy.time_zone))
    found = next(CronSim(policy.cron, moment, reverse=reverse), None)
    return found.timestamp() if found else None
