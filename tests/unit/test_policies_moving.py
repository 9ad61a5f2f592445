"""Migration policies: a component leaves where it is once its value was above for long enough."""

from datetime import timedelta

import pytest

from domain.policies import Policies
from monitoring.deciding import started
from monitoring.metrics import Sample, Snapshot
from monitoring.states import State
from tests.unit.policy_world import START, World, policies

SLOW = {"component": "web", "metric": 'chain("shopping").latency_ms', "above": 40}


def world(*migration: dict[str, object], **more: object) -> World:
    return World(Policies.model_validate({"migration": migration or (SLOW,), **more}))


def look(there: World, *latencies: float | None) -> list[list[str]]:
    """The policies that move something at each look, by the chain's latency."""
    found = []
    for value in latencies:
        labels = {"service": "shop", "chain": "shopping"}
        of_chain = [Sample(metric="chain_latency_ms", labels=labels, at=there.now, value=value or 0)]
        decided = there.seen(Snapshot(at=there.now, samples=tuple(of_chain) if value is not None else ()))
        assert {each.component for each in decided.moves} <= {"web"}
        found.append([each.policy for each in decided.moves])
    return found


def test_it_moves_once_the_value_was_above_for_so_long_and_then_not_for_the_cooldown() -> None:
    seen = look(world(), *[50.0] * 45)
    assert [number for number, moves in enumerate(seen) if moves] == [3, 43], "after a minute, and ten more"
    assert seen[3] == ["web-migration"]


def test_after_a_move_the_value_must_last_anew_however_short_the_cooldown() -> None:
    seen = look(world({**SLOW, "cooldown": "15 s"}), *[50.0] * 12)
    assert [number for number, moves in enumerate(seen) if moves] == [3, 6, 9]


def test_it_says_what_it_goes_by() -> None:
    there = world()
    look(there, 50, 50, 50)
    labels = {"service": "shop", "chain": "shopping"}
    slow = Sample(metric="chain_latency_ms", labels=labels, at=there.now, value=52.25)
    decided = there.seen(Snapshot(at=there.now, samples=(slow,)))
    assert [each.reason for each in decided.moves] == ["52.25 is above 40"]
    assert [(each.policy, each.value, each.wanted) for each in decided.findings] == [
        ("web-migration", 52.25, None)
    ]
    assert look(there, 52.25) == [[]]


@pytest.mark.parametrize("between", [40.0, 39.0, None])
def test_a_value_that_falls_back_or_is_missing_begins_anew(between: float | None) -> None:
    assert not any(look(world(), *[50.0, 50.0, between] * 10))


def test_no_data_moves_nothing_and_is_told() -> None:
    there = world()
    decided = there.seen(Snapshot(at=there.now, gaps=("Prometheus is away",)))
    assert decided.moves == ()
    assert decided.notes == (
        "Prometheus is away",
        "web-migration does nothing: nobody reports shopping.chain_latency_ms",
    )


def test_a_value_that_is_not_whole_moves_nothing() -> None:
    there = world({"component": "web", "metric": "avg(latency_ms)", "above": 40})
    labels = {"service": "shop", "component": "web", "instance": "web-1"}
    for _ in range(8):
        one_of_two = Sample(metric="latency_ms", labels=labels, at=there.now, value=90)
        decided = there.seen(Snapshot(at=there.now, samples=(one_of_two,)))
        assert decided.moves == ()
    assert decided.findings[0].reason.endswith("but 1 of 2 instances report web.latency_ms")


def test_a_pause_moves_nothing_until_it_is_over() -> None:
    there = world()
    there.paused_until = START + timedelta(minutes=5)
    seen = look(there, *[50.0] * 22)
    assert [number for number, moves in enumerate(seen) if moves] == [20]


def test_of_two_policies_of_one_component_one_moves_it_and_the_other_waits() -> None:
    hasty = {**SLOW, "name": "hasty", "above": 45, "sustained": "15 s"}
    seen = look(world(SLOW, hasty), *[50.0] * 30)
    assert [moves for moves in seen if moves] == [["hasty"]]


def test_where_nobody_looked_for_a_while_it_must_last_anew_but_the_cooldown_goes_on() -> None:
    there = world()
    look(there, 50, 50)
    there.now += timedelta(minutes=2)
    assert look(there, 50, 50, 50, 50) == [[], [], [], ["web-migration"]]
    there.now += timedelta(minutes=5)
    assert not any(look(there, *[50.0] * 10))


def test_a_move_that_was_not_begun_is_wanted_again() -> None:
    there = world()
    there.obeys = False
    assert look(there, *[50.0] * 6)[3:] == [["web-migration"]] * 3


def test_what_is_remembered_of_a_move_survives_as_json() -> None:
    there = world()
    there.obeys = False
    look(there, 50, 50, 50)
    decided = there.look()
    look(there, 50, 50, 50, 50)
    assert decided.moves == ()
    again = State.model_validate_json(there.state.model_dump_json(exclude_defaults=True))
    assert again == there.state and again.migrations["web"].above_since


def test_moves_and_scalings_of_one_look_are_both_told() -> None:
    cpu = {"metric": "cpu", "scale_out_above": 0.5, "scale_in_below": 0.1, "sustained": "15 s"}
    both = World(
        policies(cpu).model_copy(
            update={"migration": world({**SLOW, "metric": "cpu", "above": 0.8}).asked.migration}
        )
    )
    both.obeys = False
    found = [both.look(cpu=0.9) for _ in range(4)][-1]
    assert [each.policy for each in found.moves] == ["web-migration"]
    assert [each.policy for each in found.scalings] == ["web-threshold"]
    state = started(found.state, found.moves[0], both.now)
    assert state.migrations["web"].moved_at == both.now.timestamp()
