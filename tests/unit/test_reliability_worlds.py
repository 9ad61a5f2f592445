"""Worlds compared: what a run makes for itself is the same by any other name, and nothing else is."""

from typing import Any

import pytest

from reliability.worlds import Seen, differences, seen, unlike_before

ONE = "scale-0198a3c2-0000-7000-8000-00000000aaaa"
TWO = "scale-0198a3c2-0000-7000-8000-00000000bbbb"


def world(operation: str, service: str, address: str, **changed: Any) -> Seen:
    """One instance in the VIM and in the ledger, as the run of one operation made them."""
    resource = f"{service}-web-1-{operation[-8:]}"
    vim = {"name": resource, "address": address, "tags": {"operation": operation}, **changed}
    ledger = {"resource_name": resource, "operation_id": operation, "address": address, "state": "CREATED"}
    names = {operation: "<operation 1>", operation[-8:]: "<of operation 1>", service: "<service>"}
    return seen({"world": [vim], "ledger": [ledger]}, names)


def unlike(first: Seen, second: Seen) -> list[str]:
    return list(differences(first, second))


def test_other_names_of_the_same_are_no_difference() -> None:
    assert unlike(world(ONE, "proven-0001", "10.0.0.7"), world(TWO, "proven-0002", "10.9.9.9")) == []


def test_a_field_that_differs_is_named() -> None:
    first = world(ONE, "proven-0001", "10.0.0.7", status="RUNNING")
    second = world(TWO, "proven-0002", "10.0.0.8", status="ERROR")
    assert unlike(first, second) == ['world: status is "ERROR" instead of "RUNNING"']


def test_two_of_one_are_seen() -> None:
    once = seen({"world": [{"name": "x"}]}, {})
    twice = seen({"world": [{"name": "x"}, {"name": "x"}]}, {})
    assert unlike(once, twice) == ['world: should not be there: {"name": "x"}']
    assert unlike(twice, once) == ['world: missing: {"name": "x"}']


def test_a_section_that_is_empty_is_one_that_is_missing() -> None:
    assert unlike(seen({"workflows": []}, {}), seen({}, {})) == []
    found = unlike(seen({}, {}), seen({"workflows": ["service/<service>"]}, {}))
    assert found == ['workflows: should not be there: "service/<service>"']


def test_an_address_that_is_not_the_one_of_the_instance_is_seen() -> None:
    names = {"a": "a"}
    right = seen({"world": [{"address": "10.0.0.1"}], "told": [{"backends": "10.0.0.1"}]}, names)
    wrong = seen({"world": [{"address": "10.0.0.1"}], "told": [{"backends": "10.0.0.2"}]}, names)
    assert unlike(right, wrong)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-01-02T03:04:05Z", "2026-02-03T04:05:06.789+00:00"),
        ("0198a3c2-0000-7000-8000-00000000aaaa", "0198a3c2-0000-7000-8000-00000000bbbb"),
        ("02:00:00:00:00:01", "02:00:00:00:00:02"),
        (0.1 + 0.2, 0.3),
    ],
)
def test_times_and_ids_and_noise_are_no_difference(one: object, other: object) -> None:
    assert unlike(seen({"t": [{"x": one}]}, {}), seen({"t": [{"x": other}]}, {})) == []


def test_what_is_expected_to_take_time_may_take_another() -> None:
    assert unlike(seen({"t": [{"expected_s": 1}]}, {}), seen({"t": [{"expected_s": 2}]}, {})) == []


def test_a_service_is_as_before_whatever_operations_came_and_went() -> None:
    before = seen({"catalogue ledger": [{"name": "x", "operation_id": "one"}]}, {})
    facts: dict[str, list[Any]] = {
        "catalogue ledger": [{"name": "x", "operation_id": "two", "tags": {"operation": "two"}}],
        "catalogue operations": [{"operation_id": "two", "state": "FAILED"}],
    }
    rebuilt = seen(facts, {})
    assert list(unlike_before(before, rebuilt)) == ["catalogue ledger: tags is {} instead of null"]
    gone = seen({}, {})
    assert list(unlike_before(before, gone)) == ['catalogue ledger: missing: {"name": "x"}']
