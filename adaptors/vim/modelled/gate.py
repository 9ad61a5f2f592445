"""Where calls meet the injected faults: before they take effect, instead, while they wait, and after."""

import time
from collections.abc import Callable

from adaptors.vim.modelled import faults
from adaptors.vim.modelled.calls import Call
from adaptors.vim.modelled.world import World
from adaptors.vim.port import Progress

PACE_S = 0.1
"""How often a waiting call looks again and tells its progress."""


class Gate:
    """Lets a call through, or fails it as the world's faults say."""

    def __init__(self, world: World, answer_timeout_s: float) -> None:
        self._world = world
        self._answer_timeout_s = answer_timeout_s

    def before(self, call: Call, progress: Progress | None = None) -> None:
        """Meet the faults that keep a call from taking effect. Without progress, a hang times out."""
        self.during(call)
        taken = faults.take(self._world, call, faults.BEFORE)
        if taken is None:
            return
        number, fault = taken
        if fault.kind == "permanent":
            raise call.refused(fault.message)
        if fault.kind == "hang":
            self._hang(call, number, progress)
        raise call.unavailable(fault.message)

    def during(self, call: Call) -> None:
        """Fail a call whose PoP is out."""
        outage = faults.find(self._world, call, ("outage",))
        if outage is not None:
            raise call.unavailable(f"outage of the PoP: {outage.message}")

    def ignored(self, call: Call) -> bool:
        """Whether a call is accepted, but must not take effect."""
        return faults.take(self._world, call, faults.INSTEAD) is not None

    def after(self, call: Call) -> None:
        """Lose the answer of a call that took effect, where a fault says so."""
        taken = faults.take(self._world, call, faults.AFTER)
        if taken is not None:
            raise call.unavailable(f"the answer was lost: {taken[1].message}")

    def wait(self, call: Call, done: Callable[[], bool], progress: Progress, what: str) -> None:
        """Wait until `done`, telling the progress and meeting outages."""
        while not done():
            progress(what)
            time.sleep(PACE_S)
            self.during(call)

    def take(self, call: Call, seconds: float, progress: Progress, what: str) -> None:
        """Let a call take its time, to the end of it and not to the next look."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            progress(f"{call.resource} is {what}")
            time.sleep(min(PACE_S, left))
            self.during(call)

    def _hang(self, call: Call, number: int, progress: Progress | None) -> None:
        deadline = time.monotonic() + self._answer_timeout_s
        while faults.stands(self._world, number):
            if progress is not None:
                progress(f"waiting for an answer to the {call.operation} of {call.resource}")
            elif time.monotonic() > deadline:
                raise call.unavailable(f"no answer within {self._answer_timeout_s:g} s")
            time.sleep(PACE_S)
