"""`interlace reliability profiles` and `tune -o`, `up --reliability`, and operations that name a profile."""

import json
import os
from pathlib import Path

import pytest
from temporalio.common import Priority

from adaptors.machine.processes import Process
from domain.errors import InputError
from domain.lifecycle import ScaleRequest
from domain.names import OperationKind
from domain.recovery import FAST, FRUGAL, PROFILES, Profile
from interfaces.cli.priorities import allowed, priority_of
from interfaces.cli.profiling import chosen, in_a_line
from interfaces.cli.requests import checked
from interfaces.cli.wished import shared
from lab.runtime import Runtime
from tests.forked import interlace
from workers.reliability import profile_named

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "reliability-city.yaml"


@pytest.fixture
def city() -> Profile:
    return profile_named(str(EXAMPLE))


def up(home: Path, profile: Profile) -> Runtime:
    """As if workers ran here by that profile; their supervisor is this process."""
    runtime = Runtime(
        supervisor=Process.of(os.getpid()),
        server=None,
        workers=(),
        address="127.0.0.1:1",
        web_ui=None,
        reliability=profile,
    )
    runtime.save(home)
    return runtime


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INTERLACE_HOME", str(tmp_path))
    monkeypatch.delenv("TEMPORAL_ADDRESS", raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))
    return tmp_path


def test_all_profiles_are_listed_and_the_one_in_use_is_marked(home: Path, city: Profile) -> None:
    listed = json.loads(interlace(home, "reliability", "profiles", "--json").stdout)
    assert {each["profile"]: (each["built_in"], each["in_use"]) for each in listed} == dict.fromkeys(
        PROFILES, (True, False)
    )
    up(home, city)
    listed = json.loads(interlace(home, "reliability", "profiles", "--json").stdout)
    assert [each["profile"] for each in listed if each["in_use"]] == ["city"]
    shown = interlace(home, "reliability", "profiles").stdout
    assert "city (in use)" in shown and "frugal " in shown


def test_a_profile_is_explained_for_each_tenant(home: Path) -> None:
    shown = interlace(home, "reliability", "profiles", EXAMPLE).stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["emergency", "all", "0.7", "s", "0.162", "s", "1", "0.1", "s", "1", "1"] in rows
    assert ["any", "other", "Heal", "1.3", "s", "0.3", "s", "1", "0.1", "s", "2", "1"] in rows
    assert shown.splitlines()[-1].endswith(
        "otherwise for Heal, Migrate, tenant emergency, tenant hospital, and 1 more"
    )
    told = json.loads(interlace(home, "reliability", "profiles", EXAMPLE, "--json").stdout)
    alike = {(each["tenant"], *each["operations"]): each["priority"] for each in told["operations_go_by"]}
    assert alike[("batch", *OperationKind)] == 5
    assert alike[(None, "Heal")] == 2


def test_no_activity_beats_oftener_than_workers_do(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "hasty.yaml"
    file.write_text("profile: hasty\ntenants: {ems: {heartbeat_timeout: 100 ms}}\n")
    shown = interlace(home, "reliability", "profiles", file).stdout
    assert [line.split()[2:6] for line in shown.splitlines() if line.startswith("ems")] == [
        ["0.1", "s", "0.05", "s"]
    ]


def test_a_printed_profile_is_taken_as_a_file(home: Path, tmp_path: Path) -> None:
    for name, profile in PROFILES.items():
        file = tmp_path / f"{name}.yaml"
        file.write_text(interlace(home, "reliability", "profiles", name, "--yaml").stdout)
        assert profile_named(str(file)) == profile.model_copy(update={"profile": f"my-{name}"})


def test_what_docker_compose_needs_is_printed(home: Path, city: Profile) -> None:
    def lines(word: str | Path) -> list[str]:
        return interlace(home, "reliability", "profiles", word, "--env").stdout.splitlines()

    assert lines("frugal")[-2:] == ["INTERLACE_RELIABILITY=frugal", "INTERLACE_WORKERS=1"]
    named = "INTERLACE_RELIABILITY=/etc/interlace-reliability/reliability-city.yaml"
    assert lines(EXAMPLE)[1:] == [f"# Before: cp {EXAMPLE} deploy/reliability/", named, "INTERLACE_WORKERS=3"]
    up(home, city)
    assert lines("city")[1] == (
        "# Before: interlace reliability profiles city --yaml > deploy/reliability/city.yaml"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("frugl",), "did you mean 'frugal'?"),
        (("--yaml",), "say which, as in `profiles balanced --yaml`"),
        (("frugal", "--yaml", "--env"), "one at a time"),
        (("none.yaml",), "cannot read none.yaml"),
    ],
)
def test_wrong_words_are_told(home: Path, words: tuple[str, ...], told: str) -> None:
    done = interlace(home, "reliability", "profiles", *words)
    assert done.returncode == 2
    assert told in done.stderr


