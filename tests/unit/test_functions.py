"""function.yaml: read, or refused with the file, the field and what would be right."""

import re
from pathlib import Path

import pytest

from adaptors.vim.emulator.functions import (
    SHIPPED,
    Function,
    find_function,
    function_path,
    known_functions,
    read_function,
)
from domain.errors import DocumentError, UnknownError

SMALL = """\
api_version: interlace/v1
kind: Function
name: relay
version: "1.0"
forwarding: terminating
needs: [sh]
config:
  port: {type: integer, required: true, description: port that it listens on}
  mode: {type: string, default: fast, choices: [fast, safe]}
  rate: {type: number, default: 1.5}
  loud: {type: boolean, default: false}
hooks:
  start: [./start.sh, now]
  check: [sh, -c, "true"]
"""


def written(root: Path, text: str = SMALL, name: str = "relay") -> Path:
    directory = root / name
    directory.mkdir(parents=True)
    (directory / "function.yaml").write_text(text)
    (directory / "start.sh").write_text("#!/bin/sh\nexec sleep 60\n")
    (directory / "start.sh").chmod(0o755)
    return directory


@pytest.fixture
def relay(tmp_path: Path) -> Function:
    return read_function(written(tmp_path))


def test_a_manifest_is_read(relay: Function, tmp_path: Path) -> None:
    assert (relay.image, relay.directory, relay.ready_timeout) == ("relay:1.0", tmp_path / "relay", 10.0)
    assert dict(relay.hooks.items()) == {"start": ("./start.sh", "now"), "check": ("sh", "-c", "true")}
    assert relay.missing_commands() == ()


