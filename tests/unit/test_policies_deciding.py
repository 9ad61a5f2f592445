"""What policies do: by good values, by bad ones, by none; together; and never beyond limits or to and fro."""

import math
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.deciding import started
from monitoring.healing import Health
from monitoring.metrics import Snapshot
from tests.unit.policy_world import START, World, policies, sample

CPU = {"metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.3}
HALF = {"kind": "target", "metric": "cpu", "target": 0.5}


def test_a_threshold_waits_until_it_has_lasted_and_then_for_the_cooldown() -> None:
    world = World(policies({**CPU, "sustained": "45 s", "cooldown": "60 s"}))
    assert world.looks(9, cpu=0.9) == [2, 2, 3, 3, 3, 3, 3, 4, 4]  # seen at the fourth look


def test_a_value_that_falls_back_begins_anew() -> None:
    world = World(policies({**CPU, "sustained": "45 s"}))
    assert [world.looks(1, cpu=value)[0] for value in (0.9, 0.9, 0.5, 0.9, 0.9, 0.9)] == [2, 2, 2, 2, 2, 3]


def test_between_the_thresholds_nothing_happens() -> None:
    world = World(policies(CPU), instances=3)
    assert set(world.looks(60, cpu=0.5)) == {3}


def test_steps_and_limits() -> None:
    world = World(policies({**CPU, "step_out": 3, "step_in": 2, "cooldown_in": "60 s"}), limits=(2, 6))
    assert max(world.looks(20, cpu=0.9)) == 6
    assert "more than 6 are not allowed" not in str(world.look(cpu=0.5).findings)
    assert world.looks(40, cpu=0.1)[-1] == 2


def test_a_target_is_reached_in_one_go_and_left_alone_within_its_tolerance() -> None:
    world = World(policies(HALF))
    assert world.looks(1, cpu=0.9) == [4]
    assert set(world.looks(60, cpu=0.54)) == {4}


def test_a_target_is_averaged_and_not_by_values_of_another_number_of_instances() -> None:
    world = World(policies({**HALF, "sustained": "45 s"}))
    assert world.looks(3, cpu=0.9) == [2, 2, 4]
    decided = world.look(cpu=0.5)
    assert decided.findings[0].reason == "it is averaged over 45 s, and not known for so long"


def test_a_load_that_comes_and_goes_takes_nothing_away() -> None:
    world = World(policies({**HALF, "cooldown": "1 s", "cooldown_in": "5 min"}), instances=4)
    seen = [world.looks(1, cpu=0.2 if number % 10 else 0.5)[0] for number in range(80)]
    assert set(seen) == {4}


def test_a_target_takes_away_only_what_was_not_needed_for_the_cooldown() -> None:
    world = World(policies({**HALF, "cooldown_in": "2 min"}), instances=4)
    seen = world.looks(12, cpu=0.25)
    assert seen[:8] == [4] * 8
    assert seen[9] == 2


def test_max_step() -> None:
    world = World(policies({**HALF, "max_step": 1}))
    assert world.looks(1, cpu=1.0) == [3]


def test_a_mean_over_time_in_an_expression() -> None:
    world = World(policies({**CPU, "metric": 'avg(cpu, "60 s")', "sustained": "1 s"}))
    assert world.look(cpu=1.0).notes == ("web-threshold does nothing: cpu is not known for 60 s yet",)
    world.looks(2, cpu=1.0)
    assert world.look(cpu=0.1).findings[0].value == pytest.approx(0.775)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, "web-threshold does nothing: nobody reports web.cpu"),
        ({"cpu": math.nan}, "web-threshold does nothing: web.cpu of web-1: its value is nan"),
        ({"cpu": math.inf}, "web-threshold does nothing: web.cpu of web-1: its value is inf"),
    ],
)
def test_nothing_is_done_by_no_value_and_it_is_told(values: dict[str, float], why: str) -> None:
    world = World(policies(CPU), instances=5)
    for _ in range(60):
        decided = world.look(None, **values)
        assert not decided.scalings
        assert decided.notes[0].startswith(why)


@pytest.mark.parametrize(
    ("late_s", "told"),
    [
        (31, "its last sample is 31 s old"),
        (600, "its last sample is 600 s old"),
        (-6, "its clock is 6 s ahead"),
    ],
)
def test_samples_of_another_time_are_none(late_s: float, told: str) -> None:
    world = World(policies({**CPU, "sustained": "1 s"}), instances=1)
    old = sample("cpu", 0.99, world.now - timedelta(seconds=late_s))
    decided = world.seen(Snapshot(at=world.now, samples=(old,)))
    assert not decided.scalings
    assert told in decided.notes[0]


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    world = World(policies({**CPU, "sustained": "1 s"}), instances=1)
    ahead = sample("cpu", 0.99, world.now + timedelta(seconds=4))
    assert world.seen(Snapshot(at=world.now, samples=(ahead,))).scalings[0].after == 2


