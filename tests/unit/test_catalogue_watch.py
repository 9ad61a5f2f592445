"""What the catalogue keeps for the watch of services, on each database: bounded, and by many at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from catalogue import alarms, decisions
from catalogue.database import Database
from catalogue.store import Catalogue, open_catalogue
from domain.errors import UnknownError
from domain.names import OperationKind
from domain.phases import ServiceState
from domain.watching import LOOKED, Alarm, AlarmKind, Decision, Hold, Outcome, Pause, Severity
from tests.unit.test_catalogue_migrations import migrate
from tests.unit.test_catalogue_samples import begin, infrastructure

pytest_plugins = ("tests.postgres",)

T = datetime(2026, 11, 22, 8, tzinfo=UTC)


def later(**by: float) -> datetime:
    return T + timedelta(**by)


@pytest.fixture(autouse=True)
def _services(catalogue: Catalogue) -> None:
    catalogue.infrastructure.apply(infrastructure())
    for name in ("shop", "cafe"):
        begin(catalogue, f"instantiate-{name}", name)


def alarm(
    subject: str = "web-cpu",
    kind: AlarmKind = AlarmKind.THRESHOLD,
    words: str = "0.9, above 0.8 for 30 s",
    severity: Severity = Severity.MINOR,
    service: str = "shop",
) -> Alarm:
    return Alarm(service=service, kind=kind, subject=subject, component="web", severity=severity, words=words)


def decision(
    number: int = 1, service: str = "shop", outcome: Outcome = "under way", told: str = ""
) -> Decision:
    return Decision(
        decision_id=f"{service}-{number}",
        service=service,
        policy="web-cpu",
        component="web",
        kind=OperationKind.SCALE,
        what="web: 2 to 3 instances",
        reason="avg(cpu) is 0.9, above 0.8",
        decided_at=later(minutes=number),
        outcome=outcome,
        told=told,
        ended_at=None if outcome == "under way" else later(minutes=number + 1),
        operation_id=None if outcome == "under way" else f"scale-{number}",
    )


def subjects(found: Iterable[Alarm]) -> list[str]:
    return [each.subject for each in found]


def test_each_look_raises_what_is_new_and_clears_what_is_over(catalogue: Catalogue) -> None:
    raised, cleared = catalogue.alarms.reconcile("shop", (alarm("a"), alarm("b")), LOOKED, T)
    assert (subjects(raised), cleared) == (["a", "b"], ())
    assert catalogue.alarms.counts() == {("shop", "threshold", "minor"): 2}
    worse = alarm("b", words="0.95, above 0.8 for 45 s", severity=Severity.MAJOR)
    raised, cleared = catalogue.alarms.reconcile("shop", (worse, alarm("c")), LOOKED, later(seconds=15))
    assert (subjects(raised), subjects(cleared)) == (["c"], ["a"])
    assert (cleared[0].raised_at, cleared[0].cleared_at) == (T, later(seconds=15))
    c, b = catalogue.alarms.list("shop")
    assert (c.subject, c.raised_at, c.cleared_at) == ("c", later(seconds=15), None)
    assert b == raised[0].model_copy(update={**worse.model_dump(), "raised_at": T})
    assert subjects(catalogue.alarms.list("shop", cleared=True)) == ["c", "b", "a"]
    assert [*catalogue.alarms.counts().values()] == [1, 1], "what is over is not counted"
    assert subjects(catalogue.alarms.list(cleared=True, limit=1)) == ["c"]


def test_a_look_that_finds_the_same_writes_nothing(catalogue: Catalogue, catalogue_url: str) -> None:
    catalogue.alarms.reconcile("shop", (alarm(),), LOOKED, T)
    database = Database(catalogue_url)
    with database.write() as connection, ThreadPoolExecutor(1) as thread:
        connection.execute(text("UPDATE alarms SET subject = subject"))  # whoever writes now has to wait
        again = thread.submit(catalogue.alarms.reconcile, "shop", (alarm(),), LOOKED, later(seconds=15))
        assert again.result(timeout=60) == ((), ())
    database.close()


def test_only_the_kinds_that_were_looked_for_are_cleared(catalogue: Catalogue) -> None:
    skipped = alarm("morning", AlarmKind.SKIPPED)
    for _ in range(2):
        catalogue.alarms.raise_(skipped, T)
    catalogue.alarms.raise_(alarm(service="cafe"), T)
    assert catalogue.alarms.reconcile("shop", (), LOOKED, T) == ((), ())
    assert subjects(catalogue.alarms.list()) == ["web-cpu", "morning"]
    assert not catalogue.alarms.clear("shop", AlarmKind.SKIPPED, "evening", later(hours=1))
    assert catalogue.alarms.clear("shop", AlarmKind.SKIPPED, "morning", later(hours=1))
    assert not catalogue.alarms.clear("shop", AlarmKind.SKIPPED, "morning", later(hours=2))
    [over] = catalogue.alarms.list("shop", cleared=True)
    assert over.cleared_at == later(hours=1)
    catalogue.alarms.raise_(skipped, later(hours=3))
    assert [each.raised_at for each in catalogue.alarms.list("shop", cleared=True)] == [later(hours=3), T]
    catalogue.alarms.forget("shop")
    assert subjects(catalogue.alarms.list(cleared=True)) == ["web-cpu"]


def test_alarms_that_are_over_go_when_they_are_old_or_many(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "KEPT", 3)
    for day in range(6):
        catalogue.alarms.reconcile("shop", (alarm(f"day-{day}"),), LOOKED, later(days=day))
    kept = subjects(catalogue.alarms.list("shop", cleared=True))
    assert kept == ["day-5", "day-4", "day-3", "day-2"]
    catalogue.alarms.raise_(alarm("new", AlarmKind.SKIPPED, service="cafe"), later(days=34, minutes=1))
    left = subjects(catalogue.alarms.list("shop", cleared=True))
    assert left == ["day-5", "day-4"], "day-3 was over on day 4; what is active stays, however old"


def test_of_many_writers_at_once_each_finds_its_own_and_nothing_is_double(catalogue: Catalogue) -> None:
    def look(number: int) -> tuple[int, int]:
        service = ("shop", "cafe")[number % 2]
        found = [alarm(f"web-{each}", service=service, words=f"{number}") for each in range(5)]
        raised, cleared = catalogue.alarms.reconcile(service, found[:: (-1) ** (number // 2)], LOOKED, T)
        return len(raised), len(cleared)

    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(look, range(32)))
    assert (sum(raised for raised, _ in counts), sum(cleared for _, cleared in counts)) == (10, 0)
    active = catalogue.alarms.list(cleared=True)
    assert sorted((each.service, each.subject) for each in active) == [
        (service, f"web-{each}") for service in ("cafe", "shop") for each in range(5)
    ]


def test_decisions_are_kept_once_whatever_becomes_of_them(catalogue: Catalogue) -> None:
    for number in (1, 2):
        catalogue.decisions.note(decision(number))
    catalogue.decisions.note(decision(3, "cafe", "refused", "it belongs to nobody"))
    ended = decision(1, outcome="failed", told="the quota is exceeded")
    for _ in range(2):
        catalogue.decisions.note(ended)
    catalogue.decisions.note(decision(1))
    assert catalogue.decisions.list("shop") == (decision(2), ended), "what is said late changes nothing"
    assert [each.service for each in catalogue.decisions.list()] == ["cafe", "shop", "shop"]
    assert catalogue.decisions.list(since=later(minutes=2), limit=1) == catalogue.decisions.list("cafe")
    assert len(catalogue.decisions.list(since=later(minutes=2))) == 2
    assert catalogue.decisions.counts() == {("Scale", "failed"): 1, ("Scale", "refused"): 1}
    catalogue.decisions.note(decision(2, outcome="busy"))
    catalogue.decisions.note(decision(2))
    catalogue.decisions.note(decision(2, outcome="done"))
    assert catalogue.decisions.list("shop", limit=1) == (decision(2, outcome="done"),)
    catalogue.decisions.forget("shop")
    assert catalogue.decisions.list("shop") == ()
    assert catalogue.decisions.counts()["Scale", "busy"] == catalogue.decisions.counts()["Scale", "done"] == 1


def test_old_decisions_are_pruned_and_still_count(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decisions, "KEPT", 3)
    for number in range(1, 6):
        catalogue.decisions.note(decision(number, outcome="done"))
    catalogue.decisions.note(decision(1, "cafe", "done"))
    assert [each.decision_id for each in catalogue.decisions.list("shop")] == ["shop-5", "shop-4", "shop-3"]
    assert len(catalogue.decisions.list()) == 4
    assert catalogue.decisions.counts() == {("Scale", "done"): 6}


def test_decisions_noted_at_once_are_counted_once_each(catalogue: Catalogue) -> None:
    def note(number: int) -> None:
        for outcome in ("under way", "done"):
            catalogue.decisions.note(decision(number % 8, ("shop", "cafe")[number % 2], outcome))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(note, range(32)))
    assert {each.outcome for each in catalogue.decisions.list()} == {"done"}
    assert catalogue.decisions.counts() == {("Scale", "done"): 8}


def test_a_pause_holds_until_its_end_or_until_it_is_removed(catalogue: Catalogue) -> None:
    pause = Pause(service="shop", since=T, until=later(hours=1), reason="a load test")
    catalogue.pauses.set(pause)
    assert catalogue.pauses.of("shop", later(minutes=59)) == pause
    assert catalogue.pauses.of("shop", later(hours=1)) is None
    assert catalogue.pauses.of("cafe", T) is None
    longer = pause.model_copy(update={"until": later(hours=3), "reason": ""})
    catalogue.pauses.set(longer)
    catalogue.pauses.set(Pause(service="cafe", since=T, until=later(minutes=1)))
    assert [*catalogue.pauses.all(T)] == ["cafe", "shop"]
    assert catalogue.pauses.all(later(hours=2)) == {"shop": longer}
    assert catalogue.pauses.remove("shop") and not catalogue.pauses.remove("shop")
    with pytest.raises(UnknownError, match="no service 'shob'; did you mean shop"):
        catalogue.pauses.set(pause.model_copy(update={"service": "shob"}))


def test_holds_are_by_policy_and_none_outlives_its_time(catalogue: Catalogue) -> None:
    morning = Hold(service="shop", policy="morning", instances=3, since=T, until=later(hours=1))
    evening = Hold(service="shop", policy="evening", instances=5, since=T, until=later(hours=2))
    for hold in (morning, evening, morning.model_copy(update={"instances": 4})):
        catalogue.holds.set(hold)
    catalogue.holds.set(evening.model_copy(update={"service": "cafe"}))
    catalogue.holds.set(evening.model_copy(update={"service": "nobody"}))
    assert [each.instances for each in catalogue.holds.of("shop", T)] == [5, 4]
    assert catalogue.holds.of("shop", later(hours=1)) == (evening,)
    assert {name: len(each) for name, each in catalogue.holds.all(T).items()} == {"cafe": 1, "shop": 2}
    catalogue.holds.forget("shop")
    assert [*catalogue.holds.all(T)] == ["cafe"] and catalogue.holds.all(later(hours=2)) == {}


def test_with_its_service_go_pauses_and_holds_and_nothing_is_wrong_any_more(catalogue: Catalogue) -> None:
    for service in ("shop", "cafe"):
        catalogue.alarms.raise_(alarm(service=service), T)
        catalogue.pauses.set(Pause(service=service, since=T, until=later(hours=1)))
        catalogue.holds.set(
            Hold(service=service, policy="morning", instances=3, since=T, until=later(hours=1))
        )
        catalogue.decisions.note(decision(service=service))
    fence = catalogue.operations.get("instantiate-shop").fence
    catalogue.services.remove("instantiate-shop", fence, "shop")
    assert [*catalogue.pauses.all(T)] == [*catalogue.holds.all(T)] == ["cafe"]
    assert [each.service for each in catalogue.alarms.list()] == ["cafe"]
    [over] = catalogue.alarms.list("shop", cleared=True)
    assert over.cleared_at is not None and over.cleared_at > T
    assert catalogue.decisions.list("shop") == (decision(),)
    assert catalogue.alarms.reconcile("shop", (alarm("late"),), LOOKED, T) == ((), ())
    catalogue.holds.set(Hold(service="shop", policy="late", instances=3, since=T, until=later(hours=1)))
    assert catalogue.alarms.list("shop") == () and catalogue.holds.of("shop", T) == ()


def test_a_service_that_is_removed_while_others_write_leaves_no_active_alarm(catalogue: Catalogue) -> None:
    fence = catalogue.operations.get("instantiate-shop").fence

    def write(number: int) -> None:
        if number == 12:
            catalogue.services.remove("instantiate-shop", fence, "shop")
        else:
            catalogue.alarms.reconcile("shop", (alarm(f"web-{number}"),), LOOKED, T)
            catalogue.holds.set(
                Hold(service="shop", policy=f"p-{number}", instances=1, since=T, until=later(hours=1))
            )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(24)))
    assert catalogue.alarms.list("shop") == () and catalogue.holds.all(T) == {}


def test_a_catalogue_of_before_there_was_a_watch_goes_on(catalogue: Catalogue, catalogue_url: str) -> None:
    catalogue.alarms.raise_(alarm(), T)
    database = Database(catalogue_url)
    with database.write() as connection:
        migrate(connection, "0004", up=False)
    database.close()
    again = open_catalogue(catalogue_url)
    assert {each.name: each.state for each in again.services.list()} == dict.fromkeys(
        ("cafe", "shop"), ServiceState.INSTANTIATING
    )
    assert again.alarms.list() == () and again.decisions.counts() == {}
    again.pauses.set(Pause(service="shop", since=T, until=later(hours=1)))
    assert again.pauses.of("shop", T) is not None
    again.close()
