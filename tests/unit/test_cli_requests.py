"""Requests from words: what is wrong is told with what would be right; what is not named stays as it is."""

import math

import pytest

from domain.errors import InputError
from domain.infrastructure import Resources
from domain.lifecycle import MigrateRequest, ScaleRequest
from domain.requests import InstantiateRequest
from interfaces.cli.flavours import Flavour
from interfaces.cli.requests import checked, pairs, settings

NOW = Resources.of(1, 1024, 10)


@pytest.mark.parametrize(
    ("given", "perhaps"),
    [
        ("My Shop", "such as my-shop"),
        ("_x_", "such as x"),
        ("--", "at most 63"),
        ("a" * 70, f"as {'a' * 63}"),
    ],
)
def test_a_wrong_name_shows_a_right_one(given: str, perhaps: str) -> None:
    with pytest.raises(InputError, match=perhaps) as refused:
        checked(InstantiateRequest, service=given, descriptor="tiny")
    message = str(refused.value)
    assert message.startswith(f"service: {given!r} is no name: a name is lower-case letters, digits and")
    assert "pattern" not in message


def test_a_wrong_version_shows_right_ones() -> None:
    with pytest.raises(InputError, match=r"version: 'newest' is no version: .* such as 1, 1.2"):
        checked(InstantiateRequest, service="shop", descriptor="tiny", version="newest")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError, match=r"service: .*; descriptor: .*; on_failure: .*'undo' or 'hold'"):
        checked(InstantiateRequest, service="A", descriptor="B", on_failure="panic")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "^say what to change: instances, by, resources or image"),
        ({"by": 0}, "^by: 0 changes nothing"),
        ({"by": 1, "instances": 2}, "^say instances or by, not both"),
    ],
)
def test_what_a_request_as_a_whole_lacks_is_told_without_a_field(fields: dict[str, int], words: str) -> None:
    with pytest.raises(InputError, match=words):
        checked(ScaleRequest, service="shop", component="web", **fields)


def test_a_wrong_pop_of_a_move_is_told_with_the_move() -> None:
    with pytest.raises(InputError, match=r"moves\.web: 'Berlin!' is no name: .*, such as berlin"):
        checked(MigrateRequest, service="shop", moves={"web": "Berlin!"})
    with pytest.raises(
        InputError, match="say one of plan, moves, evacuate, leave, optimise, rehost: none is given"
    ):
        checked(MigrateRequest, service="shop")


def test_unnamed_parts_of_a_flavour_stay() -> None:
    assert not Flavour(None, None, None)
    assert Flavour(4, None, None).over(NOW) == Resources.of(4, 1024, 10)
    assert Flavour(None, "2 GiB", None).over(NOW) == Resources.of(1, 2048, 10)
    assert Flavour(2, "3 GiB", "1 GiB").over(None) == Resources.of(2, 3072, 1)


@pytest.mark.parametrize(
    ("flavour", "now", "words"),
    [
        (Flavour(None, "2 GB", None), NOW, r"memory: .*ambiguous, write GiB"),
        (Flavour(2, None, None), None, "name all of --vcpus, --memory and --disk"),
    ],
)
def test_a_flavour_that_cannot_be_told(flavour: Flavour, now: Resources | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        flavour.over(now)


def test_pairs() -> None:
    assert pairs(["web=berlin", "store-1=bonn", "web=berlin", "x=a=b"], "") == {
        "web": "berlin",
        "store-1": "bonn",
        "x": "a=b",
    }
    for words in (["web"], ["=berlin"]):
        with pytest.raises(InputError, match="write it like web=berlin"):
            pairs(words, "web=berlin")
    with pytest.raises(InputError, match="web is given twice: 'berlin' and 'bonn'"):
        pairs(["web=berlin", "web=bonn"], "")


def test_settings_have_types() -> None:
    words = ["port=80", "rate=1.5", "on=true", 'text="80"', "name=web", "none=null", "list=[1]", "odd=NaN"]
    found = settings(words, "")
    assert found == {
        "port": 80,
        "rate": 1.5,
        "on": True,
        "text": "80",
        "name": "web",
        "none": "null",
        "list": "[1]",
        "odd": "NaN",
    }
    assert not any(isinstance(value, float) and not math.isfinite(value) for value in found.values())
