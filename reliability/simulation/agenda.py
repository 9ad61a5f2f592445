"""What happens when, in simulated seconds."""

import heapq
from collections.abc import Callable
from enum import IntEnum
from itertools import count

Act = Callable[[], None]


class Turn(IntEnum):
    """Who comes first at the same moment: so a death can be right after a heartbeat, and before an act."""

    BEAT = 0
    DEATH = 1
    ACT = 2


class Agenda:
    """A clock, and what is still to come. The same calls in the same order give the same run."""

    def __init__(self, start: float) -> None:
        self.now = start
        self._coming: list[tuple[float, Turn, int, Act]] = []
        self._number = count()

    def at(self, moment: float, act: Act, turn: Turn = Turn.ACT) -> None:
        """Have something done at a moment; at the same one, what was said first is done first."""
        heapq.heappush(self._coming, (moment, turn, next(self._number), act))

    def after(self, seconds: float, act: Act) -> None:
        """Have something done so long after now."""
        self.at(self.now + seconds, act)

    def run(self, over: Callable[[], bool], end: float) -> None:
        """Go on until it is over, or the end has come."""
        while self._coming and not over():
            moment, _, _, act = heapq.heappop(self._coming)
            if moment > end:
                return
            self.now = moment
            act()