def test_the_newest_sample_of_a_series_counts() -> None:
    world = World(policies(CPU), instances=1)
    both = (sample("cpu", 0.1, world.now), sample("cpu", 0.9, world.now - timedelta(seconds=10)))
    assert world.seen(Snapshot(at=world.now, samples=both)).findings[0].value == 0.1


def test_one_silent_instance_stops_scaling_in_but_not_out() -> None:
    world = World(policies({**CPU, "sustained": "1 s"}), instances=3)
    for value, wanted in ((0.9, 4), (0.1, 3)):
        fresh = World(policies({**CPU, "sustained": "1 s"}), instances=3)
        some = tuple(sample("cpu", value, world.now, f"web-{number}") for number in (1, 2))
        decided = fresh.seen(Snapshot(at=fresh.now, samples=some))
        assert decided.findings[0].wanted == wanted
        assert ("2 of 3 instances report web.cpu" in decided.findings[0].reason) == (value < 0.5)


def test_division_by_zero_is_no_value() -> None:
    world = World(policies({**CPU, "metric": "errors_per_s / requests_per_s"}))
    decided = world.look(errors_per_s=1.0, requests_per_s=0.0)
    assert decided.notes == ("web-threshold does nothing: division by zero",)


def test_gaps_of_the_source_are_passed_on() -> None:
    world = World(policies(CPU))
    assert "no answer" in world.seen(Snapshot(at=world.now, gaps=("prometheus: no answer",))).notes[0]


def test_after_a_while_without_looks_what_must_last_begins_anew() -> None:
    world = World(policies({**CPU, "sustained": "60 s"}))
    world.looks(3, cpu=0.9)
    world.now += timedelta(minutes=10)
    assert world.looks(4, cpu=0.9) == [2, 2, 2, 3]


def test_a_clock_that_goes_back_is_no_look() -> None:
    world = World(policies(CPU))
    world.looks(3, cpu=0.5)
    world.now -= timedelta(minutes=1)
    before = world.state
    assert "the clock went back" in world.look(cpu=0.99).notes[0]
    assert world.state == before


def test_scaling_by_a_person_counts_for_the_cooldown() -> None:
    world = World(policies({**CPU, "sustained": "1 s", "cooldown": "60 s"}))
    world.looks(2, cpu=0.5)
    world.instances = 3
    assert world.looks(5, cpu=0.9) == [3, 3, 3, 3, 4]


def test_an_attempt_that_failed_counts_for_the_cooldown() -> None:
    world = World(policies({**CPU, "sustained": "1 s", "cooldown": "60 s"}))
    world.obeys = False
    [scale] = world.look(cpu=0.9).scalings
    world.state = started(world.state, scale, START)
    assert [bool(world.look(cpu=0.9).scalings) for _ in range(4)] == [False, False, False, True]


# Several policies of one component.


def test_the_greatest_number_wins_and_one_that_objects_keeps_all() -> None:
    memory = {"name": "memory", "kind": "target", "metric": "memory_mib", "target": 100}
    world = World(policies(HALF, memory), instances=4)
    assert world.looks(1, cpu=1.0, memory_mib=125)[0] == 8
    calm = World(policies(HALF, {**memory, "cooldown_in": "15 s"}), instances=4)
    assert set(calm.looks(60, cpu=0.1, memory_mib=100)) == {4}


def test_whoever_has_no_data_objects_to_taking_away_but_not_to_adding() -> None:
    other = {"name": "other", "kind": "target", "metric": "memory_mib", "target": 100}
    world = World(policies(HALF, other), instances=4)
    assert set(world.looks(60, cpu=0.1)) == {4}
    assert world.looks(1, cpu=0.9) == [8]


def test_a_pause_and_what_it_leaves() -> None:
    world = World(policies({**HALF, "cooldown": "1 s"}))
    world.paused_until = world.now + timedelta(seconds=60)
    assert world.looks(7, cpu=0.9) == [2, 2, 2, 2, 4, 4, 8]


def test_limits_go_before_all_even_a_pause() -> None:
    world = World(policies(CPU), instances=7, limits=(1, 5))
    world.paused_until = world.now + timedelta(hours=1)
    [scale] = world.look(cpu=0.5).scalings
    assert (scale.after, scale.policy, scale.reason) == (5, "limits", "scaling allows 1 to 5")


NINE = {"kind": "schedule", "cron": "0 9 * * *", "instances": 4}


def test_a_schedule_asks_at_its_time_and_not_before() -> None:
    world = World(policies(NINE))
    world.now = START.replace(hour=8, minute=59, second=30)
    assert world.looks(4, cpu=0.5) == [2, 2, 4, 4]


