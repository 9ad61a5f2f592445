"""Reliability profiles from names and files: what is right, and what is wrong with the rest."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.profiles import profile_yaml, read_profile
from domain.errors import DocumentError, InputError, UnknownError
from domain.names import OperationKind
from domain.recovery import BALANCED, FAST, FRUGAL, PROFILES, Override, Profile
from workers.reliability import kept, profile_known, profile_named
from workers.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "reliability-city.yaml"

WRONG = [
    (
        "profile: a\nheartbeat_interval: 2 s\nheartbeat_timeout: 1 s",
        "line 3: heartbeat_timeout: 1 s is less than the heartbeat interval of 2 s",
    ),
    (
        "profile: a\nheartbeat_interval: 2 s",
        "line 1: heartbeat_timeout: 1.3 s is less than the heartbeat interval of 2 s",
    ),
    ("profile: a\nheartbeat_timout: 2 s", "line 2: heartbeat_timout: unknown field; did you mean"),
    ("profile: a\nheartbeat_timeout: -2 s", "line 2: heartbeat_timeout: '-2 s' is not a quantity"),
    ("profile: a\nheartbeat_timeout: 2", "line 2: heartbeat_timeout: a quantity needs a unit"),
    ("profile: a\nheartbeat_timeout: 2 parsecs", "unknown unit 'parsecs' (units: ms, s, min, h)"),
    ("profile: a\nheartbeat_timeout: 99 h", "line 2: heartbeat_timeout: Input should be less than or equal"),
    (
        "profile: a\nheartbeat_interval: 60 ms\nheartbeat_timeout: 60 ms",
        "line 3: heartbeat_timeout: at least 100 ms",
    ),
    (
        "profile: a\ntenants:\n  ems: {heartbeat_timeout: 60 ms}",
        "line 3: tenants.ems.heartbeat_timeout: at least 100 ms",
    ),
    ("profile: a\nworkers: 0", "line 2: workers: Input should be greater than or equal to 1"),
    (
        "profile: a\nsteps_per_checkpoint: 1.5",
        "line 2: steps_per_checkpoint: Input should be a valid integer",
    ),
    ("profile: a\npriority: 6", "line 2: priority: Input should be less than or equal to 5"),
    ("profile: a\ntenants:\n  x: {fairness_weight: 0}", "line 3: tenants.x.fairness_weight: Input should be"),
    ("profile: a\ntenants:\n  x: {workers: 2}", "line 3: tenants.x.workers: unknown field"),
    ("profile: a\ntenants:\n  Big Co: {}", "'Big Co' is no name: a name is lower-case"),
    (
        "profile: a\noperations:\n  Instantiat: {priority: 1}",
        "line 3: operations.Instantiat: Input should be 'Instantiate', 'Scale'",
    ),
    ("workers: 2", "line 1: profile: required, but missing"),
    ("profile: My Own", "line 1: profile: 'My Own' is no name"),
    ("profile: frugal\nworkers: 9", "line 1: profile: 'frugal' is a built-in profile"),
    ("profile: a\nprofile: b", "line 2: profile: duplicate name 'profile', first on line 1"),
    ("profile: [", "line 2: not YAML"),
    ("- a\n- b", "line 1: Input should be a valid dictionary"),
    ("text", "line 1: Input should be a valid dictionary"),
    ("", "the file is empty"),
    ("kind: Service", "line 1: kind: this is a document of kind Service; a profile is wanted"),
]


@pytest.mark.parametrize(("text", "told"), WRONG, ids=[told[:40] for _, told in WRONG])
def test_what_is_wrong_in_a_file_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(f"{text}\n" if text else "")
    with pytest.raises(DocumentError) as caught:
        profile_named(str(file))
    assert str(caught.value).startswith(f"{file}: 1 error\n")
    assert told in str(caught.value)


def test_all_errors_of_a_file_are_told(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("profile: a\nworkers: 0\nfirst_pause: soon\ntenants: {x: {priority: 9}}\n")
    with pytest.raises(DocumentError) as caught:
        profile_named(str(file))
    assert [each.line for each in caught.value.issues] == [2, 3, 4]


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_a_built_in_needs_no_file(name: str) -> None:
    assert profile_named(name) is PROFILES[name]


@pytest.mark.parametrize(
    ("word", "told"),
    [
        (
            "balancd",
            "no reliability profile 'balancd': did you mean 'balanced'? (known: balanced, fast-recovery,",
        ),
        ("Frugal", "did you mean 'frugal'?"),
        ("nonsense", "known: balanced, fast-recovery, frugal; or name a YAML file, such as ./my.yaml"),
        ("", "no reliability profile ''"),
        ("own", "the file is ./own.yaml"),
        ("plain", "the file is ./plain"),
        ("none.yaml", "cannot read none.yaml: No such file or directory"),
        ("./own", "cannot read own: No such file or directory"),
        ("./directory", "cannot read directory: it is no regular file"),
        ("/dev/zero", "cannot read /dev/zero: it is no regular file"),
        ("~nobody-of-that-name/own.yaml", "cannot read ~nobody-of-that-name/own.yaml"),
        ("nul\0/own.yaml", "embedded null byte"),
    ],
)
def test_what_is_no_profile_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("profile: own\n")
    (tmp_path / "plain").write_text("profile: own\n")
    (tmp_path / "directory").mkdir()
    with pytest.raises(UnknownError) as caught:
        profile_named(word)
    assert told in str(caught.value)


@pytest.mark.parametrize("word", ["./plain", "own.yaml", "own.YML", "own.json", "~/own.yaml"])
def test_a_slash_or_an_ending_makes_it_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    text = '{"profile": "own", "heartbeat_timeout": "2 s"}'
    (tmp_path / Path(word).name).write_text(text)
    assert profile_named(word) == Profile(profile="own").model_copy(update={"heartbeat_timeout": 2.0})


def test_the_example_says_what_its_comments_say() -> None:
    city = profile_named(str(EXAMPLE))
    usual, emergency, batch = (
        city.recovery(OperationKind.MIGRATE, tenant) for tenant in ("shop", "emergency", "batch")
    )
    assert emergency.priority < usual.priority < batch.priority
    assert emergency.heartbeat_timeout_s < usual.heartbeat_timeout_s < batch.heartbeat_timeout_s
    assert [each.steps_per_checkpoint for each in (emergency, usual, batch)] == [1, 2, 3]
    assert city.recovery(OperationKind.HEAL, "hospital").fairness_weight == 4
    assert city.recovery(OperationKind.HEAL, "hospital").priority == 2
    assert 1000 * emergency.heartbeat_timeout_s / city.beats_per_timeout == pytest.approx(162, abs=0.5)
    said = {name for name in Profile.model_fields if f"\n{name}:" in EXAMPLE.read_text()}
    same = {name for name in Profile.model_fields if getattr(city, name) == getattr(BALANCED, name)}
    assert Profile.model_fields.keys() - said <= same


def test_a_tenants_word_counts_more_than_that_of_the_operation() -> None:
    profile = Profile(
        profile="own",
        priority=3,
        operations={OperationKind.HEAL: Override.model_validate({"priority": 2, "first_pause": "2 s"})},
        tenants={"ems": Override.model_validate({"priority": 1, "heartbeat_timeout": "700 ms"})},
    )
    heal = profile.recovery(OperationKind.HEAL, "ems")
    assert (heal.priority, heal.first_pause_s) == (1, 2.0)
    assert heal.heartbeat_timeout_s == pytest.approx(0.7)
    assert profile.recovery(OperationKind.SCALE, "ems").first_pause_s == profile.first_pause
    other = profile.recovery(OperationKind.HEAL, "shop")
    assert (other.priority, other.first_pause_s, other.heartbeat_timeout_s) == (2, 2.0, 1.3)
    assert profile.recovery(OperationKind.SCALE, "shop").priority == 3


_SECONDS = st.integers(100, 3_600_000).map(lambda ms: ms / 1000)
_OVERRIDES = st.builds(
    Override,
    heartbeat_timeout=st.none() | _SECONDS.map("{:.3f} s".format),
    steps_per_checkpoint=st.none() | st.integers(1, 100),
    first_pause=st.none() | _SECONDS.map("{:.3f} s".format),
    priority=st.none() | st.integers(1, 5),
    fairness_weight=st.none() | st.floats(0.001, 1000),
)
_NAMES = st.sampled_from(["a", "ems", "true", "null", "1", "1e3", "a-b", "0x1f"])


@given(
    name=_NAMES,
    description=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=200),
    timeout=_SECONDS,
    operations=st.dictionaries(st.sampled_from(OperationKind), _OVERRIDES),
    tenants=st.dictionaries(_NAMES, _OVERRIDES, max_size=3),
)
def test_a_profile_is_read_as_it_was_written(
    name: str,
    description: str,
    timeout: float,
    operations: dict[OperationKind, Override],
    tenants: dict[str, Override],
) -> None:
    profile = Profile.model_validate(
        {
            "profile": name,
            "description": description,
            "heartbeat_interval": "100 ms",
            "heartbeat_timeout": f"{timeout:.3f} s",
            "operations": operations,
            "tenants": tenants,
        }
    )
    assert read_profile(profile_yaml(profile).encode(), "own.yaml") == profile


def test_every_setting_of_a_written_profile_is_explained() -> None:
    lines = profile_yaml(FRUGAL).splitlines()
    for name in Profile.model_fields.keys() - {"description"}:
        [place] = [number for number, line in enumerate(lines) if line.startswith(f"{name}:")]
        assert lines[place - 1].startswith("# "), name


def test_the_docs_say_what_the_profiles_are() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    [names] = [line for line in text.splitlines() if line.startswith("| | `balanced` | ")]
    built_in = [PROFILES[name] for name in re.findall(r"`([a-z-]+)`", names)]
    assert len(built_in) == len(PROFILES)
    rows = {
        "workers for each queue": [f"{each.workers}" for each in built_in],
        "heartbeat interval, time-out": [
            f"{each.heartbeat_interval:g} s, {each.heartbeat_timeout:g} s" for each in built_in
        ],
        "sticky time-out": [f"{each.sticky_timeout:g} s" for each in built_in],
        "steps per checkpoint": [f"{each.steps_per_checkpoint}" for each in built_in],
        "first pause before a call to the catalogue is tried again": [
            f"{each.first_pause:g} s" for each in built_in
        ],
        "priority (1 goes first, 5 last)": [f"{each.priority}" for each in built_in],
    }
    for what, values in rows.items():
        assert f"| {what} | {' | '.join(values)} |" in text
    assert [name for name in Profile.model_fields if f"\n| `{name}` | " not in text] == []
    assert [name for name in Override.model_fields if f"`{name}`" not in text] == []


def test_a_copy_outlives_the_file(tmp_path: Path) -> None:
    city = profile_named(str(EXAMPLE))
    word = kept(city, tmp_path)
    assert Path(word).is_absolute()
    assert profile_named(word) == city
    assert kept(FRUGAL, tmp_path) == "frugal"


@pytest.mark.parametrize("word", [*sorted(PROFILES), str(EXAMPLE)])
def test_what_up_writes_down_is_the_profile_itself(word: str) -> None:
    """700 ms are 0.7 s, whatever a product of floats says."""
    profile = profile_named(word)
    assert Profile.model_validate_json(profile.model_dump_json()) == profile


def test_a_copy_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownError, match=r"cannot write .*none/reliability\.yaml"):
        kept(Profile(profile="own"), tmp_path / "none")


def test_a_name_means_the_own_profile_before_a_built_in() -> None:
    own = Profile(profile="own")
    assert profile_known("own", own) is own
    assert profile_known("frugal", own) is FRUGAL
    assert profile_known("other", own) is None


def test_workers_go_by_what_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLACE_HOME", str(tmp_path))
    for word, profile in (("", BALANCED), ("fast-recovery", FAST), (str(EXAMPLE), None)):
        monkeypatch.setenv("INTERLACE_RELIABILITY", word)
        assert Settings.from_environment().profile == (profile or profile_named(str(EXAMPLE)))
    monkeypatch.setenv("INTERLACE_RELIABILITY", "nonsense")
    settings = Settings.from_environment()  # of a command that needs no profile
    with pytest.raises(InputError, match="no reliability profile 'nonsense'"):
        assert settings.profile