@pytest.mark.parametrize("word", ["frugl", "none.yaml", "."])
def test_up_with_a_wrong_profile_starts_nothing(home: Path, word: str) -> None:
    done = interlace(home, "up", "--reliability", word)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert list(home.iterdir()) == []


def test_up_refuses_another_profile_than_the_one_in_use(home: Path, city: Profile, tmp_path: Path) -> None:
    running = up(home, city)
    assert chosen(None, running) == chosen(str(EXAMPLE), running) == city
    done = interlace(home, "up", "--reliability", "frugal")
    assert done.returncode == 2
    assert "already up, by the profile city, not frugal; nothing was changed" in done.stderr
    edited = tmp_path / "edited.yaml"
    edited.write_text(EXAMPLE.read_text().replace("workers: 3", "workers: 4"))
    with pytest.raises(InputError, match="as it was then, and the file says something else now"):
        chosen(str(edited), running)
    assert "already up\n" in interlace(home, "up").stdout


def test_what_up_says_of_a_profile_is_one_line(city: Profile) -> None:
    assert in_a_line(FRUGAL) == (
        "a dead worker is noticed after 15 s, its work goes on after about 20 s; "
        "a checkpoint after up to 3 steps"
    )
    assert "otherwise for Heal, Migrate, tenant emergency, tenant hospital, and 1 more" in in_a_line(city)


def test_doctor_tells_the_profile(home: Path, city: Profile) -> None:
    up(home, city)
    assert "0 workers, reliability profile city" in interlace(home, "doctor").stdout


def test_a_tuned_profile_is_what_the_tuner_says(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "tuned.yaml"
    words = ("reliability", "tune", "--recovery-ratio", "1.2", "--set", "n=8", "--set", "t_m=60", "-o", file)
    shown = interlace(home, *words).stdout
    assert f"wrote {file}; apply with: interlace up --reliability {file}" in shown
    knobs = json.loads(interlace(home, *words, "--name", "mine", "--json").stdout)["knobs"]
    profile = profile_named(str(file))
    assert profile.profile == "mine"
    assert "Tuned for 8 tasks in 60 s, R_r at most 1.2; the model predicts" in profile.description
    applied = {
        "workers_per_queue": profile.workers,
        "heartbeat_interval_s": profile.heartbeat_interval,
        "heartbeat_timeout_s": profile.heartbeat_timeout,
        "sticky_timeout_s": profile.sticky_timeout,
        "steps_per_checkpoint": profile.steps_per_checkpoint,
        "retry_first_pause_s": profile.first_pause,
    }
    assert knobs == {**applied, "checkpoints": knobs["checkpoints"]}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--recovery-ratio", "1.01"), 1, ""),
        (("--name", "Mine"), 2, "'Mine' is no name"),
        (("--name", "balanced"), 2, "profile: 'balanced' is a built-in profile"),
        (("--set", "orchestrators=17"), 2, "workers: Input should be less than or equal to 16"),
        (("--set", "h_r=100"), 2, "heartbeat_interval: Input should be greater than or equal to 0.05"),
    ],
)
def test_what_could_be_no_profile_is_not_written(
    home: Path, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    file = tmp_path / "tuned.yaml"
    done = interlace(home, "reliability", "tune", "-o", file, *words)
    assert done.returncode == code
    assert told in done.stderr
    assert not file.exists()


def scale(reliability: str | None = None, tenant: str = "default") -> ScaleRequest:
    words = shared(tenant, 600.0, 60.0, "undo", reliability)
    return checked(ScaleRequest, service="shop", component="web", instances=3, **words)


def test_an_operation_names_what_the_workers_know(home: Path, city: Profile) -> None:
    assert scale().reliability is None
    assert scale("city").reliability == "city"  # workers elsewhere may know it
    up(home, city)
    assert scale("city").reliability == "city"
    assert scale("frugal").reliability == "frugal"
    with pytest.raises(InputError, match="no such profile; did you mean 'city'"):
        allowed("citi")
    with pytest.raises(InputError, match="an operation goes by the name of a profile"):
        allowed("x.yaml")
    with pytest.raises(InputError, match="is no name"):
        scale_elsewhere(home, "Not A Name")


def scale_elsewhere(home: Path, reliability: str) -> ScaleRequest:
    (home / "runtime.json").unlink()
    return scale(reliability)


def test_an_operations_workflow_goes_first_by_its_profile(home: Path, city: Profile) -> None:
    def of(request: ScaleRequest) -> Priority:
        return priority_of(OperationKind.SCALE, request)

    assert of(scale(tenant="ems")) == Priority(fairness_key="ems")
    assert of(scale("fast-recovery", "ems")) == Priority(FAST.priority, "ems", 1.0)
    assert of(scale("city")) == Priority(fairness_key="default")
    up(home, city)
    assert of(scale(tenant="emergency")) == Priority(1, "emergency", 1.0)
    assert of(scale(tenant="hospital")) == Priority(3, "hospital", 4.0)
    assert of(scale("frugal", "emergency")) == Priority(5, "emergency", 1.0)
