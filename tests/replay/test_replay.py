"""Workflows of today still understand the histories of running and finished operations.

Where a change of a workflow is meant and none runs any more: `python -m tests.replay.record`.
"""

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
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
RECORDED = sorted(f"{path.parent.name}/{path.stem}" for path in HISTORIES.glob("*/*.json"))
UNPLANNED = [name for name in RECORDED if name.startswith("unplanned/")]


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
    workflow_id = f"replay-{name.partition('/')[2]}"
    return WorkflowHistory.from_json(workflow_id, (HISTORIES / f"{name}.json").read_text())


def openings(whole: WorkflowHistory) -> Iterator[WorkflowHistory]:
    """The history as it was while the operation still ran: up to each of its workflow tasks."""
    for number, event in enumerate(whole.events):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            yield WorkflowHistory(whole.workflow_id, whole.events[: number + 1])


@pytest.mark.parametrize("name", RECORDED)
async def test_a_recorded_history_replays(name: str) -> None:
    await Replayer(workflows=WORKFLOWS, plugins=[plugin(sandboxed=True)]).replay_workflow(history(name))


@pytest.mark.parametrize("name", UNPLANNED)
async def test_what_ran_when_the_code_changed_goes_on_as_it_began(name: str) -> None:
    replayer = Replayer(workflows=WORKFLOWS, plugins=[plugin(sandboxed=True)])
    opened = list(openings(history(name)))
    assert len(opened) > 3
    for each in opened:
        await replayer.replay_workflow(each)


@pytest.mark.parametrize("changed", [Changed, Skipping])
@pytest.mark.parametrize("name", ["unplanned/instantiate", "unplanned/instantiate-undone"])
async def test_a_changed_workflow_is_caught(changed: type, name: str) -> None:
    with pytest.raises(workflow.NondeterminismError):
        await Replayer(workflows=[changed], plugins=[plugin(sandboxed=True)]).replay_workflow(history(name))


@pytest.mark.parametrize("name", RECORDED)
def test_a_history_tells_nothing_of_where_it_was_recorded(name: str) -> None:
    text = (HISTORIES / f"{name}.json").read_text()
    for trace in (str(ROOT), str(Path.home()), platform.node(), "site-packages", "@"):
        assert trace not in text
