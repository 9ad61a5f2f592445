"""Whatever the VIM, a worker or an operator breaks, the outcome is whole."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from domain import names
from domain.phases import OperationState, ResourceState, ServiceState
from tests.workflows.lab import INSTANCES, QUICK, Lab, eventually, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).resolve().parents[2]
SLOW = infrastructure(settings="{create_delay: 10 min}")
STEADY = infrastructure(settings="{create_delay: 2 s}")


def one_of_each(lab: Lab, service: str = "s1") -> None:
    """Exactly the service's instances exist, none twice."""
    found = Counter(row.tags["instance"] for row in lab.world().values() if row.tags["service"] == service)
    assert found == dict.fromkeys(INSTANCES, 1)


async def test_an_outage_that_ends(lab: Lab) -> None:
    lab.fault(kind="outage", ends_at=time.time() + 2, message="power cut")
    await (await lab.start("s1")).result()
    one_of_each(lab)


async def test_a_temporary_failure(lab: Lab) -> None:
    lab.fault(kind="temporary", operation="create", times=2)
    await (await lab.start("s1")).result()
    one_of_each(lab)


@pytest.mark.parametrize("component", ["web", "database"])
async def test_an_answer_lost_after_create(lab: Lab, component: str) -> None:
    lab.fault(kind="lost", operation="create", component=component, times=1)
    await (await lab.start("s1")).result()
    one_of_each(lab)


async def test_an_answer_lost_after_delete(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="lost", operation="delete", times=2)
    await (await lab.start_terminate("s1")).result()
    assert lab.state() == lab.before


async def test_creates_that_never_work_are_undone(lab: Lab) -> None:
    lab.fault(kind="temporary", operation="create", component="balancer", message="overloaded")
    message = await failure(await lab.start("s1", patience=QUICK))
    assert "failed and was undone" in message
    assert "overloaded" in message
    assert lab.state() == lab.before


async def test_what_cannot_be_deleted_is_swept_once_it_can(lab: Lab) -> None:
    lab.fault(kind="permanent", operation="create", component="balancer", message="no such image")
    stuck = lab.fault(kind="temporary", operation="delete", component="database", message="locked")
    message = await failure(await lab.start("s1", patience=QUICK))
    assert "left behind, a sweep keeps deleting: s1-database-1-" in message
    (left,) = lab.catalogue.ledger.all()
    assert (left.state, left.instance) == (ResourceState.LEFTOVER, "database-1")
    assert left.reason and "locked" in left.reason
    assert [row.tags["instance"] for row in lab.world().values()] == ["database-1"]
    assert lab.world_usage() == lab.catalogue.infrastructure.usage().pops
    lab.clear(stuck)
    await eventually(lambda: lab.state() == lab.before, "the sweep has deleted the leftover")


async def test_terminate_leaves_the_stuck_to_a_sweep(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="temporary", operation="delete", component="web", message="locked")
    result = await (await lab.start_terminate("s1", patience=QUICK)).result()
    assert len(result.leftovers) == 2
    assert lab.service("s1") is None
    assert lab.world_usage() == lab.catalogue.infrastructure.usage().pops
    lab.clear()
    await eventually(lambda: lab.state() == lab.before, "the sweep has deleted the leftovers")


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_terminate_takes_a_dead_operation_over(lab: Lab) -> None:
    dead = await lab.start("s1")
    await eventually(lab.world, "something is being built")
    await dead.terminate("by hand")
    await (await lab.start_terminate("s1")).result()
    assert lab.state() == lab.before
    states = {each.kind: each.state for each in lab.catalogue.operations.list("s1")}
    assert states == {"Instantiate": OperationState.ABANDONED, "Terminate": OperationState.COMPLETED}


async def serve(lab: Lab, address: str) -> asyncio.subprocess.Process:
    """A worker process of its own, all of whose children die with its group."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers",
        cwd=ROOT,
        env={**os.environ, "TEMPORAL_ADDRESS": address, "INTERLACE_HOME": str(lab.home)},
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert names.ORCHESTRATION_QUEUE in line.decode()
    return process


@pytest.mark.parametrize("idle", [STEADY], indirect=True)
async def test_a_killed_worker_is_replaced(idle: Lab, address: str) -> None:
    process = await serve(idle, address)
    try:
        handle = await idle.start("s1")
        await eventually(idle.world, "something is being built")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    assert idle.catalogue.services.get("s1").state is ServiceState.INSTANTIATING
    async with idle.workers():
        await handle.result()
        one_of_each(idle)
        assert idle.catalogue.services.get("s1").state is ServiceState.ACTIVE
        assert idle.world_usage() == idle.catalogue.infrastructure.usage().pops


async def test_a_vim_that_accepts_deletes_and_does_nothing(lab: Lab) -> None:
    """What it says is not believed: the instance stays in the ledger, and reserved, until it is gone."""
    await (await lab.start("s1")).result()
    lab.fault(kind="ignored", operation="delete", component="database")
    result = await (await lab.start_terminate("s1", patience=QUICK)).result()
    (left,) = lab.catalogue.ledger.all()
    assert result.leftovers == (left.resource_name,)
    assert left.reason and "accepted the delete, but" in left.reason
    await asyncio.sleep(6)  # a round of the sweep, which is not taken in either
    assert [row.tags["instance"] for row in lab.world().values()] == ["database-1"]
    assert lab.world_usage() == lab.catalogue.infrastructure.usage().pops
    lab.clear()
    await eventually(lambda: lab.state() == lab.before, "the sweep has deleted the leftover")


async def test_a_vim_that_fails_for_longer_than_anybody_waits(lab: Lab) -> None:
    """An outage in the midst of a change: the change is undone, what cannot be undone now is told."""
    await (await lab.start("s1")).result()
    pop = lab.running("s1")["web-1"]
    outage = lab.fault(kind="outage", pop=pop, message="an hour of darkness")
    message = await failure(await lab.operate("Scale", "s1", component="web", image="web:2", patience=QUICK))
    assert "an hour of darkness" in message
    lab.clear(outage)
    await eventually(lambda: not lab.catalogue.ledger.leftovers(), "what was left is swept")
    await (await lab.operate("Scale", "s1", component="web", image="web:2")).result()
    lab.whole("s1")
