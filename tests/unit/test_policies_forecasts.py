"""Forecasts: good on what repeats, honest on what does not, and never followed where they are bad."""

import math
import random

import pytest

from monitoring.forecasting import LEAST, forecast
from tests.unit.policy_world import World, policies

RISING = {"kind": "predicted", "metric": "sum(requests_per_s)", "per_instance": 100, "cooldown_in": "1 min"}


def wave(count: int, season: int) -> list[float]:
    return [500 + 300 * math.sin(2 * math.pi * number / season) for number in range(count)]


def test_what_repeats_is_foretold() -> None:
    whole = wave(100, 24)
    found = forecast(whole[:80], 24, 6)
    assert found.told.startswith("Holt-Winters, MAPE ")
    assert found.error is not None
    assert found.error < 0.02
    assert found.values == pytest.approx(whole[80:86], rel=0.03)


def test_less_than_two_seasons_is_a_trend() -> None:
    found = forecast([100.0 + 5 * number for number in range(30)], 24, 3)
    assert found.told.startswith("Holt's trend, MAPE ")
    assert found.values == pytest.approx((250, 255, 260), rel=0.02)


def test_noise_is_foretold_badly_and_that_is_said() -> None:
    chance = random.Random(3)
    found = forecast([chance.choice([10.0, 1000.0]) for _ in range(60)], 0, 3)
    assert found.error is not None
    assert found.error > 0.5


def test_where_a_load_is_zero_the_error_is_the_symmetric_one() -> None:
    assert "sMAPE" in forecast([0.0, 50.0] * 20, 0, 2).told
    assert "0%" in forecast([0.0] * 30, 0, 2).told


@pytest.mark.parametrize(
    ("history", "told"),
    [
        ([], "too little is known: 0 of 10 values"),
        ([1.0] * (LEAST - 1), "too little is known: 9 of 10 values"),
        ([1.0, None, None] * 10, "too little is known: 67% is missing"),
        ([1.0] * LEAST, "too little is known to try it on"),
    ],
)
def test_too_little_is_no_forecast(history: list[float | None], told: str) -> None:
    found = forecast(history, 0, 8)
    assert (found.values, found.error) == ((), None)
    assert found.told.startswith(told)


def test_a_little_that_is_missing_is_made_up() -> None:
    gone: list[float | None] = [*wave(80, 24)]
    gone[30] = gone[55] = None
    assert forecast(gone, 24, 3).values == pytest.approx(wave(83, 24)[80:], rel=0.05)


def test_no_forecast_is_below_zero() -> None:
    assert min(forecast([float(max(0, 300 - 10 * number)) for number in range(30)], 0, 20).values) >= 0


def test_instances_are_ready_before_the_load() -> None:
    """Of two seasons the third is foretold: there are those that the load of the next half minute needs."""
    world = World(policies({**RISING, "season": "10 min", "horizon": "1 min", "cooldown": "1 s"}))
    loads = wave(125, 40)
    late = 0
    for number, load in enumerate(loads[:120]):
        decided = world.look(None, requests_per_s=load / world.instances)
        if number > 90:
            assert "Holt-Winters" in decided.findings[0].reason
            late += world.instances < math.ceil(loads[number + 2] / 100)
    assert late <= 2


def test_a_bad_forecast_is_not_followed_and_that_is_said() -> None:
    world = World(policies({**RISING, "season": "1 h", "max_error": 0.01}))
    chance = random.Random(1)
    for _ in range(100):
        decided = world.look(None, requests_per_s=chance.uniform(20, 300) / world.instances)
    assert "not foretold (Holt's trend, MAPE" in decided.findings[0].reason
    assert "more than 1%" in decided.findings[0].reason


def test_before_anything_is_known_the_load_of_now_counts() -> None:
    world = World(policies(RISING))
    assert (
        world.look(requests_per_s=170).findings[0].reason
        == "a load of 340 now, not foretold (too little is known)"
    )
    assert world.instances == 4
