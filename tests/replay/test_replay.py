"""Workflows of today still understand the histories of running and finished operations.

Where a change of a workflow is meant and none runs any more: `python -m tests.replay.record`.
"""

import platform
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from domain import names
from domain.requests import InstantiateRequest, Nothing, OperationResult, ResourceList, ResourceQuery
from workers.assembly import WORKFLOWS
from workers.plugin import plugin
from workflows.calls import ask_store
from workflows.instantiate import Instantiate
from workflows.unplanned.instantiate import UnplannedInstantiate

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = ROOT / "tests" / "fixtures" / "histories"
RECORDED = (
    *("instantiate", "instantiate-undone", "terminate"),
    *("instantiate-connected", "instantiate-connected-undone", "terminate-connected"),
)


class Forgetful(UnplannedInstantiate):
    """Forgets to reserve."""

    async def call(self, activity, argument, result, *, step):  # type: ignore[no-untyped-def]
        if activity == names.RESERVE:
            return Nothing()
        return await super().call(activity, argument, result, step=step)


@workflow.defn(name=names.OperationKind.INSTANTIATE, sandboxed=False)
class Changed(Instantiate):
    """Instantiate with an activity more."""

    @workflow.run
    async def run(self, request: InstantiateRequest) -> OperationResult:
        query = ResourceQuery(service=request.service)
        await ask_store(names.RESOURCES, query, ResourceList, summary="look")
        return await super().run(request)


@workflow.defn(name=names.OperationKind.INSTANTIATE, sandboxed=False)
class Skipping(Instantiate):
    """Instantiate that goes on as before there were plans, but forgets to reserve."""

    @workflow.run
    async def run(self, request: InstantiateRequest) -> OperationResult:
        return await Forgetful(self._board).run(request)


def history(name: str) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"replay-{name}", (HISTORIES / f"{name}.json").read_text())


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_history_replays(name: str) -> None:
    await Replayer(workflows=WORKFLOWS, plugins=[plugin()]).replay_workflow(history(name))


@pytest.mark.parametrize("changed", [Changed, Skipping])
@pytest.mark.parametrize("name", ["instantiate", "instantiate-undone"])
async def test_a_changed_workflow_is_caught(changed: type, name: str) -> None:
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[changed], plugins=[plugin()]).replay_workflow(history(name))


@pytest.mark.parametrize("name", RECORDED)
def test_a_history_tells_nothing_of_where_it_was_recorded(name: str) -> None:
    text = (HISTORIES / f"{name}.json").read_text()
    for trace in (str(ROOT), str(Path.home()), platform.node(), "site-packages", "@"):
        assert trace not in text
