"""A cancelled operation leaves everything as it was, whenever the cancel arrives."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError

from domain import names
from domain.phases import OperationState, Phase, ServiceState
from tests.workflows.lab import INSTANCES, Lab, eventually, failure, infrastructure, progress

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = infrastructure(settings="{create_delay: 10 min}")
SLOW_TO_DELETE = infrastructure(settings="{delete_delay: 2 s}")


class Held:
    """A call into the catalogue that waits until it is let go, or for so long as nobody would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, part: object, method: str) -> None:
        self.reached, self._go = threading.Event(), threading.Event()
        self._call: Callable[..., Any] = getattr(part, method)
        monkeypatch.setattr(part, method, self._held)

    def _held(self, *args: Any, **kwargs: Any) -> Any:
        self.reached.set()
        self._go.wait(60)
        return self._call(*args, **kwargs)

    def let_go(self) -> None:
        self._go.set()


async def cancelled(handle: WorkflowHandle[Any, Any]) -> None:
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert isinstance(caught.value.cause, CancelledError)


async def in_phase(handle: WorkflowHandle[Any, Any], phase: Phase) -> None:
    async def reached() -> bool:
        return (await progress(handle)).phase is phase

    await eventually(reached, f"phase {phase}")


async def test_a_cancelled_terminate_is_finished_by_the_next(lab: Lab) -> None:
    """Deletions cannot be undone: the service stays TERMINATING, without a lease, until one goes through."""
    await (await lab.start("s1")).result()
    fault = lab.fault(kind="hang", operation="delete")
    handle = await lab.start_terminate("s1")
    await in_phase(handle, Phase.DELETING)
    await handle.cancel()
    await cancelled(handle)
    assert lab.catalogue.services.get("s1").state is ServiceState.TERMINATING
    assert lab.catalogue.operations.holder("s1") is None
    lab.clear(fault)
    await (await lab.start_terminate("s1")).result()
    assert lab.state() == lab.before


async def test_while_planning(idle: Lab) -> None:
    queues = [queue for queue in names.TASK_QUEUES if queue != names.PLACEMENT_QUEUE]
    async with idle.workers(queues):
        handle = await idle.start("s1")
        await in_phase(handle, Phase.PLANNING)
        await handle.cancel()
        await cancelled(handle)
    assert idle.state() == idle.before


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_while_provisioning(lab: Lab) -> None:
    handle = await lab.start("s1")
    await eventually(lab.world, "something is being built")
    await handle.cancel()
    await cancelled(handle)
    assert lab.state() == lab.before
    assert [each.state for each in lab.catalogue.operations.list("s1")] == [OperationState.CANCELLED]
    lab.apply(infrastructure())
    await (await lab.start("s1")).result()


@pytest.mark.parametrize(("part", "method"), [("operations", "begin"), ("plans", "keep")])
async def test_while_the_catalogue_writes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, part: str, method: str
) -> None:
    held = Held(monkeypatch, getattr(lab.catalogue, part), method)
    handle = await lab.start("s1")
    await eventually(held.reached.is_set, f"{method} is called")
    await handle.cancel()
    await asyncio.sleep(0.5)
    held.let_go()
    await cancelled(handle)
    assert lab.state() == lab.before


async def test_a_reservation_under_way_is_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were it not, it could take the capacity after the undo had released it, for ever."""
    reserving = Held(monkeypatch, lab.catalogue.reservations, "transition")
    handle = await lab.start("s1")
    await eventually(reserving.reached.is_set, "the reservation is under way")
    finishing = Held(monkeypatch, lab.catalogue.operations, "finish")
    await handle.cancel()
    await asyncio.sleep(1)
    early = finishing.reached.is_set()
    reserving.let_go()
    finishing.let_go()
    await cancelled(handle)
    assert not early
    assert lab.state() == lab.before


@pytest.mark.parametrize("idle", [SLOW_TO_DELETE], indirect=True)
async def test_an_undo_is_not_cut_short(lab: Lab) -> None:
    lab.fault(kind="permanent", operation="create", component="balancer", message="no such image")
    handle = await lab.start("s1")
    await in_phase(handle, Phase.UNDOING)
    await handle.cancel()
    assert "no such image" in await failure(handle)
    assert lab.state() == lab.before
    assert lab.catalogue.operations.holder("s1") is None


@pytest.mark.parametrize(("part", "method"), [("services", "commit_deployment"), ("operations", "finish")])
async def test_too_late_once_the_outcome_stands(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, part: str, method: str
) -> None:
    held = Held(monkeypatch, getattr(lab.catalogue, part), method)
    handle = await lab.start("s1")
    await eventually(held.reached.is_set, f"{method} is called")
    await handle.cancel()
    await asyncio.sleep(0.5)
    held.let_go()
    await handle.result()
    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
    assert lab.catalogue.services.get("s1").state is ServiceState.ACTIVE
    assert len(lab.world()) == len(INSTANCES)
    assert lab.catalogue.operations.holder("s1") is None
