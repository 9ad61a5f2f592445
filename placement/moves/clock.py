"""How long a re-optimisation may search."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

_LONGEST_S = 15.0
"""For one placement."""


@dataclass
class Clock:
    """How long there is to search."""

    seconds: float
    stopped: Callable[[], bool] = lambda: False
    started: float = field(default_factory=time.monotonic)

    @property
    def left_s(self) -> float:
        """Until the end; 0 when it is over."""
        over = self.stopped()
        return 0.0 if over else max(0.0, self.started + self.seconds - time.monotonic())

    def of_one(self, share: float = 1.0) -> float:
        """For one placement: at least a tenth of a second."""
        return max(0.1, min(_LONGEST_S, share * self.left_s))
