"""Operations that began before they were planned are finished by today's workers as they began."""

import pytest
from temporalio import workflow
from temporalio.worker import Worker

from domain import names
from domain.requests import InstantiateRequest, OperationResult, TerminateRequest
from tests.workflows.lab import INSTANCES, Lab, eventually
from workers.plugin import plugin
from workflows.board import Board
from workflows.unplanned.instantiate import UnplannedInstantiate
from workflows.unplanned.terminate import UnplannedTerminate

pytestmark = pytest.mark.asyncio(loop_scope="session")


@workflow.defn(name=names.OperationKind.INSTANTIATE, sandboxed=False)
class FormerInstantiate:
    """Instantiate as it was."""

    @workflow.run
    async def run(self, request: InstantiateRequest) -> OperationResult:
        return await UnplannedInstantiate(Board(names.OperationKind.INSTANTIATE)).run(request)


@workflow.defn(name=names.OperationKind.TERMINATE, sandboxed=False)
class FormerTerminate:
    """Terminate as it was."""

    @workflow.run
    async def run(self, request: TerminateRequest) -> OperationResult:
        return await UnplannedTerminate(Board(names.OperationKind.TERMINATE)).run(request)


def former_worker(lab: Lab) -> Worker:
    """A worker of the code before: it has only the workflows."""
    return Worker(
        lab.client,
        task_queue=names.ORCHESTRATION_QUEUE,
        workflows=[FormerInstantiate, FormerTerminate],
        plugins=[plugin()],
    )


async def test_an_instantiation_is_finished_as_it_began(idle: Lab) -> None:
    async with former_worker(idle):
        handle = await idle.start("s1")

        async def begun() -> bool:
            return (await handle.describe()).raw_description.pending_activities != []

        await eventually(lambda: begun(), "it waits for its first activity")
    async with idle.workers():
        await handle.result()
        assert sorted(idle.running("s1")) == sorted(INSTANCES)
        history = (await handle.fetch_history()).to_json()
        assert "catalogue.reserve" in history
        assert names.MAKE_PLAN not in history
        await (await idle.operate("Scale", "s1", component="web", by=1)).result()
        idle.whole("s1")
        await idle.end_all()


async def test_a_termination_is_finished_as_it_began(idle: Lab) -> None:
    async with idle.workers():
        await (await idle.start("s1")).result()
    async with former_worker(idle):
        handle = await idle.start_terminate("s1")

        async def begun() -> bool:
            return (await handle.describe()).raw_description.pending_activities != []

        await eventually(lambda: begun(), "it waits for its first activity")
    async with idle.workers():
        await handle.result()
        assert idle.state() == idle.before
        await idle.end_all()
