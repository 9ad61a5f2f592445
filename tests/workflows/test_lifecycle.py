"""A service from its descriptor to ACTIVE and back to nothing."""

import json
import time
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.api.sdk.v1 import WorkflowMetadata

from catalogue.documents import read_descriptor
from catalogue.operations import Operations
from domain import names
from domain.phases import OperationState, Phase, ResourceState, ServiceState
from domain.records import Lease
from tests.workflows.lab import INSTANCES, Handle, Lab, attribute, chain, progress

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_world_holds_exactly_the_plan(lab: Lab) -> None:
    result = await (await lab.start("s1")).result()
    record = lab.catalogue.services.get("s1")
    assert record.state is ServiceState.ACTIVE
    assert record.plan is not None
    planned = {(instance, pop) for instance, pop in record.plan.placements.items()}
    existing = {(row.tags["instance"], key.split("/")[0]) for key, row in lab.world().items()}
    assert existing == planned
    assert sorted(name for name, _ in planned) == sorted(INSTANCES)
    assert len(lab.world()) == len(INSTANCES)
    assert {entry.state for entry in lab.catalogue.ledger.all()} == {ResourceState.CREATED}
    assert lab.world_usage() == lab.catalogue.infrastructure.usage().pops
    assert result.cost_per_hour == record.plan.cost_per_hour
    assert result.leftovers == ()
    assert lab.catalogue.operations.holder("s1") is None


async def test_config_is_wired(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    rows = {row.tags["instance"]: row for row in lab.world().values()}
    backends = json.loads(rows["balancer-1"].spec)["config"]["backends"]
    assert backends == f"{rows['web-1'].address},{rows['web-2'].address}"
    assert json.loads(rows["web-2"].spec)["environment"]["DATABASE_HOST"] == rows["database-1"].address


async def test_tags_say_whose_it_is(lab: Lab) -> None:
    result = await (await lab.start("s1", tenant="acme")).result()
    for row in lab.world().values():
        assert (row.tags["service"], row.tags["tenant"]) == ("s1", "acme")
        assert row.tags["operation"] == result.operation_id


async def test_it_shows_how_far_it_is(lab: Lab) -> None:
    handle = await lab.start("s1", tenant="acme")
    await handle.result()
    shown = await progress(handle)
    assert shown.phase is Phase.DONE
    assert shown.failure is None
    assert {step.state for step in shown.steps} == {"done"}
    assert sum(step.name.startswith("create ") for step in shown.steps) == len(INSTANCES)
    assert await attribute(handle, names.SERVICE_ATTRIBUTE) == "s1"
    assert await attribute(handle, names.OPERATION_ATTRIBUTE) == "Instantiate"
    assert await attribute(handle, names.PHASE_ATTRIBUTE) == "Done"
    assert await attribute(handle, names.TENANT_ATTRIBUTE) == "acme"
    metadata = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    assert "Instantiate of s1: Done" in metadata.current_details


async def test_terminate_leaves_no_trace(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    handle = await lab.start_terminate("s1")
    result = await handle.result()
    assert lab.state() == lab.before
    assert lab.service("s1") is None
    assert lab.world() == {}
    assert result.leftovers == ()
    assert await attribute(handle, names.PHASE_ATTRIBUTE) == "Done"
    states = {each.state for each in lab.catalogue.operations.list("s1")}
    assert states == {OperationState.COMPLETED}


async def test_a_name_can_be_used_again(lab: Lab) -> None:
    for _ in range(2):
        await (await lab.start("s1")).result()
        await (await lab.start_terminate("s1")).result()
    assert lab.state() == lab.before


async def test_two_services_side_by_side(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    await (await lab.start("s2")).result()
    await (await lab.start_terminate("s1")).result()
    assert {row.tags["service"] for row in lab.world().values()} == {"s2"}
    assert lab.world_usage() == lab.catalogue.infrastructure.usage().pops


async def test_a_history_tells_each_phase_once_and_asks_for_nothing_twice(lab: Lab) -> None:
    lab.catalogue.descriptors.onboard(read_descriptor(chain().encode(), "test"))
    built = await lab.start("s1", "chain")
    await built.result()
    shop = await lab.start("s2")
    await shop.result()
    scaled = await lab.operate("Scale", "s2", component="web", by=1)
    await scaled.result()
    for handle in (built, scaled):
        phases, activities = await _told(handle)
        assert phases == list(dict.fromkeys(phases))
        assert phases[0] == "Planning" and phases[-1] == "Done"
        assert {names.START, names.FINISH, names.SCOPE, names.NOTE_TIMES}.isdisjoint(activities)
    assert ("instance.create", "modelled") in lab.catalogue.timings.expected()


async def test_the_lease_is_taken_and_given_back_within_the_workflows_own_task(lab: Lab) -> None:
    handle = await lab.start("s1", "pair")
    await handle.result()
    markers = [
        json.loads(event.marker_recorded_event_attributes.details["data"].payloads[0].data)
        for event in (await handle.fetch_history()).events
        if event.marker_recorded_event_attributes.marker_name == "core_local_activity"
    ]
    assert [each["activity_type"] for each in markers] == [names.START, names.FINISH]


@pytest.mark.parametrize("hindrance", ["slow", "broken"])
async def test_a_lease_that_is_not_to_be_had_at_once_is_had_by_way_of_the_server(
    idle: Lab, hindrance: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Operations.begin
    attempts: list[str] = []

    def hindered(self: Operations, **fields: Any) -> Lease:
        attempts.append(fields["operation_id"])
        if len(attempts) == 1 and hindrance == "broken":
            raise OperationalError("BEGIN IMMEDIATE", {}, Exception("the disk is away"))
        if len(attempts) == 1:
            time.sleep(2)
        return taken(self, **fields)

    monkeypatch.setattr(Operations, "begin", hindered)
    async with idle.workers():
        handle = await idle.start("s1", "pair")
        await handle.result()
    assert len(attempts) == 2 and len(set(attempts)) == 1
    _, activities = await _told(handle)
    assert activities.count(names.START) == 1
    idle.whole("s1")
    assert idle.catalogue.operations.holder("s1") is None


async def _told(handle: Handle) -> tuple[list[str], list[str]]:
    """The phases that a workflow told the server, and the activities that it had it begin."""
    phases, activities = [], []
    for event in (await handle.fetch_history()).events:
        told = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
        if names.PHASE_ATTRIBUTE in told:
            phases.append(json.loads(told[names.PHASE_ATTRIBUTE].data))
        if event.HasField("activity_task_scheduled_event_attributes"):
            activities.append(event.activity_task_scheduled_event_attributes.activity_type.name)
    return phases, activities
