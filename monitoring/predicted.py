"""Instances for the load that is to come; where a forecast is no good, for that of now, and it says so.

Loads are kept as means over times of a 96th of the season (or of one interval, where that is longer), of the
last four seasons. A forecast is made when such a time is over, and holds until the next one.
"""

from math import ceil, floor

from domain.policies import PredictedPolicy
from monitoring.forecasting import forecast
from monitoring.readings import Reading
from monitoring.states import PredictedState
from monitoring.wishes import Situation, Wish, cooled, remembered, steadied, undoubted

_PARTS = 96
"""Of a season, at most: a quarter of an hour of a day."""
_LEAST_PARTS = 4
_SEASONS = 4
_DIGITS = 6
_ROUNDING = 1e-9


def by_forecast(
    policy: PredictedPolicy, state: PredictedState, reading: Reading, here: Situation
) -> tuple[PredictedState, Wish]:
    """What a predicting policy wants, and what it remembers."""
    parts = _parts(policy.season, here.interval_s)
    length = policy.season / parts
    state = _closed(policy, state, floor(here.now / length), parts, length)
    if reading.value is None:
        return state, Wish(None, reading.why)
    state = state.model_copy(update={"total": state.total + reading.value, "seen": state.seen + 1})
    load, told = _load(policy, state, reading.value, here.now, length)
    number = max(1, ceil(load / policy.per_instance - _ROUNDING))
    seeded = state.wanted or ((here.now, here.instances),)
    wanted = remembered(seeded, here.now, number, policy.cooldown_in)
    steady = steadied(wanted, here, number)
    if steady != number:
        told = f"{told}, asks for {number}, but {steady} were needed within {policy.cooldown_in:g} s"
    after = state.model_copy(update={"wanted": wanted})
    return after, cooled(policy, here, undoubted(here, reading, Wish(steady, told)))


def _parts(season_s: float, interval_s: float) -> int:
    """Into how many times a season is divided."""
    return max(_LEAST_PARTS, min(_PARTS, floor(season_s / interval_s)))


def _closed(
    policy: PredictedPolicy, state: PredictedState, index: int, parts: int, length_s: float
) -> PredictedState:
    """With what was seen until now as a load of its own, and a new forecast, where a time is over."""
    if state.index is None or index < state.index:
        return PredictedState(index=index, wanted=state.wanted)
    if index == state.index:
        return state
    mean = _short(state.total / state.seen) if state.seen else None
    unseen = (None,) * min(index - state.index - 1, parts * _SEASONS)
    loads = (*state.loads, mean, *unseen)[-parts * _SEASONS :]
    steps = ceil(policy.horizon / length_s) + 1
    found = forecast(loads, parts, steps)
    return PredictedState(
        index=index,
        loads=loads,
        ahead=tuple(map(_short, found.values)),
        error=found.error,
        told=found.told,
        wanted=state.wanted,
    )


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _load(
    policy: PredictedPolicy, state: PredictedState, now_load: float, now: float, length_s: float
) -> tuple[float, str]:
    """The load to be ready for, and why that: never less than the load of now."""
    told = f"a load of {now_load:.4g}"
    if not state.ahead or state.error is None:
        return now_load, f"{told} now, not foretold ({state.told or 'too little is known'})"
    if state.error > policy.max_error:
        return now_load, f"{told} now, not foretold ({state.told}, more than {policy.max_error:.0%})"
    ahead = _most(state, now, policy.horizon, length_s)
    if ahead <= now_load:
        return now_load, f"{told} now, and not more to come ({state.told})"
    return ahead, f"{told} now, {ahead:.4g} within {policy.horizon:g} s ({state.told})"


def _most(state: PredictedState, now: float, horizon_s: float, length_s: float) -> float:
    """The greatest load foretold from now to the horizon: linear between the middles of the times."""
    first = (state.index or 0) + 0.5
    start, end = now / length_s - first, (now + horizon_s) / length_s - first
    middles = [float(each) for each in range(len(state.ahead)) if start < each < end]
    return max(_at(state.ahead, each) for each in (start, *middles, end))


def _at(values: tuple[float, ...], place: float) -> float:
    low = max(0, min(floor(place), len(values) - 1))
    high = min(low + 1, len(values) - 1)
    part = min(max(place - low, 0.0), 1.0)
    return values[low] + (values[high] - values[low]) * part
