"""What is refused, in whose words, and that it changes nothing."""

from typing import Any

import pytest
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain import names
from tests.workflows.lab import Lab, attribute, eventually, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLOW = infrastructure(settings="{create_delay: 10 min}")
NO_QUOTA = infrastructure(settings="{quota: {instances: 0}}")


@pytest.mark.parametrize(
    ("workflow_type", "given", "words"),
    [
        ("Instantiate", {"service": "s1"}, ("descriptor", "Field required")),
        (
            "Instantiate",
            {"service": "s1", "descriptor": "shop", "colour": "red"},
            ("colour", "not permitted"),
        ),
        ("Instantiate", {"service": "Not A Name", "descriptor": "shop"}, ("service", "pattern")),
        ("Terminate", {}, ("service", "Field required")),
        ("Sweep", {"service": "s1", "first_pause_s": -1}, ("first_pause_s",)),
    ],
)
async def test_malformed_input_fails_with_the_field(
    lab: Lab, workflow_type: str, given: dict[str, Any], words: tuple[str, ...]
) -> None:
    handle = await lab.client.start_workflow(
        workflow_type, given, id="malformed", task_queue=names.ORCHESTRATION_QUEUE
    )
    message = await failure(handle)
    for word in words:
        assert word in message
    assert lab.state() == lab.before


async def test_unknown_descriptor(lab: Lab) -> None:
    message = await failure(await lab.start("s1", "shopp"))
    assert "no descriptor 'shopp'; did you mean shop?" in message
    assert lab.state() == lab.before


async def test_unknown_version(lab: Lab) -> None:
    message = await failure(await lab.start("s1", version="9.9"))
    assert "no version of descriptor shop '9.9'" in message
    assert lab.state() == lab.before


async def test_unknown_service(lab: Lab) -> None:
    message = await failure(await lab.start_terminate("nothing"))
    assert "no service 'nothing'" in message
    assert lab.state() == lab.before


async def test_a_service_that_exists(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    assert "service s1 exists already: it is ACTIVE" in await failure(await lab.start("s1"))
    assert lab.state() == state


async def test_an_infeasible_placement_says_which_component(lab: Lab) -> None:
    handle = await lab.start("s1", "hungry")
    message = await failure(handle)
    assert "glutton-1 fits on no PoP" in message
    assert "99" in message
    assert lab.state() == lab.before
    assert await attribute(handle, names.PHASE_ATTRIBUTE) == "Failed"


@pytest.mark.parametrize("idle", [NO_QUOTA], indirect=True)
async def test_a_quota_undoes_all_and_is_told_in_the_vims_words(lab: Lab) -> None:
    message = await failure(await lab.start("s1"))
    assert "failed and was undone" in message
    assert "the modelled VIM says: quota exceeded: instances would be 1, allowed are 0" in message
    assert "PoP " in message
    assert lab.state() == lab.before


async def test_a_late_refusal_undoes_what_was_made_before(lab: Lab) -> None:
    lab.fault(kind="permanent", operation="create", component="balancer", message="no such image")
    message = await failure(await lab.start("s1"))
    assert "the modelled VIM says: no such image" in message
    assert "s1-balancer-1" in message
    assert lab.state() == lab.before


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_the_same_workflow_id_twice(lab: Lab) -> None:
    await lab.start("s1")
    with pytest.raises(WorkflowAlreadyStartedError):
        await lab.start("s1")


@pytest.mark.parametrize("idle", [SLOW], indirect=True)
async def test_another_workflow_id_is_told_who_holds_the_service(lab: Lab) -> None:
    first = await lab.start("s1")
    holder = await eventually(lambda: lab.catalogue.operations.holder("s1"), "the lease is taken")
    for second in (
        await lab.start("s1", workflow_id="by-hand"),
        await lab.start_terminate("s1", "by-hand-2"),
    ):
        message = await failure(second)
        assert f"service s1 is held by operation {holder.operation_id} (Instantiate" in message
        assert f"run {first.result_run_id}" in message
        assert "since 20" in message
    assert lab.catalogue.operations.holder("s1") == holder