def test_a_schedule_goes_by_its_time_zone_through_the_change_of_the_clocks() -> None:
    berlin = {**NINE, "time_zone": "Europe/Berlin"}
    for day, hour in ((28, 8), (29, 7)):  # from the 29th of March 2026 on, it is an hour earlier in UTC
        world = World(policies(berlin))
        world.now = START.replace(month=3, day=day, hour=hour, minute=0) - timedelta(seconds=15)
        assert world.looks(2, cpu=0.5) == [2, 4]


def test_what_a_schedule_holds_is_not_gone_below() -> None:
    world = World(policies({**NINE, "hold": "10 min"}, {**HALF, "cooldown_in": "15 s"}), instances=5)
    world.now = START.replace(hour=9)
    seen = world.looks(80, cpu=0.1)
    assert min(seen[:39]) == 4
    assert seen[-1] == 1


def test_a_time_that_nobody_watched_is_made_up_for_within_its_window() -> None:
    late = World(policies({**NINE, "window": "5 min"}))
    late.now = START.replace(hour=8, minute=59)
    late.looks(1, cpu=0.5)
    late.now = START.replace(hour=9, minute=4)
    assert late.looks(1, cpu=0.5) == [4]


def test_a_time_that_could_not_be_kept_is_skipped_and_that_is_told() -> None:
    world = World(policies({**NINE, "window": "1 min", "instances": 1}, HALF), instances=2)
    world.now = START.replace(hour=9)
    notes = [note for _ in range(10) for note in world.look(cpu=0.5).notes]
    assert notes == ["web-schedule: 0 9 * * * (UTC) of 2026-03-02 09:00 is skipped: 60 s are over"]


# Healing.

RESTART = {
    "action": "restart",
    "unhealthy_for": "30 s",
    "attempts": 2,
    "give_up_after": 3,
    "period": "10 min",
}


def well(is_well: bool | None, told: str = "") -> dict[str, Health]:
    return {
        "web-1": Health(component="web", well=is_well, told=told),
        "web-2": Health(component="web", well=True),
    }


def test_an_instance_is_healed_when_it_was_ill_for_long_enough() -> None:
    world = World(policies(healing=(RESTART,)))
    found = [world.look(well(False, "no answer on 8080")).heals for _ in range(3)]
    assert found[:2] == [(), ()]
    [heal] = found[2]
    assert (heal.instance, heal.action, heal.elsewhere) == ("web-1", "restart", False)
    assert heal.reason == "ill for 30 s: no answer on 8080"


@pytest.mark.parametrize("between", [None, True])
def test_one_look_that_says_well_or_nothing_begins_anew(between: bool | None) -> None:
    world = World(policies(healing=(RESTART,)))
    looks = (False, False, between, False, False, False)
    assert [len(world.look(well(each)).heals) for each in looks] == [0, 0, 0, 0, 0, 1]


def test_silence_is_never_healed() -> None:
    world = World(policies(healing=(RESTART,)))
    assert not any(world.look(well(None)).heals for _ in range(100))


def test_after_some_attempts_elsewhere_and_then_it_is_left_to_people() -> None:
    world = World(policies(healing=(RESTART,)))
    heals: list[bool] = []
    notes: list[str] = []
    for _ in range(20):
        decided = world.look(well(False))
        heals += [each.elsewhere for each in decided.heals]
        notes += decided.notes
    assert heals == [False, False, True]
    assert notes[0].startswith("web-1 was healed 3 times within 600 s: left to people (ill for")


# Whatever comes.

VALUES = st.one_of(st.none(), st.floats(0, 3), st.just(math.nan))
KINDS: list[dict[str, Any]] = [
    {**CPU, "cooldown": "60 s", "cooldown_in": "2 min", "step_out": 2},
    {**HALF, "cooldown": "30 s", "cooldown_in": "2 min"},
    {"kind": "predicted", "metric": "sum(cpu)", "per_instance": 0.4, "season": "1 h", "cooldown_in": "2 min"},
]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(VALUES, min_size=1, max_size=60),
    st.sets(st.sampled_from([0, 1, 2]), min_size=1),
    st.integers(1, 6),
)
def test_never_beyond_limits_never_to_and_fro(
    series: list[float | None], kinds: set[int], first: int
) -> None:
    world = World(policies(*(KINDS[kind] for kind in sorted(kinds))), instances=first, limits=(1, 6))
    acts: list[tuple[float, int]] = []
    for value in series:
        before, at = world.instances, world.now.timestamp()
        world.look(None, **({} if value is None else {"cpu": value}))
        assert 1 <= world.instances <= 6
        if value is None or math.isnan(value):
            assert world.instances == before
        if world.instances != before:
            acts.append((at, world.instances - before))
    for (earlier, _), (later, change) in pairwise(acts):
        if change < 0:
            assert later - earlier >= 120
    for start, _ in acts:
        directions = [change > 0 for at, change in acts if start <= at < start + 120]
        assert sum(a != b for a, b in pairwise(directions)) <= 1
