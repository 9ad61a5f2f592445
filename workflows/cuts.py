"""Work that a cancel of the workflow must not cut short, and work that is cut on purpose."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

from temporalio import workflow

R = TypeVar("R")


async def ran_to_its_end(work: Coroutine[object, None, None], stop: Callable[[], bool]) -> bool:
    """Do the work until `stop` or a cancel; it has ended when this returns. False: it was cut short."""
    task = asyncio.ensure_future(work)
    watch = asyncio.ensure_future(workflow.wait_condition(stop))
    try:
        await workflow.wait([task, watch], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        if await uncut(_stopped(task)):
            raise
    finally:
        watch.cancel()
    if not task.done() and await uncut(_stopped(task)):
        return False
    task.result()
    return True


async def _stopped(task: "asyncio.Task[None]") -> bool:
    """Cancel a task and wait until it has ended; False where it has done all its work nevertheless."""
    task.cancel()
    (outcome,) = await asyncio.gather(task, return_exceptions=True)
    return outcome is not None


async def uncut(work: Coroutine[object, None, R]) -> R:
    """The outcome of work that a cancel of the workflow must not cut short."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
