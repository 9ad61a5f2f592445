"""The alarms of a look: what each is raised by, how long it stands; silence ends none of an instance."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from domain.policies import Policies
from domain.watching import LOOKED, Alarm, AlarmKind, Severity
from monitoring.alarming import alarms
from monitoring.deciding import decide, started
from monitoring.decisions import Watched
from monitoring.healing import Heal, Health
from monitoring.metrics import Snapshot
from monitoring.states import State
from tests.unit.policy_world import World, policies, sample

CPU = {"metric": "cpu", "scale_out_above": 0.8, "scale_in_below": 0.3, "sustained": "30 s"}
HALF = {"kind": "target", "metric": "cpu", "target": 0.5}
LOAD = {"kind": "predicted", "metric": "sum(requests_per_s)", "per_instance": 100}
HEALED = {"action": "restart", "unhealthy_for": "15 s", "attempts": 1, "give_up_after": 2}


class Alarmed(World):
    """A world in which the alarms of each look are found."""

    def found(
        self, health: Mapping[str, Health] | None = None, count: int = 1, **values: float
    ) -> dict[AlarmKind, Alarm]:
        """Of the last of so many looks alike; none has two of a kind, unless it is told by `all`."""
        return {each.kind: each for each in self.all(health, count, **values)}

    def all(
        self, health: Mapping[str, Health] | None = None, count: int = 1, **values: float
    ) -> tuple[Alarm, ...]:
        seen: tuple[Alarm, ...] = ()
        for _ in range(count):
            before, watched = self.state, self._watched(health)
            decided = self.look(health, **values)
            seen = alarms("shop", watched, decided, before)
            assert {each.kind for each in seen} <= LOOKED
            assert len({(each.kind, each.subject) for each in seen}) == len(seen)
        return seen

    def _watched(self, health: Mapping[str, Health] | None) -> Watched:
        return Watched(
            policies=self.asked,
            limits={"web": self.limits},
            instances={"web": self.instances},
            health=health or {},
            interval_s=self.interval.total_seconds(),
            paused_until=self.paused_until,
        )


def ill(told: str = "stopped") -> dict[str, Health]:
    return {"web-1": Health(component="web", well=False, told=told), "web-2": WELL}


WELL = Health(component="web", well=True)
UNKNOWN = Health(component="web", well=None)


def test_within_its_thresholds_a_policy_raises_nothing() -> None:
    assert Alarmed(policies(CPU, {**HALF, "tolerance": 0.5})).found(count=8, cpu=0.6) == {}


def test_a_value_that_lasts_above_its_threshold() -> None:
    world = Alarmed(policies(CPU))
    assert world.found(cpu=0.9) == {}, "it may be gone at the next look"
    assert world.found(cpu=0.9) == {
        AlarmKind.THRESHOLD: Alarm(
            service="shop",
            kind=AlarmKind.THRESHOLD,
            subject="web-threshold",
            component="web",
            severity=Severity.MINOR,
            words="0.9 is above 0.8: 3 instances are wanted, 2 are there",
        )
    }
    world.look(cpu=0.5)
    assert world.found(cpu=0.5) == {}


@pytest.mark.parametrize("policy", [CPU, HALF, LOAD])
def test_it_stands_while_a_cooldown_keeps_the_policy_from_acting(policy: dict[str, object]) -> None:
    world = Alarmed(policies(policy), limits=(1, 9))
    world.look(cpu=0.95, requests_per_s=150)
    world.look(cpu=0.95, requests_per_s=150)
    world.look(cpu=0.95, requests_per_s=150)
    assert world.instances > 2
    world.state = world.state.model_copy(
        update={"components": {"web": world.state.components["web"].model_copy(update={"instances": 2})}}
    )
    found = world.found(count=3, cpu=0.95, requests_per_s=150)
    assert "cooldown" in found[AlarmKind.THRESHOLD].words
    assert "wanted" not in found[AlarmKind.THRESHOLD].words


def test_more_than_is_allowed_is_told_as_well() -> None:
    found = Alarmed(policies(HALF), limits=(1, 2)).found(count=4, cpu=0.9)
    assert set(found) == {AlarmKind.THRESHOLD, AlarmKind.AT_LIMIT}
    limit = found[AlarmKind.AT_LIMIT]
    assert (limit.subject, limit.severity) == ("web-target", Severity.MAJOR)
    assert limit.words == (
        "0.9 for a target of 0.5: 4 instances are wanted, 2 are there, and scaling allows 2"
    )


def test_a_schedule_raises_nothing() -> None:
    schedule = {"kind": "schedule", "cron": "0 8 * * *", "instances": 9}
    assert Alarmed(policies(schedule)).found(cpu=0.9) == {}


def test_no_value_is_an_alarm_once_it_was_missing_for_two_looks() -> None:
    world = Alarmed(policies(CPU))
    assert world.found(cpu=0.5) == {}
    assert [set(world.found()) for _ in range(4)] == [set(), set(), {"no-data"}, {"no-data"}]
    alarm = world.found()[AlarmKind.NO_DATA]
    assert (alarm.subject, alarm.severity) == ("web-threshold", Severity.WARNING)
    assert alarm.words == (
        "no value since 2026-03-02 08:00:15 UTC, so it does nothing: nobody reports web.cpu"
    )
    assert world.found(cpu=0.5) == {}


def test_what_is_only_not_known_for_long_enough_yet_is_no_alarm() -> None:
    over = {**CPU, "metric": 'avg(cpu, "5 min")'}
    assert not Alarmed(policies(over)).found(count=10, cpu=0.5)


def test_but_it_does_not_end_one_either() -> None:
    world = Alarmed(policies({**CPU, "metric": 'avg(cpu, "5 min")'}))
    world.found(count=4)
    assert set(world.found(cpu=0.5)) == {AlarmKind.NO_DATA}
    assert set(world.found(count=25, cpu=0.5)) == set()


def test_a_migration_policy_above_its_value_and_without_one() -> None:
    moving = Policies.model_validate({"migration": [{"component": "web", "metric": "cpu", "above": 0.7}]})
    world = Alarmed(moving)
    assert world.found(count=3, cpu=0.9) == {}
    found = world.found(cpu=0.9)
    assert found[AlarmKind.THRESHOLD].subject == "web-migration"
    assert found[AlarmKind.THRESHOLD].words == "since 2026-03-02 08:00:00 UTC: 0.9 is above 0.7"
    assert set(world.found(count=3)) == {AlarmKind.NO_DATA}


def test_it_stands_through_a_move_that_does_not_help() -> None:
    moving = Policies.model_validate({"migration": [{"component": "web", "metric": "cpu", "above": 0.7}]})
    world = Alarmed(moving)
    world.found(count=4, cpu=0.9)
    assert world.state.migrations["web"].moved_at is not None
    for _ in range(8):
        assert set(world.found(cpu=0.9)) == {AlarmKind.THRESHOLD}


def test_an_instance_that_is_ill_in_the_words_of_its_vim_whether_it_is_healed_or_not() -> None:
    world = Alarmed(policies())
    alarm = world.found(ill("its process is stopped"))[AlarmKind.ILL]
    assert (alarm.subject, alarm.component, alarm.severity) == ("web-1", "web", Severity.MAJOR)
    assert alarm.words == "ill since 2026-03-02 08:00:00 UTC: its process is stopped"
    assert world.found({"web-1": WELL, "web-2": WELL}) == {}


@pytest.mark.parametrize("silence", [{}, {"web-1": UNKNOWN, "web-2": WELL}])
def test_silence_ends_no_illness(silence: dict[str, Health]) -> None:
    world = Alarmed(policies(healing=(HEALED,)))
    world.obeys = False
    first = world.found(ill())[AlarmKind.ILL]
    assert world.found(silence, count=5) == {AlarmKind.ILL: first}
    assert world.found({"web-1": WELL}) == {}


def test_an_instance_that_is_gone_is_not_ill_any_more() -> None:
    world = Alarmed(policies())
    world.found(ill())
    assert world.found({"web-2": WELL}) == {}


def test_silence_begins_no_illness() -> None:
    assert Alarmed(policies(healing=(HEALED,))).found({"web-1": UNKNOWN}, count=9) == {}


def test_one_that_was_healed_too_often_is_left_to_people() -> None:
    world = Alarmed(policies(healing=(HEALED,)))
    kinds = [set(world.found(ill())) for _ in range(7)]
    assert AlarmKind.GIVEN_UP not in set().union(*kinds[:5])
    found = world.found(ill("its process is stopped"))
    assert set(found) == {AlarmKind.ILL, AlarmKind.GIVEN_UP}
    assert found[AlarmKind.GIVEN_UP].severity is Severity.CRITICAL
    assert found[AlarmKind.GIVEN_UP].words.startswith("healed 2 times within 600 s, and ill since ")
    assert found[AlarmKind.GIVEN_UP].words.endswith(": its process is stopped: left to people")


def test_one_that_was_just_healed_for_the_last_time_may_still_get_well() -> None:
    world = Alarmed(policies(healing=(HEALED,)))
    for _ in range(2):
        heal = Heal(component="web", instance="web-1", action="restart", elsewhere=False, reason="ill")
        world.state = started(world.state, heal, world.now)
    assert set(world.found(ill())) == {AlarmKind.ILL}


def test_where_nothing_was_looked_at_nothing_is_found() -> None:
    world = Alarmed(policies(CPU))
    world.look(cpu=0.9)
    watched, before = world._watched(None), world.state
    back = Snapshot(
        at=world.now - timedelta(minutes=1), samples=(sample("cpu", 0.9, world.now - timedelta(minutes=1)),)
    )
    decided = decide(watched, before, back)
    assert decided.state == before
    assert alarms("shop", watched, decided, before) == ()
    assert alarms("shop", watched, decide(watched, State(), back), State()) == ()
