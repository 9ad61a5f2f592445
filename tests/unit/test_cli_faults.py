"""`interlace faults`: what befalls the modelled world, said in words that are clear."""

import json
import subprocess
from pathlib import Path

import pytest

from domain.instances import InstanceStatus
from tests.forked import interlace
from tests.unit.cli_world import catalogue_at
from tests.unit.modelled import quiet, spec, vim_at


def faults(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return interlace(home, "faults", *words)


@pytest.mark.parametrize("command", ["add", "crash", "vanish", "list", "clear"])
def test_each_command_explains_itself(tmp_path: Path, command: str) -> None:
    done = faults(tmp_path, command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    if command in ("add", "crash", "vanish"):
        assert "Examples:" in done.stdout


def test_an_instance_crashes_and_another_vanishes(tmp_path: Path) -> None:
    vim = vim_at(tmp_path)
    for name in ("shop-web-1-4f2a9c1e", "shop-web-2-4f2a9c1e"):
        vim.create(spec(name), quiet)
    done = faults(tmp_path, "crash", "shop-web-1-4f2a9c1e", "--message", "kernel panic", "--json")
    assert json.loads(done.stdout) == {"crashed": [{"pop": "berlin", "name": "shop-web-1-4f2a9c1e"}]}
    assert vim.ailment("shop-web-1-4f2a9c1e") == "kernel panic"
    done = faults(tmp_path, "vanish", "shop-web-2-4f2a9c1e")
    assert done.stdout == "vanished: instance shop-web-2-4f2a9c1e at PoP berlin\n"
    assert [one.status for one in vim.list({})] == [InstanceStatus.ERROR]


def test_a_whole_pop_crashes(tmp_path: Path) -> None:
    catalogue_at(tmp_path).close()
    vim = vim_at(tmp_path, "north")
    for number in range(2):
        vim.create(spec(f"web-{number}", "north"), quiet)
    done = faults(tmp_path, "crash", "--pop", "north", "--all", "--json")
    assert [one["name"] for one in json.loads(done.stdout)["crashed"]] == ["web-0", "web-1"]
    faults(tmp_path, "vanish", "--pop", "north", "--all")
    assert vim.list({}) == ()
    assert faults(tmp_path, "crash", "--pop", "north", "--all").stdout == "there is no instance\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("crash",), "name an instance as its VIM does, or say --pop POP --all"),
        (("crash", "--all"), "--all needs a PoP"),
        (("vanish", "web-1", "--all", "--pop", "north"), "not both"),
        (("crash", "nobody"), "no modelled instance 'nobody' (there is shop-web-1)"),
        (("vanish", "web-1"), "no modelled instance 'web-1' (there is shop-web-1)"),
        (("add", "ignored", "--operation", "create"), "only a delete or a configure can be accepted"),
        (
            ("add", "lost", "--operation", "read"),
            "only the answer to a create, delete, configure, resize or move",
        ),
        (("add", "earthquake"), "'ignored' or 'outage'"),
        (("add", "hang", "--operation", "grow"), "'configure'"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(tmp_path: Path, words: tuple[str, ...], told: str) -> None:
    vim = vim_at(tmp_path)
    made = vim.create(spec("shop-web-1"), quiet)
    done = faults(tmp_path, *words)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert told in json.loads(faults(tmp_path, *words, "--json").stdout)["error"]["message"]
    assert vim.list({}) == (made,)
    assert json.loads(faults(tmp_path, "list", "--json").stdout) == {}


def test_only_modelled_pops_meet_faults(tmp_path: Path) -> None:
    catalogue_at(tmp_path, kind="emulator").close()
    done = faults(tmp_path, "add", "outage", "--pop", "north")
    assert done.returncode == 2
    assert "PoP north is of kind emulator: only modelled ones meet faults" in done.stderr
    done = faults(tmp_path, "crash", "web-1", "--pop", "nowhere")
    assert (done.returncode, "no PoP 'nowhere'" in done.stderr) == (2, True)


def test_an_ignored_fault_is_listed_and_cleared(tmp_path: Path) -> None:
    number = json.loads(faults(tmp_path, "add", "ignored", "--times", "1", "--json").stdout)["number"]
    assert "ignored" in faults(tmp_path, "list").stdout
    assert faults(tmp_path, "clear", str(number)).returncode == 0
    assert json.loads(faults(tmp_path, "list", "--json").stdout) == {}
