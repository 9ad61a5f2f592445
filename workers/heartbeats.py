"""Every activity heartbeats by itself, so that a worker's death is noticed whatever it was just doing.

A call to the store sends none, and some calls to a VIM are silent for long. The beating is done on the event
loop, not in the activity's thread: the worker's own heartbeat is a plain call there. What the activity said
last is said again; what it says between two beats, with the next. A cancel reaches the activity as ever: the
server answers a heartbeat with it, whoever sent that, and the worker then raises it in the activity's thread,
or cancels the activity's task.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

LEAST_S = 0.05
"""Between two beats: of more, no server would know more."""


class Heartbeats(Interceptor):
    """Makes each activity beat that has a heartbeat timeout, so many times within it, and no oftener."""

    def __init__(self, beats_per_timeout: float) -> None:
        self._beats = beats_per_timeout

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put the beating around the activity."""
        return _Beating(next, self._beats)


class _Beating(ActivityInboundInterceptor):
    _outbound: "_Remembering"

    def __init__(self, next: ActivityInboundInterceptor, beats_per_timeout: float) -> None:
        super().__init__(next)
        self._beats = beats_per_timeout

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = _Remembering(outbound)
        super().init(self._outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        timeout = activity.info().heartbeat_timeout
        if timeout is None:
            return await super().execute_activity(input)  # nobody listens, and a cancel is not to be heard
        every_s = max(LEAST_S, timeout.total_seconds() / self._beats)
        self._outbound.begin(every_s)
        beating = asyncio.create_task(self._beat(every_s))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()

    async def _beat(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self._outbound.again()


class _Remembering(ActivityOutboundInterceptor):
    _every_s = 0.0
    _said: Sequence[Any] = ()
    _sent_at = float("-inf")

    def begin(self, every_s: float) -> None:
        """What is over before the first beat is due sends none: its end tells the server as much."""
        self._every_s, self._sent_at = every_s, time.monotonic()

    def heartbeat(self, *details: Any) -> None:
        self._said = details
        if time.monotonic() - self._sent_at >= self._every_s:
            self.again()

    def again(self) -> None:
        self._sent_at = time.monotonic()
        super().heartbeat(*self._said)
