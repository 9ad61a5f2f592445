"""`python -m lab.traffic [--seed N] [--bursts N]`: three days of requests to a shop, every two minutes.

Made, not recorded: no package that Interlace needs ships a trace of web traffic. The load is low at night,
has a peak at noon and a higher one in the evening; on top come a slow drift and noise, and on the third day a
rush at noon that no other day has. `examples/shop-traffic.csv` is its output.
"""

import argparse
import math
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday."""
DAYS = 3
STEP = timedelta(minutes=2)
SEED = 7

_NIGHT, _NOON, _EVENING = 500.0, 1500.0, 2300.0
"""Requests each second: of the night, and what the two peaks add."""
_RUSH = (2.5, 0.03, 1600.0)
"""When (days), for how long (a standard deviation), and how many requests each second."""
_BURST = 1 / 48
"""How long a burst is, in days."""


def rows(seed: int = SEED, bursts: int = 0) -> Iterator[tuple[datetime, float]]:
    """Time and requests each second, every two minutes.

    :param bursts: how often a day, at any time, the load is doubled at once for half an hour
    """
    chance = random.Random(seed)
    sudden = [chance.uniform(0, DAYS) for _ in range(DAYS * bursts)]
    drift = 0.0
    for number in range(int(DAYS * timedelta(days=1) / STEP)):
        day = number * STEP / timedelta(days=1)
        drift = 0.97 * drift + chance.gauss(0, 0.01)
        load = _usual(day % 1) * (1 + drift) * (1 + chance.gauss(0, 0.03)) + _hill(day, *_RUSH)
        burst = 2.0 if any(0 <= day - each < _BURST for each in sudden) else 1.0
        yield START + number * STEP, max(load * burst, 0.0)


def _usual(hour: float) -> float:
    """Of a part of a day from 0 to 1."""
    around = (hour - 1, hour, hour + 1)
    noon, evening = (
        sum(_hill(each, at, wide, 1.0) for each in around) for at, wide in ((0.5, 0.11), (0.83, 0.06))
    )
    return _NIGHT + _NOON * noon + _EVENING * evening


def _hill(at: float, middle: float, wide: float, high: float) -> float:
    return high * math.exp(-((at - middle) ** 2) / (2 * wide**2))


def main() -> None:
    """Print the rows as CSV."""
    parser = argparse.ArgumentParser(prog="python -m lab.traffic", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--bursts", type=int, default=0, help="a day: at once twice the load, for half an hour"
    )
    given = parser.parse_args()
    print("time,requests_per_s")
    for moment, load in rows(given.seed, given.bursts):
        print(f"{moment:%Y-%m-%dT%H:%MZ},{load:.0f}")


if __name__ == "__main__":
    main()
