"""Plans of operations as people read them."""

from typing import Any

import pytest

from domain.deployments import Deployment
from domain.infrastructure import Resources
from domain.names import OperationKind
from domain.operation_plans import OperationPlan, Step, StepAction
from domain.phases import Phase, ResourceKind, ResourceState
from domain.records import ResourceRecord
from domain.requests import TerminateRequest
from domain.steering import ImageTraits, PlanOrder
from planning.terminating import terminate_plan
from planning.undoing import undo_waves
from tests.unit.lifecycle_shops import NOW, TRAITS, ids, placed, planned, running, shop, steps_of, target
from tests.unit.lifecycle_world import World

Changed = dict[str, dict[str, Any]]


def change(
    before: Deployment,
    to: Changed | None = None,
    places: dict[str, str] | None = None,
    ailments: tuple[str, ...] = (),
    traits: dict[str, ImageTraits] = TRAITS,
    present: Changed | None = None,
    **more: Any,
) -> OperationPlan:
    """A shop turned into another; `ailments` are instances."""
    kind = next(iter(before.vim_kinds.values()))
    aim = target(shop(present), before, shop(present if to is None else to), **more)
    after = placed(aim, before, places or {}, "plan-11111111", kind)
    return planned(aim, before, after, {before.resources[name] for name in ailments}, traits)


def step(plan: OperationPlan, step_id: str) -> Step:
    return next(each for each in steps_of(plan) if each.id == step_id)


def test_instantiate_on_an_emulator() -> None:
    aim = target(None, None, shop(), OperationKind.INSTANTIATE)
    plan = planned(aim, None, placed(aim, None, {"store-1": "east"}, "plan-00000000"))
    assert ids(plan) == [
        ["1.create.users"],
        ["1.create.firewall-1", "1.create.store-1"],
        ["1.create.web-1", "1.create.web-2"],
        ["1.create.balancer-1"],
        ["1.create.watcher-1"],
        ["1.work-out.network"],
        ["1.join.north-east"],
        ["1.settle.east", "1.settle.north"],
        ["1.probe.chains"],
    ]
    titles = [each.title for each in steps_of(plan)]
    assert titles[:2] == ["attach endpoint users to north", "create firewall-1 on north"]
    assert titles[-4:] == [
        "join east and north",
        "program the switch of east",
        "program the switch of north",
        "probe every chain",
    ]
    assert plan.rounds[0].resources["web-1"] == "shop-web-1-00000000"
    assert (plan.cost_before, plan.cost_after, plan.interruptions, plan.notes) == (0, 6, (), ())


def test_instantiate_on_a_modelled_infrastructure_has_no_network() -> None:
    aim = target(None, None, shop(), OperationKind.INSTANTIATE)
    plan = planned(aim, None, placed(aim, None, {}, "plan-00000000", "modelled"))
    assert {each.action for each in steps_of(plan)} == {StepAction.CREATE}
    assert "users" not in plan.rounds[0].resources


def test_what_scales_out_is_told_of_once_there_is_a_way() -> None:
    plan = change(running(), {"web": {"instances": 3}})
    assert ids(plan) == [
        ["1.create.web-3"],
        ["1.work-out.network"],
        ["1.extend.north"],
        ["1.switch.north"],
        ["1.configure.balancer-1"],
        ["1.probe.chains"],
        ["1.settle.north"],
    ]
    assert plan.interruptions == ()


def test_what_scales_in_is_forgotten_before_its_ways_go() -> None:
    plan = change(running(), {"web": {"instances": 1}})
    assert ids(plan) == [
        ["1.configure.balancer-1"],
        ["1.work-out.network"],
        ["1.extend.north"],
        ["1.switch.north"],
        ["1.probe.chains"],
        ["1.drain.web-2"],
        ["1.settle.north"],
        ["1.delete.web-2"],
    ]
    assert step(plan, "1.drain.web-2").limit_s == 5
    assert step(plan, "1.delete.web-2").title == "delete web-2 on north"


