"""Plans: made, stored, reserved, taken once, refused when the world has changed; and edited."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from domain.infrastructure import Resources
from domain.names import OperationKind
from domain.operation_plans import PlanBrief, PlanState, StepAction
from domain.phases import OperationState
from domain.requests import Held
from domain.steering import Amendment, PlanOrder, PlanRef, StepEdit
from tests.unit.planned_world import World, infrastructure, steps

INSTANTIATE, SCALE, HEAL = OperationKind.INSTANTIATE, OperationKind.SCALE, OperationKind.HEAL


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.catalogue.close()


@pytest.fixture
def shop(world: World) -> World:
    world.operate(INSTANTIATE)
    return world


def state(world: World) -> tuple[object, ...]:
    """All that a refusal must leave alone."""
    catalogue = world.catalogue
    return (
        catalogue.infrastructure.usage(),
        catalogue.ledger.all(),
        catalogue.services.list(),
        [(each.plan.plan_id, each.state) for each in catalogue.plans.list()],
        sorted(world.running()),
    )


def refusal(world: World, call: Callable[[], object]) -> str:
    """The words of a permanent refusal that changed nothing."""
    before = state(world)
    with pytest.raises(ApplicationError) as caught:
        call()
    assert caught.value.non_retryable
    assert state(world) == before
    return caught.value.message


def scale_out(world: World, held: Held | None = None, by: int = 1) -> PlanOrder:
    return world.survey(world.order(SCALE, held, component="web", by=by))


def test_a_plan_without_a_lease_is_stored_and_nothing_else(shop: World) -> None:
    before = state(shop)
    brief = shop.make(scale_out(shop))
    record = shop.catalogue.plans.get(brief.plan_id)
    assert (record.state, record.operation_id) == (PlanState.READY, None)
    assert state(shop)[:3] == before[:3]


def test_under_a_lease_it_is_reserved_and_taken(shop: World) -> None:
    held = shop.begin(SCALE)
    brief = shop.make(scale_out(shop, held))
    record = shop.catalogue.plans.get(brief.plan_id)
    assert (record.state, record.operation_id) == (PlanState.TAKEN, held.operation_id)
    assert shop.catalogue.infrastructure.usage().pops["north"].vcpus == 5


def test_made_again_after_a_crash_it_is_the_same(shop: World) -> None:
    held = shop.begin(SCALE)
    order = scale_out(shop, held)
    first = shop.make(order)
    usage = shop.catalogue.infrastructure.usage()
    assert shop.make(order) == first
    assert shop.catalogue.infrastructure.usage() == usage
    assert len(shop.catalogue.plans.list("s1")) == 2


def test_stored_but_not_yet_taken_when_the_worker_died(shop: World) -> None:
    held = shop.begin(SCALE)
    order = scale_out(shop, held)
    stored = shop.make(order.model_copy(update={"held": None}))
    assert shop.make(order) == stored
    record = shop.catalogue.plans.get(stored.plan_id)
    assert record.operation_id == held.operation_id
    assert shop.catalogue.infrastructure.usage().pops["north"].vcpus == 5


def test_who_is_overtaken_solves_again(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.catalogue.infrastructure.apply(infrastructure(vcpus=5))
    held, rival, real = shop.begin(SCALE), shop.begin(INSTANTIATE, "s2"), shop.catalogue.reservations
    transition, overtaken = real.transition, threading.Event()

    def overtaking(*args: Any) -> None:
        if not overtaken.is_set():
            overtaken.set()
            plan = shop.plan(shop.make(shop.order(INSTANTIATE, rival, service="s2")))
            assert set(plan.after.plan.placements.values()) & {"north"}  # type: ignore[union-attr]
        transition(*args)

    monkeypatch.setattr(real, "transition", overtaking)
    brief = shop.make(scale_out(shop, held))
    after = shop.plan(brief).after
    assert after is not None
    assert after.plan.placements["web-3"] == "south"


def test_what_no_try_can_reserve_is_refused(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    held, real = shop.begin(SCALE), shop.catalogue.reservations
    transition, tries = real.transition, []
    shrunk = infrastructure(vcpus=4)

    def late(*args: Any) -> None:
        """Between the snapshot and the reservation the PoP always shrinks."""
        tries.append(args)
        shop.catalogue.infrastructure.apply(shrunk)
        try:
            transition(*args)
        finally:
            shop.catalogue.infrastructure.apply(infrastructure())

    monkeypatch.setattr(real, "transition", late)
    with pytest.raises(ApplicationError) as caught:
        shop.make(scale_out(shop, held))
    assert caught.value.type == "ReservationConflictError"
    assert caught.value.non_retryable
    assert len(tries) == 50


@pytest.mark.parametrize(
    ("kind", "request_", "words"),
    [
        (INSTANTIATE, {}, "exists already"),
        (SCALE, {"service": "s9", "component": "web", "by": 1}, "s9"),
        (SCALE, {"tenant": "other", "component": "web", "by": 1}, "belongs to tenant default"),
        (SCALE, {"component": "wep", "by": 1}, "wep"),
        (SCALE, {"component": "web"}, "say what to change"),
        (SCALE, {"component": "web", "by": 9}, "allows 1 to 4"),
        (SCALE, {"plan": "plan-9"}, "plan-9"),
        (HEAL, {}, "healthy"),
    ],
)
def test_what_is_refused_without_a_lease(
    shop: World, kind: OperationKind, request_: dict[str, Any], words: str
) -> None:
    assert words in refusal(shop, lambda: shop.make(shop.order(kind, **request_)))


def test_a_service_that_is_ending_is_only_to_be_ended(shop: World) -> None:
    shop.finish(shop.begin(OperationKind.TERMINATE), OperationState.CANCELLED)
    assert "finish that with Terminate" in refusal(
        shop, lambda: shop.make(shop.order(SCALE, component="web", by=1))
    )
    assert shop.make(shop.order(OperationKind.TERMINATE)).waves


def test_a_stored_plan_is_applied_exactly_and_once(shop: World) -> None:
    stored = shop.make(scale_out(shop))
    held = shop.begin(SCALE)
    order = shop.order(SCALE, held, plan=stored.plan_id)
    assert shop.make(order) == stored
    assert shop.make(order) == stored  # the activity is tried again
    assert shop.catalogue.infrastructure.usage().pops["north"].vcpus == 5
    shop.run(shop.lifecycle.restore, PlanRef(held=held, plan_id=stored.plan_id))
    shop.finish(held, OperationState.FAILED)
    other = shop.begin(SCALE)
    words = refusal(shop, lambda: shop.make(shop.order(SCALE, other, plan=stored.plan_id)))
    assert stored.plan_id in words
    assert held.operation_id in words


def test_a_stored_plan_is_checked_without_being_taken(shop: World) -> None:
    stored = shop.make(scale_out(shop))
    assert shop.make(shop.order(SCALE, plan=stored.plan_id)) == stored
    assert shop.catalogue.plans.get(stored.plan_id).state is PlanState.READY


def applied(world: World, stored: PlanBrief, kind: OperationKind = SCALE, **request: Any) -> str:
    held = world.begin(kind, request.get("service", "s1"))
    order = world.order(kind, held, plan=stored.plan_id, **request)
    return refusal(world, lambda: world.make(order))


def test_a_plan_for_something_else_is_refused(shop: World) -> None:
    stored = shop.make(scale_out(shop))
    assert "is for Scale of s1, not for Heal of s1" in applied(shop, stored, HEAL)


def test_a_plan_of_another_tenant_is_refused(shop: World) -> None:
    stored = shop.make(scale_out(shop))
    assert "is of tenant default, not of other" in applied(shop, stored, tenant="other")


def test_a_plan_for_a_service_that_has_changed_is_refused(shop: World) -> None:
    stored = shop.make(scale_out(shop))
    shop.operate(SCALE, component="web", by=2)
    words = applied(shop, stored)
    assert "no longer holds: service s1 was changed" in words
    assert "with web-3, web-4" in words
    assert words.endswith("make a new one")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"vcpu_hour":0.01', '"vcpu_hour":0.5', "PoP north has prices.vcpu_hour=0.5"),
        ('"bandwidth":"1000 Mbit/s"', '"bandwidth":"900 Mbit/s"', None),
        ('"objective":"cost"', '"objective":"latency"', None),
        ('"licences":{},"pops"', '"licences":{"acme":1.0},"pops"', None),
    ],
)
def test_a_plan_that_relies_on_other_pops_is_refused(
    shop: World, old: str, new: str, words: str | None
) -> None:
    """What the plan does not use may change, and so may what later plans are to be good at."""
    stored = shop.make(scale_out(shop))
    now = shop.catalogue.infrastructure.get()
    changed = type(now).model_validate_json(now.model_dump_json().replace(old, new))
    assert changed != now
    shop.catalogue.infrastructure.apply(changed)
    if words is None:
        held = shop.begin(SCALE)
        assert shop.make(shop.order(SCALE, held, plan=stored.plan_id)) == stored
    else:
        assert words in applied(shop, stored)


def test_a_plan_whose_room_was_taken_is_refused(shop: World) -> None:
    shop.catalogue.infrastructure.apply(infrastructure(vcpus=5))
    stored = shop.make(scale_out(shop))
    rival = shop.begin(INSTANTIATE, "s2")
    shop.make(shop.order(INSTANTIATE, rival, service="s2"))
    words = applied(shop, stored)
    assert "no longer holds" in words
    assert "vcpus wanted" in words


def test_a_termination_that_would_leave_something_is_refused(shop: World) -> None:
    stored = shop.make(shop.order(OperationKind.TERMINATE))
    held = shop.begin(OperationKind.TERMINATE)
    row = shop.catalogue.ledger.all()[0]
    shop.catalogue.ledger.intend(
        operation_id=held.operation_id,
        fence=held.fence,
        service="s1",
        component="web",
        instance="web-3",
        pop="south",
        vim_kind="modelled",
        resource_name="s1-web-3-late",
        tags=row.tags,
    )
    order = shop.order(OperationKind.TERMINATE, held, plan=stored.plan_id)
    assert "s1-web-3-late has come to PoP south" in refusal(shop, lambda: shop.make(order))


async def test_a_cancel_cuts_no_reservation_short(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real, began, go_on = world.catalogue.reservations, threading.Event(), threading.Event()
    transition = real.transition

    def slow(*args: Any) -> None:
        began.set()
        go_on.wait(60)
        transition(*args)

    monkeypatch.setattr(real, "transition", slow)
    held = world.begin(INSTANTIATE)
    environment = ActivityEnvironment()
    making = asyncio.ensure_future(environment.run(world.planning.make, world.order(INSTANTIATE, held)))
    await asyncio.to_thread(began.wait, 10)
    environment.cancel()
    await asyncio.sleep(0.2)
    assert not making.done()
    go_on.set()
    brief: Any = await making
    assert world.catalogue.plans.get(brief.plan_id).operation_id == held.operation_id


async def test_a_cancel_ends_the_solving_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    began, go_on = threading.Event(), threading.Event()
    usage = world.catalogue.infrastructure.usage

    def slow(settled: str | None = None) -> Any:
        began.set()
        go_on.wait(60)
        return usage(settled)

    monkeypatch.setattr(world.catalogue.infrastructure, "usage", slow)
    held = world.begin(INSTANTIATE)
    environment = ActivityEnvironment()
    making = asyncio.ensure_future(environment.run(world.planning.make, world.order(INSTANTIATE, held)))
    await asyncio.to_thread(began.wait, 10)
    environment.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    go_on.set()
    assert world.catalogue.plans.list() == ()


def editing(world: World, action: StepAction = StepAction.CREATE, **edit: Any) -> Amendment:
    """An edit of the first step of a kind, in a plan that scales out under a lease."""
    held = world.begin(SCALE)
    brief = world.make(scale_out(world, held))
    step = steps(brief.waves, action)[0]
    return Amendment(
        held=held, plan_id=brief.plan_id, step=step, edit=StepEdit.model_validate({"step": step.id, **edit})
    )


def test_an_edit_becomes_part_of_what_is_built_and_committed(shop: World) -> None:
    edit: dict[str, Any] = {
        "image": "web:2",
        "resources": {"vcpus": 2, "memory": "2 GiB"},
        "config": {"workers": 4},
        "environment": {"PEERS": "${web.addresses}"},
    }
    amendment = editing(shop, **edit)
    shop.run(shop.amending.amend, amendment)
    assert shop.catalogue.infrastructure.usage().pops["north"].vcpus == 6
    shop.do(amendment.held, amendment.plan_id, amendment.step)
    shop.run(shop.lifecycle.commit, PlanRef(held=amendment.held, plan_id=amendment.plan_id))
    deployment = shop.catalogue.services.deployment("s1")
    assert deployment is not None
    built = deployment.instance("web-3")
    assert built is not None
    assert (built.image, built.resources) == ("web:2", Resources.of(2, 2048, 0))
    assert built.config == {"workers": 4}
    assert shop.running()[built.resource].resources == Resources.of(2, 2048, 0)
    assert shop.differences() == ()
    assert shop.catalogue.infrastructure.usage().pops["north"].vcpus == 6


def test_an_edit_of_a_config_alone(shop: World) -> None:
    amendment = editing(shop, StepAction.CONFIGURE, config={"port": 8443})
    for step in steps(shop.plan_of(amendment).waves, StepAction.CREATE):
        shop.do(amendment.held, amendment.plan_id, step)
    shop.run(shop.amending.amend, amendment)
    shop.do(amendment.held, amendment.plan_id, amendment.step)
    assert shop.config("balancer-1")["port"] == 8443


@pytest.mark.parametrize(
    ("action", "edit", "words"),
    [
        (StepAction.CREATE, {}, "say what to change"),
        (StepAction.CREATE, {"config": {"peer": "${webb.address}"}}, "refers to nothing"),
        (StepAction.CREATE, {"environment": {"PEER": "${web.adress}"}}, "refers to nothing"),
        (StepAction.CREATE, {"resources": {"vcpus": 99, "memory": "1 GiB"}}, "vcpus wanted"),
        (StepAction.CONFIGURE, {"image": "balancer:2"}, "only config can"),
    ],
)
def test_an_edit_that_is_refused(shop: World, action: StepAction, edit: dict[str, Any], words: str) -> None:
    amendment = editing(shop, action, **edit)
    assert words in refusal(shop, lambda: shop.run(shop.amending.amend, amendment))


def test_what_cannot_be_edited(shop: World) -> None:
    amendment = editing(shop, image="web:2")
    deletion = amendment.step.model_copy(update={"action": StepAction.DELETE})
    words = refusal(
        shop, lambda: shop.run(shop.amending.amend, amendment.model_copy(update={"step": deletion}))
    )
    assert "nothing of this step can be edited" in words


def test_the_vims_are_asked_about_what_is_to_be_healed(shop: World) -> None:
    shop.fault(kind="outage", pop="south", message="no power")
    order = shop.order(HEAL)
    scope = shop.run(shop.scoping.scope, order)
    assert sorted(scope.instances["modelled"].values()) == ["north"] * 4
    assert set(scope.images["modelled"]) == {"balancer:1", "database:1", "web:1"}
    crashed = next(name for name in scope.instances["modelled"] if "web-2" in name)
    shop.vim("north").delete(crashed, lambda _: None)
    asked = shop.survey(order)
    assert asked.survey.ailments.keys() == {crashed}
    assert asked.survey.silent == {}
    assert asked.survey.traits.keys() == set(scope.images["modelled"])


def test_a_silent_pop_is_told_and_the_others_answer(shop: World) -> None:
    order = shop.order(HEAL)
    shop.fault(kind="outage", pop="north", message="no power")
    asked = shop.survey(order)
    assert "no power" in asked.survey.silent["north"]
    assert asked.survey.ailments == {}
