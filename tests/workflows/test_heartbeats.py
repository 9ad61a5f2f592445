"""Activities heartbeat by themselves, and a cancel still reaches those that work in a thread."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError, TimeoutError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    Interceptor,
    Worker,
)

from adaptors.vim.registry import open_vim
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import TAGS, InstanceSpec, PopAccess
from domain.recovery import BALANCED
from workers.heartbeats import Heartbeats

pytestmark = pytest.mark.asyncio(loop_scope="session")

_BEAT_S = 1.0


@workflow.defn(name="OneCall", sandboxed=False)
class OneCall:
    """Calls one activity, and waits until a cancelled one has stopped."""

    @workflow.run
    async def run(self, name: str, heartbeat_timeout_s: float) -> str:
        answer: str = await workflow.execute_activity(
            name,
            result_type=str,
            start_to_close_timeout=timedelta(seconds=60),
            heartbeat_timeout=timedelta(seconds=heartbeat_timeout_s),
            schedule_to_close_timeout=timedelta(seconds=8),
            cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        )
        return answer


class Calls:
    """Activities that never heartbeat themselves."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.began = threading.Event()
        self.ended_at = 0.0
        self.attempts = 0
        self.wrote = False

    @activity.defn(name="chatty")
    def chatty(self) -> str:
        for number in range(3):
            activity.heartbeat(number)
        return "said"

    @activity.defn(name="silent")
    def silent(self) -> str:
        self.attempts += 1
        time.sleep(3)
        return "done"

    @activity.defn(name="silent-async")
    async def silent_async(self) -> str:
        self.attempts += 1
        await asyncio.sleep(3)
        return "done"

    @activity.defn(name="build")
    def build(self) -> str:
        access = PopAccess(
            name="north", capacity=Resources.of(8, 8192, 10), settings={"create_delay": "20 s"}
        )
        spec = InstanceSpec(
            name="web-1",
            pop="north",
            image="web:1",
            resources=Resources.of(1, 1024, 0),
            kind=ComponentKind.MICROSERVICE,
            tags=dict.fromkeys(TAGS, "x"),
        )
        self.began.set()
        try:
            open_vim("modelled", access, self.home).create(spec, lambda _: None)
        finally:
            self.ended_at = time.monotonic()
        return "built"

    @activity.defn(name="write", no_thread_cancel_exception=True)
    def write(self) -> str:
        self.began.set()
        time.sleep(2)
        self.wrote = True
        return "written"


class Counting(Interceptor):
    """Counts the heartbeats that are sent."""

    def __init__(self) -> None:
        self.sent = 0

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return CountedActivity(next, self)


class CountedActivity(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, counting: Counting) -> None:
        super().__init__(next)
        self.counting = counting

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(CountedBeats(outbound, self.counting))


class CountedBeats(ActivityOutboundInterceptor):
    def __init__(self, next: ActivityOutboundInterceptor, counting: Counting) -> None:
        super().__init__(next)
        self.counting = counting

    def heartbeat(self, *details: Any) -> None:
        self.counting.sent += 1
        super().heartbeat(*details)


@asynccontextmanager
async def running(
    client: Client,
    calls: Calls,
    name: str,
    interceptors: list[Interceptor],
    heartbeat_timeout_s: float = _BEAT_S,
) -> AsyncIterator[WorkflowHandle[Any, str]]:
    worker = Worker(
        client,
        task_queue="heartbeats",
        workflows=[OneCall],
        activities=[calls.chatty, calls.silent, calls.silent_async, calls.build, calls.write],
        activity_executor=ThreadPoolExecutor(4),
        interceptors=interceptors,
        max_heartbeat_throttle_interval=timedelta(seconds=2),
    )
    async with worker:
        yield await client.start_workflow(
            "OneCall",
            args=[name, heartbeat_timeout_s],
            id=f"one-call-{time.monotonic_ns()}",
            task_queue="heartbeats",
            result_type=str,
        )


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("never came true")


@pytest.mark.parametrize("name", ["silent", "silent-async"])
async def test_a_silent_call_outlives_its_heartbeat_timeout(
    client: Client, tmp_path: Path, name: str
) -> None:
    calls = Calls(tmp_path)
    async with running(client, calls, name, [Heartbeats(BALANCED.beats_per_timeout)]) as handle:
        assert await handle.result() == "done"
    assert calls.attempts == 1


async def test_without_the_beating_it_would_not(client: Client, tmp_path: Path) -> None:
    async with running(client, Calls(tmp_path), "silent", []) as handle:
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    cause: BaseException | None = failed.value
    while cause is not None and not isinstance(cause, TimeoutError):
        cause = cause.__cause__
    assert isinstance(cause, TimeoutError)


async def test_what_is_over_before_a_beat_is_due_sends_none(client: Client, tmp_path: Path) -> None:
    counting = Counting()
    beating = [counting, Heartbeats(BALANCED.beats_per_timeout)]
    async with running(client, Calls(tmp_path), "chatty", beating, heartbeat_timeout_s=30.0) as handle:
        assert await handle.result() == "said"
    assert counting.sent == 0
    async with running(client, Calls(tmp_path), "silent", beating) as handle:
        assert await handle.result() == "done"
    assert counting.sent > 1


async def test_a_cancel_reaches_a_long_create_that_says_nothing(client: Client, tmp_path: Path) -> None:
    calls = Calls(tmp_path)
    async with running(client, calls, "build", [Heartbeats(BALANCED.beats_per_timeout)]) as handle:
        await until(calls.began.is_set)
        cancelled_at = time.monotonic()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
    assert isinstance(failed.value.cause, CancelledError)
    assert calls.ended_at - cancelled_at < 3


async def test_a_write_that_is_not_to_be_cut_comes_through_a_cancel(client: Client, tmp_path: Path) -> None:
    calls = Calls(tmp_path)
    async with running(client, calls, "write", [Heartbeats(BALANCED.beats_per_timeout)]) as handle:
        await until(calls.began.is_set)
        await handle.cancel()
        assert await handle.result() == "written"
    assert calls.wrote