def test_on_a_modelled_infrastructure_others_are_told_between() -> None:
    grown = change(running(kind="modelled"), {"web": {"instances": 3}})
    assert ids(grown) == [["1.create.web-3"], ["1.configure.balancer-1"]]
    shrunk = change(running(kind="modelled"), {"web": {"instances": 1}})
    assert ids(shrunk) == [["1.configure.balancer-1"], ["1.delete.web-2"]]  # no packets: nothing to drain


def test_what_is_built_anew_is_not_moved_to_another_host_before_it_is_there() -> None:
    plan = change(running(kind="modelled"), anew=["web-1"], rehosted=["web-1", "web-2"])
    built = [each.instance for each in steps_of(plan) if each.action is StepAction.CREATE]
    moved = [each.instance for each in steps_of(plan) if each.action is StepAction.REHOST]
    assert (built, moved) == (["web-1"], ["web-2"])


def test_state_is_copied_before_and_after_the_switch() -> None:
    plan = change(running(), places={"store-1": "east"}, kind=OperationKind.MIGRATE)
    waves = ids(plan)
    switch = waves.index(["1.switch.east", "1.switch.north"])
    assert waves[switch - 1] == ["1.transfer.store-1"]
    assert waves[switch + 1] == ["1.transfer-again.store-1"]
    assert not any(each.action is StepAction.CONFIGURE for each in steps_of(plan)), "it keeps its address"
    copy = step(plan, "1.transfer.store-1")
    assert (copy.source, copy.source_pop, copy.pop) == ("shop-store-1-00000000", "north", "east")
    assert copy.skippable
    assert [(each.component, each.why) for each in plan.interruptions] == [
        ("store", "connections open at the switch are cut")
    ]
    assert plan.notes == ("the state of store-1 is copied before the switch, and right after it once more",)


def test_a_pop_that_is_left_is_disconnected_last() -> None:
    plan = change(running({"web-2": "south"}), places={"web-2": "north"}, kind=OperationKind.MIGRATE)
    assert ids(plan)[-3:] == [
        ["1.settle.north"],
        ["1.delete.web-2"],
        ["1.disconnect.east", "1.disconnect.south"],
    ]
    gone = step(plan, "1.disconnect.south")
    assert (gone.kind, gone.resource) == (ResourceKind.NETWORK, "shop-network-00000000")
    assert not any(each.action is StepAction.JOIN for each in steps_of(plan))
    assert [(each.physical_link, each.before_mbps, each.after_mbps) for each in plan.links] == [
        ("east-south", 2, 0),
        ("north-east", 2, 0),
    ]


def test_the_ill_are_deleted_first_and_make_room() -> None:
    plan = change(
        running(), anew=["web-2"], ends_first=["web-2"], ailments=("web-2",), kind=OperationKind.HEAL
    )
    assert ids(plan)[:2] == [["1.delete.web-2"], ["1.create.web-2"]]
    assert step(plan, "1.delete.web-2").skippable, "a sweep can go on with it"
    assert plan.given_up == ("shop-web-2-00000000",)
    north = plan.pops[0]
    assert north.before == north.peak == north.after
    assert plan.interruptions[0].why == "web-2 is ill and built anew"
    assert plan.interruptions[0].seconds > 1


def test_what_may_not_run_twice_is_drained_and_gone_before_its_successor() -> None:
    plan = change(running(), places={"store-1": "east"}, ends_first=["store-1"], kind=OperationKind.MIGRATE)
    assert ids(plan)[:3] == [["1.drain.store-1"], ["1.delete.store-1"], ["1.create.store-1"]]
    assert not step(plan, "1.delete.store-1").skippable, "its successor must not run beside it"
    assert plan.notes == ("the state of store-1 is not copied: it ends before its successor begins",)
    gap = plan.waves[1:]
    until = next(n for n, wave in enumerate(gap) if wave.steps[0].id.startswith("1.switch"))
    seconds = sum(max(each.expected_s for each in wave.steps) for wave in gap[: until + 1])
    assert plan.interruptions[0].seconds == pytest.approx(seconds)
    assert plan.interruptions[0].why == "store-1 ends before its successor begins"


