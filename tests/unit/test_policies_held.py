"""Schedules that somebody else runs: here they want nothing, but what they hold is a floor."""

from datetime import timedelta

from tests.unit.policy_world import START, World, policies

EIGHT = {"kind": "schedule", "cron": "0 8 * * *", "instances": 5, "hold": "1 h"}
CPU = {"metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.3, "cooldown_in": "30 s"}


def test_a_schedule_that_somebody_else_runs_wants_nothing() -> None:
    world = World(policies(EIGHT))
    world.held = {}
    decided = world.look()
    assert decided.scalings == () and decided.notes == ()
    assert [(each.wanted, each.reason) for each in decided.findings] == [(None, "not now")]
    assert decided.state.schedules == {}, "what is run elsewhere is remembered elsewhere"


def test_one_that_nobody_else_runs_is_run_here() -> None:
    assert World(policies(EIGHT)).looks(1) == [5]


def test_what_is_held_is_a_floor_until_its_time() -> None:
    world = World(policies(EIGHT, CPU), instances=7)
    world.held = {"web-schedule": (5, START + timedelta(minutes=10))}
    assert world.looks(39, cpu=0.1)[-1] == 5
    held = world.look(cpu=0.1).findings[0]
    assert held.reason == "it holds 5 until 2026-03-02 08:10:00 UTC"
    assert world.looks(40, cpu=0.1)[-1] < 5


def test_what_is_held_adds_no_instances_and_is_not_above_the_limits() -> None:
    world = World(policies(EIGHT, CPU), limits=(1, 4))
    world.held = {"web-schedule": (5, START + timedelta(hours=1))}
    assert set(world.looks(20, cpu=0.5)) == {2}
    assert max(world.looks(60, cpu=0.9)) == 4
    assert set(world.looks(60, cpu=0.1)) == {4}


def test_a_hold_of_a_policy_that_is_gone_holds_nothing() -> None:
    world = World(policies(CPU), instances=3)
    world.held = {"web-schedule": (3, START + timedelta(hours=1))}
    assert world.looks(40, cpu=0.1)[-1] == 1