def test_a_manifest_says_how_instances_are_exchanged(relay: Function, tmp_path: Path) -> None:
    assert (relay.single, relay.stateful) == (False, False)
    more = "  export: [./start.sh, out]\n  import: [./start.sh, in]\n"
    text = SMALL.replace("needs:", "single: true\nneeds:") + more
    keeper = read_function(written(tmp_path, text, "keeper"))
    assert (keeper.single, keeper.stateful) == (True, True)
    assert dict(keeper.hooks.items())["import"] == ("./start.sh", "in")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"1.0"', "1.0", "version: must be text: write it in quotes, as"),
        ("  check:", "  export:", "hooks: export and import go together: import is missing"),
        ("needs:", "single: perhaps\nneeds:", "single: Input should be a valid boolean"),
        ("interlace/v1", "interlace/v2", "api_version: Input should be 'interlace/v1'"),
        ("name: relay\n", "", "name: required, but missing"),
        ("name: relay", "name: Relay", "name: 'Relay' is no name: a name is lower-case"),
        ("terminating", "switched", "forwarding: Input should be 'routed' or 'terminating'"),
        ("needs: [sh]", "need: [sh]", "need: unknown field; did you mean 'needs'?"),
        ("needs: [sh]", "ready_timeout: 5", "ready_timeout: a quantity needs a unit: write it like '5 s'"),
        ("type: integer", "type: port", "config.port.type: Input should be 'string', 'integer', 'number'"),
        ("default: 1.5", "default: much", "config.rate: default and choices: 'much' is not a number"),
        ("default: false", "default: 1", "config.loud: default and choices: 1 is not a boolean"),
        (
            "default: fast",
            "default: slow",
            "config.mode: default and choices: 'slow' is not one of fast, safe",
        ),
        ("required: true", "required: true, default: 1", "config.port: what is required needs no default"),
        ("start: [./start.sh, now]", "start: []", "hooks.start: Tuple should have at least 1 item"),
        ("start: [./start.sh, now]", "begin: [sh]", "hooks.begin: unknown field"),
        ("./start.sh", "./stop.sh", "hooks.start: ./stop.sh does not exist in "),
        ("./start.sh", "./function.yaml", "hooks.start: ./function.yaml is not executable: chmod +x "),
        ("./start.sh", "../start.sh", "hooks.start: ../start.sh is outside the function's directory"),
        ("./start.sh", "/bin/sh", "hooks.start: /bin/sh is outside the function's directory"),
        ("config:", "config: {", "not YAML: while parsing"),
        (SMALL, "", "Input should be a valid dictionary"),
        (SMALL, "[" * 3000, "not YAML: "),
        ("kind: Function", "kind: Function\ndirectory: /", "directory: unknown field"),
    ],
)
def test_an_error_names_file_field_and_what_would_be_right(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in SMALL
    directory = written(tmp_path, SMALL.replace(old, new))
    with pytest.raises(DocumentError) as caught:
        read_function(directory)
    first, issue = str(caught.value).splitlines()
    assert first == f"{directory}/function.yaml: 1 error"
    assert issue.strip().startswith(complaint)


def test_a_directory_without_a_manifest_is_told(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"function\.yaml: 1 error\n  cannot be read: No such file"):
        read_function(tmp_path)


def test_settings_fill_in_defaults(relay: Function) -> None:
    assert relay.settings({"port": 80}) == {"mode": "fast", "rate": 1.5, "loud": False, "port": 80}
    assert relay.settings({"port": 80, "rate": 2, "loud": True})["rate"] == 2


@pytest.mark.parametrize(
    ("config", "complaints"),
    [
        ({}, ["config.port: required, but missing: port that it listens on"]),
        ({"port": "80"}, ["config.port: '80' is not an integer"]),
        ({"port": True}, ["config.port: True is not an integer"]),
        ({"port": 1.5}, ["config.port: 1.5 is not an integer"]),
        ({"port": 1, "mode": 3}, ["config.mode: 3 is not a string"]),
        ({"port": 1, "mode": "slow"}, ["config.mode: 'slow' is not one of fast, safe"]),
        ({"port": 1, "loud": "yes"}, ["config.loud: 'yes' is not a boolean"]),
        (
            {"prot": 80},
            [
                "config.prot: unknown setting; did you mean port or rate? (there is loud, mode, port, rate)",
                "config.port: required, but missing: port that it listens on",
            ],
        ),
    ],
)
def test_wrong_settings_are_all_told(
    relay: Function, config: dict[str, str | int | float | bool], complaints: list[str]
) -> None:
    with pytest.raises(DocumentError) as caught:
        relay.settings(config)
    first, *issues = str(caught.value).splitlines()
    assert first.startswith("function relay:1.0: ")
    assert [issue.strip() for issue in issues] == complaints


def test_a_function_without_settings_says_so(tmp_path: Path) -> None:
    text = re.sub(r"config:\n(  .*\n)+?hooks", "hooks", SMALL)
    with pytest.raises(DocumentError, match=r"config\.x: unknown setting \(there is none\)"):
        read_function(written(tmp_path, text)).settings({"x": 1})


def test_missing_commands_are_those_of_needs_and_hooks(tmp_path: Path) -> None:
    text = SMALL.replace("needs: [sh]", "needs: [no-such-command]").replace("[sh, -c,", "[nor-this,")
    assert read_function(written(tmp_path, text)).missing_commands() == ("no-such-command", "nor-this")


def test_a_function_is_found_by_name_and_version_or_the_newest(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "1.2"):
        written(tmp_path, SMALL.replace("1.0", version), f"relay-{version}")
    assert find_function("relay:1.2", [tmp_path]).version == "1.2"
    assert find_function("relay", [tmp_path]).version == "1.10"


def test_of_two_alike_the_first_is_taken(tmp_path: Path) -> None:
    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert find_function("relay", [second.parent, first.parent]).directory == second
    assert len(known_functions([first.parent, second.parent])) == 1


def test_an_unknown_function_is_told_with_what_there_is(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(UnknownError) as caught:
        find_function("realy:1.0", [tmp_path, tmp_path / "nowhere"])
    assert str(caught.value) == (
        "no function image 'realy:1.0'; did you mean relay:1.0? (there is relay:1.0); "
        f"looked in {tmp_path}, {tmp_path}/nowhere"
    )


def test_a_broken_function_is_in_the_way_of_none_but_itself(tmp_path: Path) -> None:
    written(tmp_path)
    broken = written(tmp_path, SMALL.replace("name: relay", "name: other\nextra: 1"), "other")
    assert find_function("relay", [tmp_path]).name == "relay"
    with pytest.raises(UnknownError, match=re.escape(f"could not be read: {broken}/function.yaml: 1 error")):
        find_function("other:1.0", [tmp_path])
    with pytest.raises(DocumentError, match="extra: unknown field"):
        known_functions([tmp_path])


def test_functions_are_looked_for_in_the_environment_then_at_home_then_with_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLACE_FUNCTIONS", "/a:/b")
    assert function_path(tmp_path) == (Path("/a"), Path("/b"), tmp_path / "functions", SHIPPED)
    monkeypatch.delenv("INTERLACE_FUNCTIONS")
    assert function_path(tmp_path) == (tmp_path / "functions", SHIPPED)


def test_the_functions_that_come_with_us_are_read() -> None:
    assert {function.name for function in known_functions([SHIPPED])} == {
        *("application-firewall", "client", "edge-firewall", "endpoint", "load-balancer"),
        *("nat", "store", "traffic-monitor", "wan-optimizer", "web"),
    }
