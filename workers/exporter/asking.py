"""Asking PoPs side by side: none that hangs keeps another one waiting."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from workers.exporter.census import Place

T = TypeVar("T")
Group = tuple[Place, ...]
"""What is asked of at once, all at one PoP."""

_AT_ONCE = 8
"""Of one PoP."""
_PROMPT_S = 1.0
"""In which an answer comes at once."""


@dataclass(frozen=True)
class _Running(Generic[T]):
    since: float
    """By the monotonic clock."""
    answer: "Future[T]"


class Asking(Generic[T]):
    """Asks of each group at most once at a time; each PoP has threads of its own."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._running: dict[Group, _Running[T]] = {}

    def answers(self, groups: Iterable[Group], ask: Callable[[Group], T], within_s: float) -> dict[Group, T]:
        """Of those that answer in time; at a PoP where something hangs since an earlier time, at once.

        :param ask: raises nothing
        """
        began, hanging = time.monotonic(), self._hanging(within_s)
        pops = {group[0].pop for group in hanging}
        asked = {group: self._asked(group, ask) for group in groups}
        wait([each for group, each in asked.items() if group[0].pop not in pops], timeout=within_s)
        left_s = max(0.0, began + min(_PROMPT_S, within_s) - time.monotonic())
        wait([each for group, each in asked.items() if group not in hanging], timeout=left_s)
        found = {group: each.result() for group, each in asked.items() if each.done()}
        for group, each in asked.items():
            if each.done() or each.cancel():  # what waits for a thread is asked of the next time
                self._running.pop(group, None)
        return found

    def close(self) -> None:
        """Wait for nobody."""
        for each in list(self._pools.values()):
            each.shutdown(wait=False, cancel_futures=True)

    def _hanging(self, within_s: float) -> set[Group]:
        """Of which something is asked for that long."""
        before = time.monotonic() - within_s
        running = list(self._running.items())  # at once: other threads change it
        return {group for group, each in running if each.since <= before and not each.answer.done()}

    def _asked(self, group: Group, ask: Callable[[Group], T]) -> "Future[T]":
        """What is under way still, where it hangs; what came too late is not taken for one of now."""
        running = self._running.get(group)
        if running is None or running.answer.done():
            answer = self._pool(group[0].pop).submit(ask, group)
            running = self._running[group] = _Running(time.monotonic(), answer)
        return running.answer

    def _pool(self, pop: str) -> ThreadPoolExecutor:
        if pop not in self._pools:
            self._pools.setdefault(pop, ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=f"ask-{pop}"))
        return self._pools[pop]
