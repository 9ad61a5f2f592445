"""Steps at instances, the way back, and the comparison: on the modelled VIM and the real catalogue."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.testing import ActivityEnvironment

from activities.operations import OperationActivities
from activities.orders import Ordered
from adaptors.vim.modelled.deeds import crash, vanish
from domain.names import OperationKind
from domain.operation_plans import PlanBrief, Step, StepAction
from domain.phases import OperationState, ResourceState
from domain.requests import BeginOperation, Held, StepTime
from domain.steering import Amendment, Began, PlanRef, StepEdit, StepOrder, StepTimes
from tests.unit.modelled import spec
from tests.unit.planned_world import World, infrastructure, steps

INSTANTIATE, SCALE, MIGRATE = OperationKind.INSTANTIATE, OperationKind.SCALE, OperationKind.MIGRATE
TERMINATE = OperationKind.TERMINATE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.catalogue.close()


@pytest.fixture
def shop(world: World) -> World:
    world.operate(INSTANTIATE)
    return world


def planned(world: World, kind: OperationKind, **request: Any) -> tuple[Held, PlanBrief]:
    """An operation that has its plan, and has done no step of it yet."""
    held = world.begin(kind)
    return held, world.make(world.survey(world.order(kind, held, **request)))


def first(brief: PlanBrief, action: StepAction) -> Step:
    return steps(brief.waves, action)[0]


def settled(world: World) -> tuple[object, ...]:
    """World, ledger, usage, services: what an undone operation leaves as it was."""
    catalogue = world.catalogue
    return (
        sorted(world.running()),
        catalogue.ledger.all(),
        catalogue.infrastructure.usage(),
        catalogue.services.list(),
    )


def built(world: World) -> dict[str, str]:
    """Name -> which build of it runs."""
    return {name: found.external_id for name, found in world.running().items()}


def failing(call: Callable[[], object]) -> ApplicationError:
    with pytest.raises(ApplicationError) as caught:
        call()
    return caught.value


def address(world: World, instance: str) -> str:
    """Of the one that is committed."""
    deployment = world.catalogue.services.deployment("s1")
    placed = deployment.instance(instance) if deployment else None
    assert placed is not None
    return next(iter(placed.addresses.values()))


def test_ledger_vim_and_commit_agree(shop: World) -> None:
    rows = {row.resource_name: row for row in shop.catalogue.ledger.of_service("s1")}
    running = shop.running()
    assert rows.keys() == running.keys()
    for name, row in rows.items():
        assert row.state is ResourceState.CREATED
        assert (row.address, row.external_id) == (running[name].address, running[name].external_id)
        assert set(row.addresses.values()) == {row.address}
    assert address(shop, "web-1") == next(r.address for r in rows.values() if r.instance == "web-1")
    assert shop.catalogue.services.view("s1").revision == 1
    assert shop.differences() == ()


def test_references_are_resolved(shop: World) -> None:
    assert shop.config("web-1")["DATABASE_HOST"] == address(shop, "database-1")
    backends = f"{address(shop, 'web-1')},{address(shop, 'web-2')}"
    assert shop.config("balancer-1") == {"backends": backends, "port": 443}


def test_a_step_done_twice_is_done_once(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=1)
    create = first(brief, StepAction.CREATE)
    note = shop.do(held, brief.plan_id, create)
    before = settled(shop)
    assert shop.do(held, brief.plan_id, create) == note
    assert settled(shop) == before
    assert note.note == shop.running()[create.resource or ""].address


def test_an_attempt_that_returns_after_its_undo_leaves_nothing(world: World) -> None:
    world.catalogue.infrastructure.apply(infrastructure(create_delay="400 ms"))
    held, brief = planned(world, INSTANTIATE)
    environment = ActivityEnvironment()

    def undo_meanwhile(*_: object) -> None:
        for row in world.catalogue.ledger.of_service("s1"):
            world.catalogue.ledger.gone(row.resource_name, row.pop)

    environment.on_heartbeat = undo_meanwhile
    order = StepOrder(
        held=held, tenant="default", plan_id=brief.plan_id, step=first(brief, StepAction.CREATE)
    )
    with pytest.raises(ApplicationError):
        environment.run(world.steps.create, order)
    assert world.running() == {}
    assert world.catalogue.ledger.all() == ()


def test_a_cancel_ends_a_long_create(world: World) -> None:
    world.catalogue.infrastructure.apply(infrastructure(create_delay="20 s"))
    held, brief = planned(world, INSTANTIATE)
    environment = ActivityEnvironment()
    threading.Timer(0.5, environment.cancel).start()
    order = StepOrder(
        held=held, tenant="default", plan_id=brief.plan_id, step=first(brief, StepAction.CREATE)
    )
    with pytest.raises(CancelledError):
        environment.run(world.steps.create, order)
    (row,) = world.catalogue.ledger.of_service("s1")
    assert row.state is ResourceState.INTENDED


def test_until_its_successor_is_built_a_predecessor_is_told_of(shop: World) -> None:
    held, brief = planned(shop, MIGRATE, moves={"database": "south"})
    create = first(brief, StepAction.CREATE)
    order = StepOrder(held=held, tenant="default", plan_id=brief.plan_id, step=create)

    def told(order: StepOrder) -> dict[str, str]:
        return dict(Ordered(shop.catalogue, order).outputs_now()["database"])

    before = told(order)
    assert (before["pop"], before["address"]) == ("north", address(shop, "database-1"))
    shop.do(held, brief.plan_id, create)
    after = told(order)
    assert after["pop"] == "south"
    committed = StepOrder(
        held=held,
        tenant="default",
        plan_id=brief.plan_id,
        step=create.model_copy(update={"committed": True}),
    )
    assert told(committed) == before


def test_who_is_configured_hears_of_those_that_serve_afterwards(shop: World) -> None:
    shop.operate(SCALE, component="web", by=1)
    three = ",".join(address(shop, name) for name in ("web-1", "web-2", "web-3"))
    assert shop.config("balancer-1")["backends"] == three
    shop.operate(SCALE, component="web", instances=1)
    assert shop.config("balancer-1")["backends"] == address(shop, "web-1")
    assert shop.differences() == ()


def test_a_delete_that_does_nothing_is_noticed(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=-1)
    fault = shop.fault(kind="ignored", operation="delete")
    delete = first(brief, StepAction.DELETE)
    error = failing(lambda: shop.do(held, brief.plan_id, delete))
    assert not error.non_retryable
    assert "PoP north: accepted the delete, but" in error.message
    assert delete.resource in {row.resource_name for row in shop.catalogue.ledger.of_service("s1")}
    shop.faults.clear(fault)
    shop.do(held, brief.plan_id, delete)
    assert delete.resource not in {row.resource_name for row in shop.catalogue.ledger.of_service("s1")}


def test_what_is_only_modelled_needs_no_draining_and_has_no_state(shop: World) -> None:
    held, brief = planned(shop, MIGRATE, moves={"web-1": "south"})
    create = first(brief, StepAction.CREATE)
    old = shop.catalogue.services.deployment("s1").resources["web-1"]  # type: ignore[union-attr]
    shop.do(held, brief.plan_id, create)
    transfer = create.model_copy(update={"action": StepAction.TRANSFER, "source": old, "source_pop": "north"})
    assert "modelled" in shop.do(held, brief.plan_id, transfer).note
    drain = create.model_copy(update={"action": StepAction.DRAIN, "pop": "north", "resource": old})
    assert shop.do(held, brief.plan_id, drain).note == ""


def test_an_edited_create_replaces_what_its_last_attempt_left(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=1)
    create = first(brief, StepAction.CREATE)
    shop.fault(kind="lost", operation="create", times=1)
    failing(lambda: shop.do(held, brief.plan_id, create))
    assert create.resource in shop.running()
    edit = StepEdit(step=create.id, environment={"DATABASE_HOST": "db.example"})
    shop.run(shop.amending.amend, Amendment(held=held, plan_id=brief.plan_id, step=create, edit=edit))
    shop.do(held, brief.plan_id, create)
    assert shop.config("web-3")["DATABASE_HOST"] == "db.example"


def test_who_has_lost_the_service_does_nothing_more(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=-1)
    shop.finish(held, OperationState.ABANDONED)
    before = built(shop)
    for step in (step for wave in brief.waves for step in wave.steps):
        error = failing(lambda step=step: shop.do(held, brief.plan_id, step))  # type: ignore[misc]
        assert error.type == "FencedError"
    assert built(shop) == before


def test_what_crashed_meanwhile_is_built_anew_by_an_undo(shop: World) -> None:
    held, _ = planned(shop, SCALE, component="web", by=1)
    crashed = next(name for name in shop.running() if "web-1" in name)
    crash(shop.home, "north", crashed, "out of memory")
    shop.finish(held, OperationState.ABANDONED)
    began = start(shop)
    shop.undo(began.held, None)
    assert shop.differences() == ()


def test_a_refusal_is_told_in_the_vims_words(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=1)
    shop.fault(kind="permanent", operation="create", message="quota of cores is used up")
    error = failing(lambda: shop.do(held, brief.plan_id, first(brief, StepAction.CREATE)))
    assert error.non_retryable
    assert error.type == "VimRefusedError"
    assert "quota of cores is used up" in error.message


@pytest.mark.parametrize("done", range(4))
def test_an_undo_from_anywhere_comes_back(shop: World, done: int) -> None:
    before = settled(shop)
    held, brief = planned(shop, SCALE, component="web", image="web:2")
    every = [step for wave in brief.waves for step in wave.steps]
    for step in every[: done * len(every) // 3]:
        shop.do(held, brief.plan_id, step)
    shop.undo(held, brief.plan_id)
    assert shop.differences() == ()
    shop.run(shop.lifecycle.restore, PlanRef(held=held, plan_id=brief.plan_id))
    shop.finish(held, OperationState.FAILED)
    after = settled(shop)
    assert sorted(shop.running()) == before[0]
    assert after[2:] == before[2:]
    assert shop.config("web-1")["DATABASE_HOST"] == address(shop, "database-1")


def test_an_undone_instantiation_leaves_no_trace(world: World) -> None:
    before = settled(world)
    held, brief = planned(world, INSTANTIATE)
    world.do(held, brief.plan_id, first(brief, StepAction.CREATE))
    back = world.undo(held, brief.plan_id)
    assert back.pops == {"modelled": ("north",)}
    world.run(world.lifecycle.restore, PlanRef(held=held, plan_id=brief.plan_id))
    assert world.differences() == ()
    assert settled(world) == before


def test_the_next_operation_mends_what_a_dead_one_left(shop: World) -> None:
    before, ledger = built(shop), shop.catalogue.ledger.all()
    held, brief = planned(shop, SCALE, component="web", by=1)
    shop.do(held, brief.plan_id, first(brief, StepAction.CREATE))
    shop.finish(held, OperationState.ABANDONED)
    began = start(shop)
    assert began.mend
    shop.undo(began.held, None)
    shop.run(shop.lifecycle.restore, PlanRef(held=began.held, plan_id=None))
    assert built(shop) == before  # nothing that runs was built anew
    assert shop.catalogue.ledger.all() == ledger
    assert not shop.catalogue.services.unsettled("s1")
    assert shop.differences() == ()


def test_nothing_is_to_be_mended_after_a_whole_operation(shop: World) -> None:
    assert not start(shop).mend


def start(world: World) -> Began:
    """Begin a Scale by its activity."""
    operations = OperationActivities(world.catalogue, cast(Client, None))
    order = BeginOperation(
        operation_id="scale-next",
        kind=SCALE,
        service="s1",
        tenant="default",
        workflow_id="service/s1",
        run_id="next",
    )
    began: Began = asyncio.run(ActivityEnvironment().run(operations.start, order))
    return began


def test_a_commit_tried_again_counts_once(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=1)
    shop.walk(held, brief.plan_id, brief.waves)
    ref = PlanRef(held=held, plan_id=brief.plan_id)
    shop.run(shop.lifecycle.commit, ref)
    before = settled(shop)
    shop.run(shop.lifecycle.commit, ref)
    assert settled(shop) == before
    assert shop.catalogue.services.view("s1").revision == 2


def test_a_termination_leaves_no_trace_and_may_be_committed_again(world: World) -> None:
    before = settled(world)
    world.operate(INSTANTIATE)
    held, brief = planned(world, TERMINATE)
    world.walk(held, brief.plan_id, brief.waves)
    ref = PlanRef(held=held, plan_id=brief.plan_id)
    world.run(world.lifecycle.commit, ref)
    world.run(world.lifecycle.commit, ref)
    assert world.differences() == ()
    assert settled(world) == before


def test_every_difference_is_told_with_its_place(shop: World) -> None:
    names = {name.split("-00")[0]: name for name in shop.running()}
    vanish(shop.home, "north", names["s1-web-1"])
    crash(shop.home, "north", names["s1-web-2"], "out of memory")
    stray = spec("stray", pop="south", tags={"service": "s1"})
    shop.vim("south").create(stray, lambda _: None)
    found = shop.differences()
    assert f"PoP north: {names['s1-web-1']} is not there" in found
    assert any(f"{names['s1-web-2']} is in ERROR" in each for each in found)
    assert "PoP south: stray is there, and should not be" in found
    assert len(found) == 3


def test_a_silent_pop_is_a_difference(shop: World) -> None:
    shop.fault(kind="outage", pop="west", message="no power")
    (found,) = shop.differences()
    assert found.startswith("PoP west does not answer: ")
    assert "no power" in found


def test_what_is_known_to_be_left_over_is_none(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=-1)
    delete = first(brief, StepAction.DELETE)
    for step in steps(brief.waves, StepAction.CONFIGURE):
        shop.do(held, brief.plan_id, step)
    shop.catalogue.ledger.leave(delete.resource or "", "north", "no answer")
    shop.run(shop.lifecycle.commit, PlanRef(held=held, plan_id=brief.plan_id))
    assert delete.resource in shop.running()
    assert shop.differences() == ()


def test_what_the_ledger_still_has_is_told(shop: World) -> None:
    held, brief = planned(shop, SCALE, component="web", by=1)
    shop.do(held, brief.plan_id, first(brief, StepAction.CREATE))
    found = shop.differences()
    assert any("the ledger still has s1-web-3" in each for each in found)
    assert any("s1-web-3" in each and "should not be" in each for each in found)


def test_times_are_expected_later(world: World) -> None:
    times = StepTimes(times=(StepTime(action="instance.create", vim_kind="modelled", seconds=7.0),))
    world.run(world.lifecycle.note_times, times)
    brief = world.make(world.order(INSTANTIATE))
    assert {step.expected_s for step in steps(brief.waves, StepAction.CREATE)} == {7.0}
