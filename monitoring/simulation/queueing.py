"""What users wait for, where requests come as they like and several instances answer them: M/M/c.

Erlang's formula C, and the distribution of the time in the system: Gross, Shortle, Thompson and Harris,
"Fundamentals of Queueing Theory", 4th edition, section 2.3. Its queue has no end; here it has one, so that a
load beyond the capacity gives errors and a finite latency.
"""

from dataclasses import dataclass
from math import exp

QUEUE = 20
"""Requests that wait for one instance at most: beyond, they fail."""
_STEPS = 40


@dataclass(frozen=True)
class Answered:
    """Of all instances together."""

    utilisation: float
    """0 to 1."""
    answered_per_s: float
    refused_per_s: float
    latency_ms: float
    latency_p95_ms: float


def answered(load_per_s: float, instances: int, capacity_per_s: float) -> Answered:
    """What becomes of a load.

    :param capacity_per_s: what one instance answers at most
    """
    whole = instances * capacity_per_s
    longest = (1 + QUEUE) / capacity_per_s
    if load_per_s >= whole:
        return Answered(1.0, whole, load_per_s - whole, longest * 1000, longest * 1000)
    waits = _waits(load_per_s / capacity_per_s, instances)
    mean = 1 / capacity_per_s + waits / (whole - load_per_s)
    p95 = _percentile(0.95, load_per_s, instances, capacity_per_s, waits, longest)
    return Answered(load_per_s / whole, load_per_s, 0.0, min(mean, longest) * 1000, p95 * 1000)


def _waits(offered: float, instances: int) -> float:
    """The share of the requests that find all instances busy: Erlang C, from B by its recursion."""
    blocked = 1.0
    for number in range(1, instances + 1):
        blocked = offered * blocked / (number + offered * blocked)
    return instances * blocked / (instances - offered * (1 - blocked))


def _percentile(
    share: float, load: float, instances: int, capacity: float, waits: float, longest: float
) -> float:
    """The time within which a share of the requests is answered, by bisection; at most `longest`."""

    def later(seconds: float) -> float:
        """The share of those that take longer."""
        spare = instances * capacity - load
        own = exp(-capacity * seconds)
        if abs(spare - capacity) < 1e-9 * capacity:
            return own * (1 + waits * capacity * seconds)
        return own + waits * capacity / (capacity - spare) * (exp(-spare * seconds) - own)

    low, high = 0.0, longest
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if later(middle) > 1 - share else (low, middle)
    return high
