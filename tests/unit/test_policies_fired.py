"""Schedules that somebody else has fire: what they want then is the same."""

from datetime import timedelta

from tests.unit.policy_world import START, World, policies

EIGHT = {"kind": "schedule", "cron": "0 8 * * *", "instances": 5, "hold": "10 min", "window": "5 min"}
CPU = {"metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.3, "cooldown_in": "30 s"}


def test_one_that_has_not_fired_wants_nothing_whatever_the_clock_says() -> None:
    world = World(policies(EIGHT))
    world.fired = {}
    decided = world.look()
    assert decided.scalings == () and decided.notes == ()
    assert [(each.wanted, each.reason) for each in decided.findings] == [(None, "not now")]


def test_one_that_nobody_else_has_fire_goes_by_its_cron() -> None:
    assert World(policies(EIGHT)).looks(1) == [5]


def test_one_that_has_fired_is_done_once_and_holds() -> None:
    world = World(policies(EIGHT, CPU))
    world.fired = {"web-schedule": START}
    assert world.looks(1, cpu=0.5) == [5]
    assert set(world.looks(38, cpu=0.1)) == {5}, "nobody goes below it for ten minutes"
    assert world.looks(40, cpu=0.1)[-1] < 5, "and then it asks for no more"


def test_one_that_fires_again_is_due_again() -> None:
    world = World(policies(EIGHT, CPU))
    world.fired = {"web-schedule": START}
    world.looks(80, cpu=0.1)
    world.fired = {"web-schedule": START + timedelta(minutes=20)}
    assert world.looks(1, cpu=0.5) == [5]


def test_one_that_fired_too_long_ago_is_skipped_aloud() -> None:
    world = World(policies(EIGHT))
    world.fired = {"web-schedule": START - timedelta(hours=1)}
    assert any("is skipped: 600 s are over" in note for note in world.look().notes)


def test_one_of_a_policy_that_is_gone_is_nothing() -> None:
    world = World(policies(CPU), instances=3)
    world.fired = {"web-schedule": START}
    assert world.looks(40, cpu=0.1)[-1] == 1
