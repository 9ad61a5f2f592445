"""Forecasts of a load by exponential smoothing (statsmodels), with the error that the latest ones had.

Holt and Winters' method with an additive season where two seasons are known, else Holt's with a damped trend:
Hyndman and Athanasopoulos, "Forecasting: Principles and Practice", 3rd edition, chapter 8.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

LEAST = 10
"""Values without which there is no forecast."""
SEASONS = 2
"""That must be known, and the horizon on top to try a forecast, before a season is believed."""
_TRIALS = 5
"""Of the latest forecasts, by which the error is known."""
_RECENT = 48
"""Values by which a trend is judged that has no season."""
_MOST_MISSING = 0.2
"""Share of the values that may be made up from their neighbours."""
_NIL = 1e-9
_PARAMETERS = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")


@dataclass(frozen=True)
class Forecast:
    """The next values, and how far off such forecasts were; none of them where `values` is empty."""

    values: tuple[float, ...]
    error: float | None
    """Mean absolute error as a share of the value (MAPE; where a value is zero the symmetric one, sMAPE)."""
    told: str
    """How it was made, or why there is none."""


def forecast(history: Sequence[float | None], season: int, steps: int) -> Forecast:
    """The next `steps` values of equally long times; walk-forward: no trial has seen what it foretells.

    :param history: the latest last; None where nothing is known
    :param season: of how many values one consists; below 2 there is none
    """
    known = _filled(history)
    if isinstance(known, str):
        return Forecast((), None, known)
    seasonal = season >= 2 and len(known) >= SEASONS * season + steps
    known = known if seasonal else known[-_RECENT:]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a fit did not converge shows in its error
            values, error, measure = _made(known, season if seasonal else None, steps)
    except (ValueError, ArithmeticError, IndexError) as wrong:
        return Forecast((), None, str(wrong) or "no model fits")
    if not all(map(isfinite, values)):
        return Forecast((), None, "no model fits: the forecast is no number")
    method = "Holt-Winters" if seasonal else "Holt's trend"
    return Forecast(tuple(max(0.0, each) for each in values), error, f"{method}, {measure} {error:.0%}")


def _filled(history: Sequence[float | None]) -> "Values | str":
    """Without what is missing: made up from the neighbours; or why that would be too much."""
    import numpy as np

    first = next((index for index, value in enumerate(history) if value is not None), len(history))
    values = np.array([np.nan if value is None else value for value in history[first:]], dtype=float)
    gone = np.isnan(values)
    if len(values) - int(gone.sum()) < LEAST:
        return f"too little is known: {len(values) - int(gone.sum())} of {LEAST} values"
    if gone.mean() > _MOST_MISSING:
        return f"too little is known: {gone.mean():.0%} is missing"
    places = np.arange(len(values))
    values[gone] = np.interp(places[gone], places[~gone], values[~gone])
    return values


def _made(known: "Values", season: int | None, steps: int) -> tuple[list[float], float, str]:
    """The next values, and how far off those made at earlier times were.

    :raises ValueError: if there is too little to try it on
    """
    end = len(known) - steps + 1
    first = max(end - _TRIALS, SEASONS * season if season else LEAST // 2)
    if first >= end:
        raise ValueError("too little is known to try it on")
    fitted = _model(known[:first], season).fit(use_brute=False).params
    pairs: list[tuple[float, float]] = []
    for origin in range(first, end):
        ahead = _with(_model(known[:origin], season), fitted, season).forecast(steps)
        pairs.append((float(known[origin + steps - 1]), float(ahead[-1])))
    error, measure = _error(pairs)
    values = _with(_model(known, season), fitted, season).forecast(steps)
    return [float(each) for each in values], error, measure


def _model(known: "Values", season: int | None) -> Any:
    """Not fitted yet."""
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    return ExponentialSmoothing(
        known,
        trend="add",
        damped_trend=True,
        seasonal="add" if season else None,
        seasonal_periods=season,
        initialization_method="legacy-heuristic",
    )


def _with(model: Any, fitted: dict[str, Any], season: int | None) -> Any:
    """With the parameters of an earlier fit."""
    names = [name for name in _PARAMETERS if season or name != "smoothing_seasonal"]
    return model.fit(optimized=False, **{name: float(fitted[name]) for name in names})


def _error(pairs: Sequence[tuple[float, float]]) -> tuple[float, str]:
    """Of (actual, foretold)."""
    if all(abs(actual) > _NIL for actual, _ in pairs):
        return sum(abs(a - f) / abs(a) for a, f in pairs) / len(pairs), "MAPE"
    shares = [2 * abs(a - f) / (abs(a) + abs(f)) if abs(a) + abs(f) > _NIL else 0.0 for a, f in pairs]
    return sum(shares) / len(shares), "sMAPE"