def test_who_ends_first_does_so_as_late_as_possible() -> None:
    plan = change(
        running(),
        places={"store-1": "east", "balancer-1": "east"},
        ends_first=["balancer-1"],
        kind=OperationKind.MIGRATE,
    )
    assert ids(plan)[:4] == [
        ["1.create.store-1"],
        ["1.drain.balancer-1"],
        ["1.delete.balancer-1"],
        ["1.create.balancer-1"],
    ]


def test_a_lost_pop_is_spoken_to_last_and_for_short() -> None:
    plan = change(
        running({"web-2": "east"}), places={"web-2": "north"}, unreachable=["east"], kind=OperationKind.HEAL
    )
    assert ids(plan)[-1] == ["1.delete.web-2", "1.disconnect.east"]
    assert {each.limit_s for each in plan.waves[-1].steps} == {10}
    assert plan.given_up == ()
    assert "1.switch.east" not in [each.id for each in steps_of(plan)]
    assert plan.interruptions[0].why == "web-2 went down with east and is built anew"


def test_an_update_rolls_by_its_surge() -> None:
    four: Changed = {"web": {"instances": 4}}
    before = running(descriptor=shop(four))
    to: Changed = {"web": {"instances": 4, "image": "web:2"}, "firewall": {"image": "firewall:2"}}
    plan = change(before, to, present=four, surge=2)
    built = [
        [each.id for each in steps_of(plan) if each.action is StepAction.CREATE and each.round == n]
        for n in (1, 2)
    ]
    assert built == [
        ["1.create.firewall-1", "1.create.web-1", "1.create.web-2"],
        ["2.create.web-3", "2.create.web-4"],
    ]
    serving = [each.resources for each in plan.rounds]
    assert [serving[0][f"web-{n}"][-8:] for n in (1, 2, 3, 4)] == ["1" * 8, "1" * 8, "0" * 8, "0" * 8]
    assert serving[1] == {each.name: each.resource for each in (plan.after or before).instances}
    told = [each.title for each in steps_of(plan) if each.action is StepAction.CONFIGURE]
    assert told == ["configure balancer-1 on north", "configure balancer-1 on north (round 2)"]
    assert [each.id for each in steps_of(plan) if each.action is StepAction.COMPILE] == [
        "1.work-out.network",
        "2.work-out.network",
    ]


def test_another_connection_point_waits_its_turn_too() -> None:
    two: Changed = {"store": {"instances": 2}, "web": {"environment": {}}}
    before = running(descriptor=shop(two))
    to: Changed = {
        "store": {"instances": 2, "connection_points": ("sql", "admin")},
        "web": {"image": "web:2", "environment": {}},
    }
    plan = change(before, to, present=two, surge=1)
    rounds = {each.instance: each.round for each in steps_of(plan) if each.action is StepAction.CREATE}
    assert rounds == {"store-1": 1, "store-2": 2, "web-1": 1, "web-2": 2}


def test_who_waits_for_his_turn_is_told_meanwhile() -> None:
    two: Changed = {"balancer": {"instances": 2}}
    before = running(descriptor=shop(two))
    to: Changed = {"balancer": {"instances": 2, "image": "balancer:2"}, "web": {"image": "web:2"}}
    plan = change(before, to, present=two, surge=1)
    told = [each for each in steps_of(plan) if each.action is StepAction.CONFIGURE]
    assert [(each.id, (each.resource or "")[-8:]) for each in told] == [
        ("1.configure.balancer-2", "0" * 8),
        ("1.configure.watcher-1", "0" * 8),
        ("2.configure.balancer-1", "1" * 8),
    ]


