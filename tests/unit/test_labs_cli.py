"""`interlace lab`: what it says of labs that are not up, and of wrong words."""

import json
from pathlib import Path

import pytest

from lab.registry import OFFERS
from tests.forked import interlace


@pytest.mark.parametrize("name", sorted(OFFERS))
def test_a_lab_that_is_down_is_told_as_such(name: str, tmp_path: Path) -> None:
    told = interlace(tmp_path, "lab", name, "status")
    assert told.returncode == 1
    assert told.stdout.endswith(f"{name}: down, its state is in {tmp_path / 'lab' / name}\n")
    status = json.loads(interlace(tmp_path, "lab", name, "status", "--json").stdout)
    assert (status["lab"], status["up"], status["environment"]) == (name, False, {})
    assert {service["state"] for service in status["services"]} <= {"down"}


def test_a_directory_is_taken_where_one_is_given(tmp_path: Path) -> None:
    told = interlace(tmp_path, "lab", "openstack", "down", "--directory", str(tmp_path / "else"), "--json")
    assert told.returncode == 0
    assert json.loads(told.stdout)["directory"] == str(tmp_path / "else")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["openstack", "up", "--pops", "3"], "than or equal to 2"),
        (["openstack", "up", "--pops", "0"], "than or equal to 1"),
        (["terraform", "up", "--pops", "2"], "No such option"),
        (["vmware", "up"], "No such command"),
    ],
)
def test_wrong_words_start_nothing(words: list[str], why: str, tmp_path: Path) -> None:
    told = interlace(tmp_path, "lab", *words)
    assert told.returncode == 2
    assert why in " ".join(told.stderr.replace("│", " ").split())
    assert not (tmp_path / "lab").exists()
