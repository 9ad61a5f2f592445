"""Heartbeats: who sends them, who listens, and when silence is taken for death."""

from collections.abc import Callable, Sequence

from reliability.simulation.agenda import Act, Agenda, Turn

_GRACE_S = 1e-9
"""A heartbeat that comes at the very moment of the time-out is in time, whatever the sums' last digits."""


class Listener:
    """One who listens to one sender."""

    def __init__(self, agenda: Agenda, time_out: float, silent: Act) -> None:
        """
        :param silent: what to do when nothing was heard for longer than the time-out
        """
        self._agenda, self._time_out, self._silent = agenda, time_out, silent
        self._heard = agenda.now
        self._looks = False
        self.believes = True
        """That the sender lives."""

    def hear(self) -> None:
        """A heartbeat has come: who was taken for dead is believed again."""
        self._heard = self._agenda.now
        self.believes = True
        if not self._looks:
            self._looks = True
            self._agenda.at(self._heard + self._time_out + _GRACE_S, self._look)

    def _look(self) -> None:
        over = self._heard + self._time_out + _GRACE_S
        if self._agenda.now < over:
            self._agenda.at(over, self._look)
            return
        self._looks = self.believes = False
        self._silent()


class Sender:
    """Beats as long as it lives."""

    def __init__(
        self,
        agenda: Agenda,
        listeners: Sequence[Listener],
        alive: Callable[[], bool],
        under_way: Callable[[], float],
        sent: Callable[[int], None],
    ) -> None:
        """
        :param under_way: seconds that the next heartbeat takes to arrive
        :param sent: told how many were sent at once
        """
        self._agenda, self._listeners, self._alive = agenda, listeners, alive
        self._under_way, self._sent = under_way, sent

    def begin(self, every: float, passing: float) -> None:
        """Beat for ever, from before the agenda's zero.

        :param every: seconds from one to the next
        :param passing: a moment at which one is sent
        """
        first = int((self._agenda.now - passing) / every)
        self._beat(every, passing, first)

    def _beat(self, every: float, passing: float, number: int) -> None:
        def send() -> None:
            if not self._alive():
                return
            for listener in self._listeners:
                self._agenda.after(self._under_way(), listener.hear)
            self._sent(len(self._listeners))
            self._beat(every, passing, number + 1)

        self._agenda.at(passing + number * every, send, Turn.BEAT)