def test_who_needs_what_is_gone_does_not_wait_his_turn() -> None:
    config = {"backends": "${web.addresses}", "algorithm": "${watcher.address}"}
    old: Changed = {"balancer": {"instances": 2, "config": config}, "watcher": {"config": {}}}
    before = running(descriptor=shop(old))
    new = shop({"balancer": {"instances": 2, "image": "balancer:2"}}, "2", without=["watcher"])
    aim = target(shop(old), before, new, surge=1)
    plan = planned(aim, before, placed(aim, before, {}, "plan-11111111"))
    assert len(plan.rounds) == 1
    assert [each.instance for each in plan.waves[0].steps] == ["balancer-1", "balancer-2"]


def test_another_config_is_told_without_building_anything() -> None:
    config = {"backends": "${web.addresses}", "algorithm": "least"}
    plan = change(running(), {"balancer": {"config": config}})
    actions = [each.action for each in steps_of(plan)]
    assert StepAction.CONFIGURE in actions
    assert not {StepAction.CREATE, StepAction.DELETE, StepAction.DRAIN} & set(actions)


@pytest.mark.parametrize(
    ("old", "new", "copies"),
    [
        (1, 2, {("1", "2")}),
        (2, 3, {("1", "2"), ("2", "1"), ("1", "3"), ("2", "3")}),
        (3, 2, {("1", "2"), ("2", "1"), ("3", "1"), ("3", "2")}),
        (2, 2, set()),
    ],
)
def test_flows_that_are_dealt_anew_find_their_state(old: int, new: int, copies: set[tuple[str, str]]) -> None:
    before = running(descriptor=shop({"firewall": {"instances": old}}))
    plan = change(before, {"firewall": {"instances": new}}, present={"firewall": {"instances": old}})
    found = [each for each in steps_of(plan) if each.id.startswith("1.transfer.")]
    assert {((each.source or "").split("-")[2], (each.instance or "")[-1]) for each in found} == copies
    again = [each for each in steps_of(plan) if each.id.startswith("1.transfer-again.")]
    assert len(again) == len(found)


def test_too_many_are_not_told_of_each_other() -> None:
    before = running(descriptor=shop({"firewall": {"instances": 8}}))
    plan = change(before, {"firewall": {"instances": 9}}, present={"firewall": {"instances": 8}})
    assert not any(each.action is StepAction.TRANSFER for each in steps_of(plan))
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith("firewall has too many instances")


def test_time_is_expected_as_it_was_taken() -> None:
    before = running(kind="modelled")
    aim = target(shop(), before, shop({"web": {"instances": 4}}))
    after = placed(aim, before, {}, "plan-11111111", "modelled")
    expected = {("instance.create", "modelled"): 7.0, ("instance.configure", "modelled"): 2.0}
    plan = planned(aim, before, after, expected=expected)
    assert plan.expected_duration_s == 9
    assert planned(aim, before, after).expected_duration_s == pytest.approx(0.15)


def test_a_plan_relies_on_what_it_uses_only() -> None:
    plan = change(running(), places={"store-1": "east"})
    assert plan.infrastructure
    assert set(plan.infrastructure.pops) == {"north", "east"}
    assert set(plan.infrastructure.links) == {"north-east"}
    assert OperationPlan.model_validate_json(plan.model_dump_json()) == plan


def test_phases_follow_the_steps() -> None:
    plan = change(running(), places={"store-1": "east"})
    phases = [wave.phase for wave in plan.waves]
    assert phases == sorted(
        phases, key=[Phase.PROVISIONING, Phase.CONNECTING, Phase.DRAINING, Phase.DELETING].index
    )


def terminated(before: Deployment | None, ledger: tuple[ResourceRecord, ...]) -> OperationPlan:
    order = PlanOrder(plan_id="plan-22222222", kind=OperationKind.TERMINATE, request={"service": "shop"})
    return terminate_plan(order, TerminateRequest(service="shop"), before, ledger, 3, {}, NOW)


