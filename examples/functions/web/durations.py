"""How long requests took, as Interlace reads it from a report: see docs/functions.md."""

import threading
from bisect import bisect_left
from typing import Any

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""


class Durations:
    """Counts requests by how long they took."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts = [0] * (len(BOUNDS) + 1)
        self.sum = 0.0

    def took(self, seconds: float) -> None:
        """One more request."""
        with self.lock:
            self.counts[bisect_left(BOUNDS, seconds)] += 1
            self.sum += seconds

    def report(self) -> dict[str, Any]:
        """Upper bound in seconds -> how many took at most that, and the sum of all."""
        with self.lock:
            counts, total = list(self.counts), self.sum
        names = [*map(str, BOUNDS), "+Inf"]
        return {
            "sum": round(total, 6),
            "buckets": {name: sum(counts[: n + 1]) for n, name in enumerate(names)},
        }
