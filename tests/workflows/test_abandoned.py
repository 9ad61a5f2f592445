"""An operation whose workflow was ended by force leaves no trap: the next one puts right what it left."""

import pytest

from domain.phases import OperationState
from tests.workflows.lab import INSTANCES, Lab, eventually, failure

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def abandoned_scale(lab: Lab) -> None:
    """A Scale that is ended by force when one of its two instances is there and the other hangs."""
    await (await lab.start("s1")).result()
    lab.fault(kind="hang", operation="create", component="web", times=1)
    handle = await lab.operate("Scale", "s1", component="web", by=2)
    await eventually(lambda: len(lab.running("s1")) == 6, "one of two is built")
    await handle.terminate("by force")
    lab.clear()


async def test_the_next_operation_mends_first(lab: Lab) -> None:
    await abandoned_scale(lab)
    await (await lab.operate("Scale", "s1", component="firewall", image="firewall:2")).result()
    lab.whole("s1")
    assert sorted(lab.running("s1")) == sorted(INSTANCES)
    states = [each.state for each in lab.catalogue.operations.list("s1")]
    assert states[:2] == [OperationState.COMPLETED, OperationState.ABANDONED]


async def test_terminate_takes_it_down_as_it_is(lab: Lab) -> None:
    await abandoned_scale(lab)
    await (await lab.start_terminate("s1")).result()
    await eventually(lambda: lab.state() == lab.before, "nothing is left")


async def test_a_half_instantiated_service_can_only_be_terminated(lab: Lab) -> None:
    lab.fault(kind="hang", operation="create", component="balancer")
    handle = await lab.start("s1")
    await eventually(lambda: lab.running("s1"), "something is built")
    await handle.terminate("by force")
    lab.clear()
    assert "INSTANTIATING" in await failure(await lab.operate("Scale", "s1", component="web", by=1))
    await (await lab.start_terminate("s1")).result()
    await eventually(lambda: lab.state() == lab.before, "nothing is left")


async def test_a_half_terminated_service_can_only_be_terminated(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lab.fault(kind="hang", operation="delete", component="database")
    handle = await lab.start_terminate("s1")
    await eventually(lambda: len(lab.running("s1")) == 1, "the others are deleted")
    await handle.terminate("by force")
    lab.clear()
    assert "TERMINATING" in await failure(await lab.operate("Heal", "s1"))
    await (await lab.start_terminate("s1")).result()
    assert lab.state() == lab.before
