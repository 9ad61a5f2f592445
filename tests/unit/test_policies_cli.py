"""`interlace policies` and `alarms` without a Temporal: what the catalogue knows, and clear errors."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalogue.store import Catalogue
from domain.policies import HealingPolicy, MigrationPolicy, PredictedPolicy, TargetPolicy, ThresholdPolicy
from domain.watching import LOOKED, PolicyFinding, Severity
from interfaces.cli.output import clock
from interfaces.cli.policed import NextTime, Policed, policed
from interfaces.cli.policy_rules import healing_rule, migration_rule, scaling_rule
from interfaces.cli.policy_views import show
from interfaces.cli.watching import Watching
from tests.forked import interlace
from tests.unit.policed_world import NOW, alarmed, decided, fired, policed_at


@pytest.fixture
def store(tmp_path: Path) -> Catalogue:
    return policed_at(tmp_path)


def error(home: Path, *words: str) -> str:
    """What a refused command says; the exit code is 2."""
    done = interlace(home, *words)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    return done.stderr


def test_all_services_with_policies_are_listed(tmp_path: Path, store: Catalogue) -> None:
    assert json.loads(interlace(tmp_path, "policies", "--json").stdout)[0]["last"] is None
    decided(store, 2)
    alarmed(store)
    alarmed(store, "web-2", Severity.CRITICAL)
    until = json.loads(interlace(tmp_path, "policies", "pause", "shop", "--for", "1 h", "--json").stdout)[
        "until"
    ]
    listed = interlace(tmp_path, "policies")
    heads, *rows = listed.stdout.splitlines()
    assert [*heads.split()[:4]] == ["service", "state", "policies", "watched"]
    paused = clock(datetime.fromisoformat(until))
    last = f"{clock(NOW - timedelta(minutes=2))} web: 2 to 3 instances: done"
    assert [row.split(maxsplit=4) for row in rows] == [
        ["shop", "ACTIVE", "4", "?", f"{paused}  2       {last}"]
    ]
    assert listed.stderr == "Temporal does not answer: who is watched is not known\n"
    assert listed.returncode == 0
    [one] = json.loads(interlace(tmp_path, "policies", "--json").stdout)
    assert (one["service"], one["policies"], one["watched"], one["alarms"]) == ("shop", 4, None, 2)
    assert one["last"]["what"] == "web: 2 to 3 instances"


def test_one_service_is_shown_also_where_no_temporal_answers(tmp_path: Path, store: Catalogue) -> None:
    assert interlace(tmp_path, "policies", "shop").stdout.endswith("\n\nnothing was decided yet\n")
    decided(store, 3, "failed", "PoP north says: quota exceeded")
    fired(store)
    alarmed(store)
    shown = interlace(tmp_path, "policies", "shop")
    assert (shown.returncode, shown.stderr) == (0, "")
    lines = shown.stdout.splitlines()
    assert "instances  web: 1 (from 1 to 4)" in lines
    assert (
        "watched    not known: nothing runs here: `interlace up` starts it, or set TEMPORAL_ADDRESS" in lines
    )
    held = f"not fewer until {clock(NOW + timedelta(minutes=110))}"
    assert f"fired      morning {clock(NOW - timedelta(minutes=10))}: 3 instances, {held}" in lines
    [next_] = [line for line in lines if line.startswith("next")]
    assert next_.endswith("Z (by its cron: Temporal does not answer)")
    assert "alarms     1: `interlace alarms shop` tells them" in lines
    [cpu] = [line for line in lines if line.startswith("web-cpu")]
    assert cpu.split(maxsplit=3) == ["web-cpu", "web", "target", "keep avg(cpu) at 0.6 (±10 %)"]
    assert (
        lines[-1]
        == f"{clock(NOW - timedelta(minutes=3))} web: 3 to 4 instances failed: PoP north says: quota exceeded"
    )
    assert interlace(tmp_path, "policies", "show", "shop").stdout == shown.stdout


def test_the_next_time_is_that_of_the_schedules_own_time_zone(tmp_path: Path, store: Catalogue) -> None:
    found = json.loads(interlace(tmp_path, "policies", "shop", "--json").stdout)
    [time] = found["schedules"]
    at = datetime.fromisoformat(time["at"])
    berlin = at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (berlin.hour, berlin.minute, time["by"]) == (8, 0, "cron")
    assert timedelta(0) < at - datetime.now(UTC) <= timedelta(hours=25) and at.utcoffset() == timedelta(0)
    assert found["watch"]["runs"] is None and [rule["kind"] for rule in found["rules"]][-1] == "healing"


def test_policies_are_paused_and_go_on(tmp_path: Path, store: Catalogue) -> None:
    said = interlace(tmp_path, "policies", "pause", "shop", "--for", "30 min", "--reason", "a load test")
    [pause] = store.pauses.all(datetime.now(UTC)).values()
    assert (
        said.stdout
        == f"the policies of shop are paused until {clock(pause.until)}; what is ill is still healed\n"
    )
    assert (pause.until - pause.since, pause.reason[:11]) == (timedelta(minutes=30), "a load test")
    [line] = [
        each
        for each in interlace(tmp_path, "policies", "shop").stdout.splitlines()
        if each.startswith("paused")
    ]
    assert line.startswith(f"paused     until {clock(pause.until)}, a load test")
    interlace(tmp_path, "policies", "pause", "shop", "--for", "2 h")
    assert store.pauses.all(datetime.now(UTC))["shop"].until > pause.until
    assert interlace(tmp_path, "policies", "resume", "shop").stdout == "the policies of shop go on\n"
    assert store.pauses.all(datetime.now(UTC)) == {}
    again = interlace(tmp_path, "policies", "resume", "shop")
    assert (again.returncode, again.stdout) == (0, "the policies of shop were not paused\n")
    told = json.loads(interlace(tmp_path, "policies", "resume", "shop", "--json").stdout)
    assert told == {"service": "shop", "was_paused": False}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("policies shob", "no service 'shob'; did you mean shop?"),
        ("policies resume shob", "no service 'shob'; did you mean shop?"),
        ("policies pause shob --for 1h", "no service 'shob'; did you mean shop?"),
        ("policies history shob", "no service 'shob'; did you mean shop?"),
        ("alarms shob", "no service 'shob'; did you mean shop?"),
        (
            "policies calm",
            "service calm has no policies: its descriptor tiny 1 has none. `interlace update` ",
        ),
        ("policies pause calm --for 1h", "service calm has no policies"),
        ("policies pause shop --for 1", "--for: '1' has no unit: write it like '5 s' (units: ms, s, min, h)"),
        ("policies pause shop --for soon", "--for: 'soon' is not a quantity"),
        ("policies pause shop --for 0h", "--for: Input should be greater than 0"),
        ("policies pause shop --for 9000h", "--for: '9000h' is longer than a year (8760 h)"),
    ],
)
def test_wrong_words_change_nothing_and_say_what_would_be_right(
    tmp_path: Path, store: Catalogue, words: str, told: str
) -> None:
    assert error(tmp_path, *words.split()).startswith(f"error: {told}")
    assert store.pauses.all(datetime.now(UTC)) == {}


def test_a_command_that_is_none_is_no_service(tmp_path: Path) -> None:
    assert "No such command 'histroy'. Did you mean 'history'?" in error(
        tmp_path, "policies", "histroy", "shop"
    )
    assert "interlace policies SERVICE" in interlace(tmp_path, "policies", "--help").stdout
    for command in ("policies show", "policies pause", "policies resume", "policies history", "alarms"):
        assert "Usage:" in interlace(tmp_path, *command.split(), "--help").stdout


def test_history_is_the_newest_first_and_outlives_the_service(tmp_path: Path, store: Catalogue) -> None:
    assert interlace(tmp_path, "policies", "history", "shop").stdout == "nothing was decided yet\n"
    for number in (3, 1, 2):
        decided(store, number)
    decided(store, 4, "refused", "no PoP\n  has room", service="gone")
    shown = interlace(tmp_path, "policies", "history", "shop").stdout.splitlines()
    assert [line.split()[4] for line in shown[1:]] == ["1", "2", "3"]
    assert shown[1].endswith("done in 4 s  avg(cpu) is 0.9, to be 0.6")
    few = json.loads(interlace(tmp_path, "policies", "history", "shop", "--limit", "1", "--json").stdout)
    assert [each["decision_id"] for each in few] == ["decision-shop-1"]
    assert interlace(tmp_path, "policies", "history", "gone").stdout.endswith("refused: no PoP has room\n")
    assert "--limit" in error(tmp_path, "policies", "history", "shop", "--limit", "0")


def test_alarms_are_listed_and_may_fail_a_script(tmp_path: Path, store: Catalogue) -> None:
    calm = interlace(tmp_path, "alarms", "--fail")
    assert (calm.returncode, calm.stdout) == (0, "no alarms are active\n")
    alarmed(store)
    listed = interlace(tmp_path, "alarms")
    assert listed.returncode == 0
    assert listed.stdout.splitlines()[1].split() == [
        *clock(NOW).split(),
        *("major", "shop", "web-1", "ill", "the", "check", "says:", "refused"),
    ]
    assert interlace(tmp_path, "alarms", "shop", "--fail").returncode == 1
    assert interlace(tmp_path, "alarms", "calm", "--fail").returncode == 0
    store.alarms.reconcile("shop", (), LOOKED, NOW + timedelta(minutes=1))
    assert interlace(tmp_path, "alarms").stdout == "no alarms are active\n"
    over = interlace(tmp_path, "alarms", "shop", "--cleared", "--fail")
    assert over.returncode == 0
    assert f"{clock(NOW)}  {clock(NOW + timedelta(minutes=1))}  major" in over.stdout
    [one] = json.loads(interlace(tmp_path, "alarms", "--cleared", "--json").stdout)
    assert (one["kind"], one["severity"], one["subject"]) == ("ill", "major", "web-1")


def shown(capsys: pytest.CaptureFixture[str], found: Policed, **changed: object) -> str:
    show(found.model_copy(update=changed))
    return capsys.readouterr().out


def test_the_last_look_is_shown_with_what_each_policy_went_by(
    store: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found = policed(store, "shop")
    cpu = PolicyFinding(policy="web-cpu", component="web", value=0.91234, wanted=2, reason="to be 0.6")
    none = PolicyFinding(
        policy="web-threshold", component="web", value=None, wanted=None, reason="nobody says"
    )
    looked_at = datetime.now(UTC) - timedelta(seconds=4)
    seen = Watching(runs=True, looked_at=looked_at, findings=(cpu, none), notes=("web-1: no answer",))
    told = shown(capsys, found, watch=seen)
    assert "watched    each 15 s, last 4 s ago\n" in told
    assert "\nweb-cpu        0.9123  2      to be 0.6\n" in told
    assert "\nweb-threshold  -       -      nobody says\n" in told
    assert "told       web-1: no answer\n" in told
    late = seen.model_copy(update={"said": "no worker has taken it yet (task queue monitoring)"})
    assert "last 4 s ago; no worker has taken it yet (task queue monitoring)\n" in shown(
        capsys, found, watch=late
    )


def test_why_nobody_looks_is_told(store: Catalogue, capsys: pytest.CaptureFixture[str]) -> None:
    found = policed(store, "shop")
    none = Watching(runs=False, said="there is no workflow watch/shop")
    assert "watched    NO: there is no workflow watch/shop\n" in shown(capsys, found, watch=none)
    fresh = shown(capsys, found, watch=Watching(runs=True))
    assert "watched    each 15 s; nothing was seen yet\n" in fresh
    decided(store, 1, "under way")
    acting = shown(capsys, policed(store, "shop"), watch=Watching(runs=True))
    assert "watched    each 15 s; no look now: web: 1 to 2 instances is under way\n" in acting


def test_a_schedule_tells_how_it_stands_in_temporal(
    store: Catalogue, capsys: pytest.CaptureFixture[str]
) -> None:
    found, there = policed(store, "shop"), Watching(runs=True)
    paused = NextTime(policy="morning", at=None, by="temporal", paused="holidays")
    told = shown(capsys, found, watch=there, schedules=(paused,))
    assert "next       morning is paused in Temporal: holidays\n" in told
    known = NextTime(policy="morning", at=NOW, by="temporal")
    assert f"next       morning {clock(NOW)}\n" in shown(capsys, found, watch=there, schedules=(known,))
    missing = shown(capsys, found, watch=there)
    assert "Z (by its cron: Temporal has no such schedule)\n" in missing


def test_rules_are_told_in_a_line() -> None:
    threshold = ThresholdPolicy.model_validate(
        {
            "component": "web",
            "metric": "avg(cpu)",
            "scale_out_above": 0.8,
            "scale_in_below": 0.3,
            "step_out": 2,
        }
    )
    assert scaling_rule(threshold) == "avg(cpu): 2 more above 0.8, 1 fewer below 0.3, each for 30 s"
    exact = {"component": "web", "kind": "target", "metric": "avg(cpu)", "target": 0.5, "tolerance": 0}
    assert scaling_rule(TargetPolicy.model_validate(exact)) == "keep avg(cpu) at 0.5"
    load = {"component": "web", "kind": "predicted", "metric": "sum(requests_per_s)", "per_instance": 100}
    told = scaling_rule(PredictedPolicy.model_validate(load))
    assert told == "one for each 100 of sum(requests_per_s), 5 min ahead"
    moving = {"component": "web", "metric": 'chain("shopping").latency_ms', "above": 50, "sustained": "90 s"}
    assert migration_rule(MigrationPolicy.model_validate(moving)) == (
        'leave the PoPs where it is once chain("shopping").latency_ms is above 50 for 90 s; '
        "10 min between two moves"
    )
    healing = HealingPolicy(component="web", action="replace")
    assert healing_rule(healing).startswith(
        "replace what is ill for 15 s; within 10 min, at another PoP after 3"
    )
