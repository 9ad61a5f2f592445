"""Operations that hold services: who waits for somebody, who is dead, whom `follow` finds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from catalogue.store import Catalogue
from domain import names
from domain.errors import InputError
from domain.lifecycle import ScaleRequest
from domain.phases import OperationState, Phase
from domain.requests import OperationProgress, StepProgress, StepState
from interfaces.cli import finding, follow, holding, status
from interfaces.cli.holding import Condition
from interfaces.cli.telling import cancel_operation, follow_operation
from tests.unit.cli_world import active, begin, catalogue_at
from tests.workflows.lab import dev_server
from workers.plugin import connect

pytestmark = pytest.mark.asyncio(loop_scope="module")


def progress(
    state: StepState = "running", phase: Phase = Phase.PROVISIONING, **more: str
) -> OperationProgress:
    steps = (StepProgress(name="create web-3 on north", state=state, id="1.create.web-3"),)
    return OperationProgress.model_validate(
        {"operation_id": "op", "service": "shop", "phase": phase, "steps": steps, **more}
    )


@workflow.defn(name="Scale", sandboxed=False)
class HeldScale:
    """Waits for somebody, as an operation would."""

    @workflow.run
    async def run(self, request: ScaleRequest) -> None:
        await workflow.wait_condition(lambda: False)

    @workflow.query(name=names.PROGRESS_QUERY)
    def progress(self) -> OperationProgress:
        return progress("held", Phase.COMMITTING, paused="freeze")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with dev_server() as environment:
        yield await connect(environment.client.service_client.config.target_host)


@pytest.fixture
def store(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    """A machine whose command line speaks with that Temporal; of it, the service shop."""
    monkeypatch.setenv("INTERLACE_HOME", str(tmp_path))
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    monkeypatch.delenv("INTERLACE_CATALOGUE_URL", raising=False)
    found = catalogue_at(tmp_path)
    yield found
    found.close()


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_runs_on(client: Client) -> AsyncIterator[None]:
    yield
    with suppress(RPCError):
        await client.get_workflow_handle("service/shop").terminate()


async def started(client: Client, limit: timedelta | None = None) -> WorkflowHandle[object, object]:
    return await client.start_workflow(
        "Scale",
        ScaleRequest(service="shop", component="web", by=1),
        id="service/shop",
        task_queue=names.ORCHESTRATION_QUEUE,
        execution_timeout=limit,
    )


def scaled(store: Catalogue, handle: WorkflowHandle[object, object]) -> None:
    """The Scale of shop, which runs already, takes the lease."""
    run = str(handle.first_execution_run_id)
    store.operations.begin(f"scale-{run}", "Scale", "shop", "default", handle.id, run)


@pytest.mark.parametrize(
    ("condition", "flags"),
    [
        (Condition(), ()),
        (Condition(progress=progress()), ()),
        (Condition(progress=progress("held")), ("held",)),
        (Condition(progress=progress(paused="")), ("paused",)),
        (Condition(progress=progress("held", paused="freeze")), ("held", "paused")),
        (Condition(end="TERMINATED"), ("dead",)),
    ],
)
async def test_only_what_waits_for_somebody_is_flagged(condition: Condition, flags: tuple[str, ...]) -> None:
    assert condition.flags == flags


async def test_who_waits_is_asked_of_the_operation_itself(client: Client, store: Catalogue) -> None:
    active(store)
    handle = await started(client)
    scaled(store, handle)
    async with Worker(client, task_queue=names.ORCHESTRATION_QUEUE, workflows=[HeldScale]):
        held = store.operations.under_way()
        found = await asyncio.to_thread(holding.conditions, held.values())
        with pytest.raises(InputError, match="cannot be cancelled any more"):
            await asyncio.to_thread(cancel_operation, "shop")
    await handle.terminate()
    assert found is not None
    assert {name: each.flags for name, each in found.items()} == {"shop": ("held", "paused")}


async def test_an_operation_that_was_ended_by_force_is_dead_for_everybody(
    client: Client, store: Catalogue, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    active(store)
    handle = await started(client)
    scaled(store, handle)
    assert await finding.find_running(client, "shop")
    await handle.terminate("by force")
    found = await asyncio.to_thread(holding.conditions, store.operations.under_way().values())
    assert found == {"shop": Condition(end="TERMINATED")}
    words = "its workflow was ended by force (TERMINATED): the next operation on shop first puts right"
    with pytest.raises(InputError) as refused:
        await finding.find_running(client, "shop")
    assert f"is dead: {words}" in str(refused.value)
    status.show(await asyncio.to_thread(status.status_of, store, tmp_path, "shop"))
    shown = capsys.readouterr().out
    assert words in shown
    assert "PROCESSING" not in shown
    assert await asyncio.to_thread(follow_operation, "shop", False) == 1
    assert f"FAILED: Scale of shop failed: {words}" in capsys.readouterr().out


async def test_a_workflow_that_timed_out_or_is_unknown_is_dead_too(client: Client, store: Catalogue) -> None:
    store.operations.begin("op-1", "Instantiate", "shop", "default", "mine", str(uuid4()), "tiny", "1")
    holder = store.operations.under_way()["shop"]
    assert await holding.end_of(client, holder) == "NOT_FOUND"
    remedy = "shop is INSTANTIATING, `interlace terminate shop` takes away what it left"
    assert holding.in_words("NOT_FOUND", "shop") == (
        f"its workflow is not known to Temporal (NOT_FOUND): {remedy}"
    )
    store.operations.take_over("shop", holder.operation_id)
    handle = await started(client, timedelta(seconds=1))
    store.operations.begin(
        "op-3", "Terminate", "shop", "default", handle.id, str(handle.first_execution_run_id)
    )
    with pytest.raises(Exception, match="Workflow execution failed"):
        await handle.result()
    assert await holding.end_of(client, store.operations.under_way()["shop"]) == "TIMED_OUT"
    assert "shop is TERMINATING" in holding.in_words("TIMED_OUT", "shop")
    assert holding.in_words("TIMED_OUT", "nobody").endswith("(TIMED_OUT): nothing is left of nobody")


async def test_one_that_gave_the_service_back_meanwhile_is_not_dead(client: Client, store: Catalogue) -> None:
    active(store)
    handle = await started(client)
    scaled(store, handle)
    holder = store.operations.under_way()["shop"]
    await handle.terminate()
    store.operations.finish(holder.operation_id, holder.fence, OperationState.FAILED, "quota")
    assert await holding.end_of(client, holder) is None


async def test_what_a_cancel_left_is_told_from_the_catalogue(
    client: Client, store: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    active(store)
    handle = await started(client)
    scaled(store, handle)
    holder = store.operations.under_way()["shop"]
    noted = "cancelled (and was undone; not as before: web-1 is gone)"
    store.operations.finish(holder.operation_id, holder.fence, OperationState.CANCELLED, noted)
    async with Worker(client, task_queue=names.ORCHESTRATION_QUEUE, workflows=[HeldScale]):
        await handle.cancel()
        assert await asyncio.to_thread(follow_operation, "shop", False) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "FAILED: Scale of shop was cancelled and undone; not as before: web-1 is gone"


async def test_follow_finds_one_that_ended_before_the_catalogue_heard_of_it(
    client: Client, store: Catalogue
) -> None:
    active(store)
    handle = await started(client)
    await handle.terminate()
    found = await finding.running_or_last(client, "shop")
    assert (found.kind, found.run_id) == ("Scale", handle.first_execution_run_id)


async def test_an_operation_is_started_with_a_short_timeout_of_its_tasks(
    client: Client, store: Catalogue
) -> None:
    active(store)
    request = ScaleRequest(service="shop", component="web", by=1)
    assert await asyncio.to_thread(follow.run_operation, request, False, True) == 0
    handle = client.get_workflow_handle("service/shop")
    described = await handle.describe()
    await handle.terminate()
    timeout = described.raw_description.execution_config.default_workflow_task_timeout
    assert timeout.ToTimedelta() == timedelta(seconds=2)


async def test_without_temporal_nobody_is_waited_for(
    client: Client, store: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:9")
    assert await asyncio.to_thread(holding.conditions, store.operations.under_way().values()) is None
    assert holding.conditions(()) == {}
