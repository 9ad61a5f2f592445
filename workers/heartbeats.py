"""Every activity heartbeats by itself, so that a worker's death is noticed whatever it was just doing.

A call to the store sends none, and some calls to a VIM are silent for long. The beating is done on the event
loop, not in the activity's thread: the worker's own heartbeat is a plain call there. What the activity said
last is said again. A cancel reaches the activity as ever: the server answers a heartbeat with it, whoever
sent that, and the worker then raises it in the activity's thread, or cancels the activity's task.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from temporalio import activity
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
)

EVERY_S = 0.3
"""At the most; an activity that may be silent for long beats less often."""
_OF_TIMEOUT = 0.2


class Heartbeats(Interceptor):
    """Makes each activity beat that has a heartbeat timeout; the SDK sends only as many as that needs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Put the beating around the activity."""
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    _outbound: "_Remembering"

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = _Remembering(outbound)
        super().init(self._outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        timeout = activity.info().heartbeat_timeout
        if timeout is None:
            return await super().execute_activity(input)  # nobody listens, and a cancel is not to be heard
        beating = asyncio.create_task(self._beat(max(EVERY_S, timeout.total_seconds() * _OF_TIMEOUT)))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()

    async def _beat(self, every_s: float) -> None:
        while True:
            await asyncio.sleep(every_s)
            self._outbound.again()


class _Remembering(ActivityOutboundInterceptor):
    _said: Sequence[Any] = ()

    def heartbeat(self, *details: Any) -> None:
        self._said = details
        super().heartbeat(*details)

    def again(self) -> None:
        super().heartbeat(*self._said)
