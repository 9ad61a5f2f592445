"""The port of metrics sources."""

from datetime import datetime
from typing import Protocol

from monitoring.metrics import Snapshot


class MetricsSource(Protocol):
    """Gives what is measured of services. Safe to share between threads.

    What fails outside is no error here: it is a gap, in words, and the samples that could be had are given.
    """

    def snapshot(self, service: str, at: datetime) -> Snapshot:
        """What is measured of a service at a moment: now, or a little before it."""

    def prepare(self, service: str) -> None:
        """Note how counters stand: the rates of the next snapshot of the service count from now.

        To be called `monitoring.windows.RATES_S` before that. Nothing needs to wait for it, and it may fail.
        """

    def history(self, service: str, start: datetime, end: datetime, step_s: float) -> tuple[Snapshot, ...]:
        """Snapshots from `start` to `end`, oldest first; no closer to each other than `step_s`.

        Of what the source does not reach back to there is a gap in the first.
        """

    def close(self) -> None:
        """Give back its connections."""