def test_terminate_deletes_what_the_ledger_has() -> None:
    before = running({"web-2": "east"})
    plan = terminated(before, World.of(before, None, shop(), shop()).rows)
    assert [len(wave.steps) for wave in plan.waves] == [7, 2]
    assert {each.action for each in steps_of(plan)} == {StepAction.DELETE}
    assert all(each.skippable for each in steps_of(plan))
    assert [each.kind for each in plan.waves[1].steps] == [ResourceKind.NETWORK] * 2
    assert (plan.cost_before, plan.cost_after, plan.after) == (6, 0, None)
    assert plan.pops[0].after == Resources.of(0, 0, 0)


def test_terminate_of_what_was_left_half_changed_deletes_both() -> None:
    before = running()
    world = World.of(before, None, shop(), shop())
    twin = world.ledger["shop-web-1-00000000", "north"].model_copy(
        update={"resource_name": "shop-web-1-99999999", "state": ResourceState.INTENDED}
    )
    plan = terminated(before, (*world.rows, twin))
    found = [each for each in steps_of(plan) if each.instance == "web-1"]
    assert [each.resource for each in found] == ["shop-web-1-00000000", "shop-web-1-99999999"]
    assert len({each.id for each in steps_of(plan)}) == len(steps_of(plan))


def test_terminate_of_nothing_has_no_steps() -> None:
    plan = terminated(None, ())
    assert plan.waves == ()
    assert plan.cost_before == 0


def test_an_undone_instantiation_leaves_only_leftovers() -> None:
    aim = target(None, None, shop(), OperationKind.INSTANTIATE)
    after = placed(aim, None, {}, "plan-00000000")
    plan = planned(aim, None, after)
    world = World.of(after, None, shop(), shop())
    place = ("shop-web-1-00000000", "north")
    world.ledger[place] = world.ledger[place].model_copy(update={"state": ResourceState.LEFTOVER})
    for wave in undo_waves("shop", None, None, world.rows, plan, {}):
        assert wave.phase is Phase.UNDOING
        for each in wave.steps:
            world.undo(each)
    assert set(world.ledger) == {place}
    assert set(world.instances) == {place}
    assert not world.switches


def test_an_undo_leaves_alone_what_was_not_touched() -> None:
    before = running()
    plan = change(before, {"web": {"instances": 3}})
    rows = World.of(before, None, shop(), shop()).rows
    steps = [each for wave in undo_waves("shop", before, None, rows, plan, {}) for each in wave.steps]
    assert [each.id for each in steps] == ["undo.restore.north", "undo.configure.balancer-1"]
    assert all(each.committed for each in steps)


def test_an_undo_builds_links_again_that_were_given_back() -> None:
    before = running({"web-2": "south"})
    plan = change(before, places={"web-2": "north"}, kind=OperationKind.MIGRATE)
    world = World.of(before, None, shop(), shop())
    del world.ledger["shop-network-00000000", "south"]
    found = [
        [each.id for each in wave.steps] for wave in undo_waves("shop", before, None, world.rows, plan, {})
    ]
    assert found[:3] == [
        ["undo.create.web-2"],
        ["undo.join.east-south", "undo.join.north-east"],
        ["undo.restore.east", "undo.restore.north", "undo.restore.south"],
    ]


def test_an_undo_does_not_wait_for_lost_pops() -> None:
    before = running({"web-2": "east"})
    plan = change(before, places={"web-2": "north"}, unreachable=["east"], kind=OperationKind.HEAL)
    rows = World.of(before, None, shop(), shop()).rows
    waves = undo_waves("shop", before, None, rows, plan, {})
    assert "east" not in {each.pop for wave in waves for each in wave.steps}
    assert "east" not in {each.other_pop for wave in waves for each in wave.steps}
