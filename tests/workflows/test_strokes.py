"""The worst death of an operation is that of a worker which has both a task and the workflow's state."""

import asyncio
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError
from temporalio.worker import Worker

from domain import names
from domain.names import OperationKind
from lab.recovering.subjects import SUBJECTS
from lab.recovering.timing import Stroke, Timed, timed

pytestmark = pytest.mark.asyncio(loop_scope="session")

SUBJECT = SUBJECTS[OperationKind.INSTANTIATE]
HAS_STATE, HAS_TASK = 1_000_001, 1_000_002
FUSED = 4
"""Tasks to an activity: of eight, two activities."""


@workflow.defn(name=OperationKind.INSTANTIATE.value, sandboxed=False)
class TwoActivities:
    """As an operation of eight tasks, of which four are one activity."""

    @workflow.run
    async def run(self, _: Any) -> None:
        for _ in range(2):
            while not await self._done():
                pass

    async def _done(self) -> bool:
        try:
            await workflow.execute_activity(
                SUBJECT.action,
                task_queue="tasks",
                start_to_close_timeout=timedelta(seconds=60),
                heartbeat_timeout=timedelta(seconds=0.5),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            return False
        return True


@dataclass
class Struck:
    """A lab in which a killed worker's task is never answered."""

    client: Client
    home: Path
    killed: list[int] = field(default_factory=list)
    server_killed: bool = False

    def kill(self, pid: int) -> None:
        self.killed.append(pid)

    def kill_server(self) -> None:
        self.server_killed = True

    @activity.defn(name=SUBJECT.action)
    async def task(self) -> None:
        """Takes a second, and is found done at once by whoever takes it over."""
        for _ in range(100):
            if self.killed:
                return
            await asyncio.sleep(0.01)
            activity.heartbeat()
            if self.killed:
                await asyncio.Event().wait()


async def operated(lab: Struck, worker_with_task: int, server: bool = False) -> Timed:
    stroke = Stroke(before_end_s=0.5, task_s=1 / FUSED, fused=FUSED, server=server)
    queue, state, task = names.ORCHESTRATION_QUEUE, f"{HAS_STATE}@host", f"{worker_with_task}@host"
    async with (
        Worker(lab.client, task_queue=queue, workflows=[TwoActivities], identity=state),
        Worker(lab.client, task_queue="tasks", activities=[lab.task], identity=task),
    ):
        told = await timed(lab, SUBJECT, f"struck-{uuid.uuid4().hex[:8]}", stroke)
    return told


async def test_a_worker_dies_that_has_a_task_and_the_workflow(client: Client, tmp_path: Path) -> None:
    lab = Struck(client, tmp_path)
    told = await operated(lab, HAS_STATE)
    assert told.struck and lab.killed == [HAS_STATE]


async def test_one_that_has_but_the_task_lives_and_does_not_count(client: Client, tmp_path: Path) -> None:
    lab = Struck(client, tmp_path)
    told = await operated(lab, HAS_TASK)
    assert not told.struck and not lab.killed


async def test_the_server_dies_whoever_has_the_task(client: Client, tmp_path: Path) -> None:
    lab = Struck(client, tmp_path)
    await operated(lab, HAS_TASK, server=True)
    assert lab.server_killed and not lab.killed
