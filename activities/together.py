"""Many short calls to VIMs from one activity: a few at a time, with heartbeats while they last."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from temporalio import activity

T = TypeVar("T")

_AT_ONCE = 8
_TELL_EVERY_S = 0.2


def together(calls: Sequence[Callable[[], T]], what: str) -> list[T]:
    """The answers of all calls, in their order; the first that fails ends it.

    :param what: is being done, for people
    """
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="together")
    try:
        asked = [pool.submit(copy_context().run, call) for call in calls]
        left: set[Future[T]] = set(asked)
        while left:
            done, left = wait(left, timeout=_TELL_EVERY_S, return_when=FIRST_EXCEPTION)
            activity.heartbeat(f"{what}: {len(asked) - len(left)} of {len(asked)}")
            for each in done:
                each.result()
        return [each.result() for each in asked]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
