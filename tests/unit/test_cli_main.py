"""The command line as a whole: quick to start, clear about wrong words, and ours up to the `--`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adaptors.machine.abilities import examine
from domain.networking import Probe
from interfaces.cli import emulated
from interfaces.cli.probes import Probed, show
from tests.forked import interlace
from tests.unit.cli_world import active, begin, catalogue_at, end, intend

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "examples" / "functions"


def test_help_imports_nothing_heavy() -> None:
    heavy = {"temporalio", "sqlalchemy", "yaml", "pydantic", "psutil", "pulp", "topohub"}
    code = f"import sys, interfaces.cli.main; print({heavy!r} & set(sys.modules) or '')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_version_is_told(tmp_path: Path) -> None:
    assert interlace(tmp_path, "--version").stdout.startswith("interlace 0.")


def test_every_command_explains_itself(tmp_path: Path) -> None:
    ours = ("at", "functions", "leftovers", "scale", "plan", "plan scale", "plan show", "apply", "give-up")
    for command in ours:
        done = interlace(tmp_path, *command.split(), "--help")
        assert done.returncode == 0, done.stderr
        assert "Usage:" in done.stdout


def test_words_after_the_dashes_are_not_ours(tmp_path: Path) -> None:
    done = interlace(tmp_path, "at", "nobody", "users", "--", "curl", "--json", "{}")
    assert done.returncode == 2
    assert done.stderr.startswith("error: no service 'nobody'")
    ours = interlace(tmp_path, "at", "nobody", "users", "--json", "--", "curl")
    assert json.loads(ours.stdout)["error"]["type"] == "UnknownError"


def test_functions_are_listed_and_checked(tmp_path: Path) -> None:
    listed = json.loads(interlace(tmp_path, "functions", "--json").stdout)
    [nat] = [each for each in listed if each["name"] == "nat"]
    assert (nat["forwarding"], nat["directory"]) == ("routed", str(FUNCTIONS / "nat"))
    assert interlace(tmp_path, "functions", "check", FUNCTIONS / "nat").stdout.startswith("nat:1.0 is fine")


def test_a_wrong_function_is_told_with_all_its_errors(tmp_path: Path) -> None:
    (tmp_path / "function.yaml").write_text(
        'api_version: interlace/v1\nkind: Function\nname: NAT\nversion: "1"\nforwards: routed\n'
    )
    done = interlace(tmp_path, "functions", "check", tmp_path)
    assert done.returncode == 2
    for field in ("name", "forwarding", "forwards"):
        assert field in done.stderr
    again = interlace(tmp_path, "functions", "check", tmp_path, "--json")
    assert json.loads(again.stdout)["error"]["type"] == "DocumentError"


def test_a_broken_function_hides_no_other(tmp_path: Path) -> None:
    broken = tmp_path / "functions" / "mine"
    broken.mkdir(parents=True)
    (broken / "function.yaml").write_text("kind: [")
    done = interlace(tmp_path, "functions")
    assert done.returncode == 1
    assert "nat:1.0" in done.stdout
    assert f"cannot be used: {broken / 'function.yaml'}: 1 error\n  not YAML" in done.stdout
    listed = json.loads(interlace(tmp_path, "functions", "--json").stdout)
    assert [each["name"] for each in listed if "broken" in each] == ["mine"]
    assert len(listed) > 2


def test_leftovers_say_since_when_and_why(tmp_path: Path) -> None:
    store = catalogue_at(tmp_path)
    intend(store, begin(store), "web-1", "shop-web-1-a")
    store.ledger.leave("shop-web-1-a", "north", "PoP north says: asleep")
    store.close()
    shown = interlace(tmp_path, "leftovers", "shop").stdout.splitlines()
    assert shown[0].split() == ["service", "resource", "pop", "since", "why"]
    assert shown[1].startswith("shop     shop-web-1-a  north")
    assert shown[1].endswith("PoP north says: asleep")
    assert interlace(tmp_path, "leftovers", "other").stdout == "nothing is left over\n"
    [left] = json.loads(interlace(tmp_path, "leftovers", "--json").stdout)
    assert (left["resource_name"], left["state"]) == ("shop-web-1-a", "LEFTOVER")


def test_who_is_busy_is_seen_also_without_temporal(tmp_path: Path) -> None:
    store = catalogue_at(tmp_path)
    active(store, "calm")
    begin(store, "shop", "op-2")
    store.close()
    listed = interlace(tmp_path, "ps")
    assert listed.stderr == "Temporal does not answer: who waits for somebody is not known\n"
    rows = [line.split() for line in listed.stdout.splitlines()]
    assert rows[0][:3] == ["service", "state", "operation"]
    assert [row[:3] for row in rows[1:]] == [
        ["calm", "ACTIVE", "-"],
        ["shop", "INSTANTIATING", "Instantiate"],
    ]
    calm, busy = json.loads(interlace(tmp_path, "ps", "--json").stdout)
    assert (calm["operation"], calm["operation_flags"]) == (None, [])
    assert (busy["operation"], busy["operation_flags"]) == ("Instantiate", [])
    shown = interlace(tmp_path, "status", "shop").stdout
    assert "its steps are not known: nothing runs here: `interlace up` starts it" in shown
    status = json.loads(interlace(tmp_path, "status", "shop", "--json").stdout)
    assert status["running"]["progress"] is None
    assert json.loads(interlace(tmp_path, "status", "calm", "--json").stdout)["running"] is None


def test_an_operation_cannot_be_steered_without_temporal_or_without_saying_how(tmp_path: Path) -> None:
    for words in (
        ("pause", "shop"),
        ("skip", "shop", "1.create.web-1"),
        ("follow", "shop"),
        ("cancel", "shop"),
    ):
        assert interlace(tmp_path, *words).returncode == 3
    nothing = interlace(tmp_path, "edit", "shop", "1.create.web-1")
    assert nothing.returncode == 2
    assert "say what to change: --image" in nothing.stderr
    wrong = interlace(tmp_path, "edit", "shop", "1.create.web-1", "--config", "port", "--json")
    assert "write it like --config port=8080" in json.loads(wrong.stdout)["error"]["message"]


def test_a_wrong_name_is_told_with_a_right_one(tmp_path: Path) -> None:
    done = interlace(tmp_path, "instantiate", "My Shop", "tiny")
    assert done.returncode == 2
    assert "such as my-shop" in done.stderr


def test_no_option_is_offered_that_does_nothing(tmp_path: Path) -> None:
    told = interlace(tmp_path, "resume", "shop", "--reason", "why", "--json")
    assert "No such option: --reason" in json.loads(told.stdout)["error"]["message"]
    helped = " ".join(interlace(tmp_path, "terminate", "--help").stdout.replace("│", " ").split())
    assert "undo leaves it to a sweep" in helped
    assert "undo all" not in helped


def test_a_plan_that_was_never_made(tmp_path: Path) -> None:
    for words in (("plan", "show", "plan-1"), ("apply", "plan-1")):
        done = interlace(tmp_path, *words)
        assert done.returncode == 2
        assert "no plan 'plan-1'" in done.stderr
    assert json.loads(interlace(tmp_path, "plans", "--json").stdout) == []


def test_down_all_asks_before_services_lose_what_they_run_on(tmp_path: Path) -> None:
    store = catalogue_at(tmp_path, "emulator")
    intend(store, begin(store), "web-1", "shop-web-1-a", "emulator")
    store.close()
    done = interlace(tmp_path, "down", "--all")
    assert done.returncode == 2
    assert "shop would lose all that runs of it" in done.stderr


def test_down_on_a_home_where_nothing_ever_was_leaves_it_so(tmp_path: Path) -> None:
    done = interlace(tmp_path, "down", "--json")
    assert json.loads(done.stdout) == {
        "was_up": False,
        "ended_by_itself": None,
        "orphans": 0,
        "removed": [],
        "remains": [],
        "emulated_instances": 0,
    }


def test_a_service_without_packets_cannot_be_probed(tmp_path: Path) -> None:
    store = catalogue_at(tmp_path)
    begin(store)
    store.close()
    done = interlace(tmp_path, "probe", "shop")
    assert done.returncode == 2
    assert "moves no packets" in done.stderr
    assert interlace(tmp_path, "probe", "nobody").returncode == 2


@pytest.mark.parametrize(
    ("planned", "measured", "difference"),
    [(10.0, 11.0, "+10.0%"), (10.0, 9.5, "-5.0%"), (0.0, 0.25, "+0.250 ms"), (4.0, None, "-")],
)
def test_measured_against_planned(planned: float, measured: float | None, difference: str) -> None:
    probe = Probe(segment="s", chain="c", planned_rtt_ms=planned, measured_rtt_ms=measured)
    assert Probed.of(probe).difference == difference


def test_what_got_lost_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    arrived = Probed.of(Probe(segment="a", chain="c", planned_rtt_ms=1, measured_rtt_ms=None))
    lost = arrived.model_copy(update={"segment": "b", "lost": "it was last seen at PoP north"})
    show([arrived, lost])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["a", "1.000", "arrived", "-"]
    assert lines[2].split() == ["b", "1.000", "LOST", "-"]
    assert lines[3] == "LOST  it was last seen at PoP north"


def test_strays_are_seen_and_swept_but_not_what_the_ledger_knows(tmp_path: Path) -> None:
    abilities, machine = examine(tmp_path)
    if machine is None:
        pytest.skip(f"no emulator here: {abilities.why}")
    place = machine.place
    store = catalogue_at(tmp_path, "emulator")
    lease = begin(store)
    intend(store, lease, "web-1", "shop-web-1-a", "emulator")
    machine.ip([f"netns add {place.instance(name)}" for name in ("shop-web-1-a", "of-nobody")])
    try:
        assert emulated.is_used(store, tmp_path)
        assert emulated.running(tmp_path) == 2
        assert len(emulated.strays(store, tmp_path)) == 1
        assert place.instance("of-nobody") in "".join(emulated.sweep(store, tmp_path))
        assert emulated.strays(store, tmp_path) == []
        assert emulated.running(tmp_path) == 1
        end(store, lease)
    finally:
        removed, remains = emulated.remove_all(tmp_path)
        store.close()
    assert len(removed) == 1
    assert remains == []
    assert not place.run.exists()
