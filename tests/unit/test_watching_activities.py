"""Looks at a service: the first at once, each other one at its moment, whatever the service is doing."""

import asyncio
from pathlib import Path

import pytest
from temporalio.testing import ActivityEnvironment

from activities.watching import WatchingActivities
from catalogue.store import Catalogue
from domain.watching import LookDetails, Looked, LookOrder
from tests.unit.policed_world import policed_at

LASTING_S = 0.5
"""Much shorter than the 15 s between two looks, of which one may fall within it."""


@pytest.fixture
def store(tmp_path: Path) -> Catalogue:
    """Whose service `shop` is being terminated: nothing is decided, so nothing is remembered."""
    found = policed_at(tmp_path)
    found.operations.begin("op-end", "Terminate", "shop", "default", workflow_id="service/shop", run_id="run")
    return found


def _looks(store: Catalogue, service: str) -> tuple[Looked, list[LookDetails]]:
    """What a first look activity returns, and what it said at each look."""
    said: list[LookDetails] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = said.append
    activities = WatchingActivities(store, lambda _: pytest.fail("nothing is measured for it"))
    order = LookOrder(service=service, interval_s=15, lasting_s=LASTING_S)

    async def look() -> Looked:
        found: Looked = await environment.run(activities.look, order)
        return found

    return asyncio.run(look()), said


def test_a_service_that_changes_at_its_first_look_is_not_looked_at_without_end(store: Catalogue) -> None:
    looked, said = _looks(store, "shop")
    assert 1 <= len(said) <= 2
    assert said[0].notes == ("shop is TERMINATING: nothing is decided",)
    assert not looked.gone and not looked.wanted


def test_of_a_service_that_is_not_there_the_watch_ends(store: Catalogue) -> None:
    looked, said = _looks(store, "ghost")
    assert looked.gone and len(said) == 1
