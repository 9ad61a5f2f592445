"""Looks at a service: the first at once, each other one at its moment, whatever the service is doing."""

import asyncio
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from temporalio.testing import ActivityEnvironment

from activities.watching import WatchingActivities
from catalogue.store import Catalogue
from domain.watching import LookDetails, Looked, LookOrder
from monitoring.metrics import Snapshot
from tests.unit.policed_world import POLICIES, policed_at

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


class Noting:
    """A source that measures nothing, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def snapshot(self, service: str, at: datetime) -> Snapshot:
        self.asked.append("look")
        return Snapshot(at=at)

    def prepare(self, service: str) -> None:
        self.asked.append("prepare")
        raise OSError("this is told to nobody, and stops nothing")

    def history(self, service: str, start: datetime, end: datetime, step_s: float) -> tuple[Snapshot, ...]:
        return ()

    def close(self) -> None:
        """Nothing."""


def _asked(home: Path, every: str, lasting_s: float) -> list[str]:
    """Of the source, by looks at a service that runs."""
    with patch.dict(POLICIES, interval=every):
        store, source = policed_at(home), Noting()
    activities = WatchingActivities(store, lambda _: source)
    order = LookOrder(service="shop", interval_s=15, lasting_s=lasting_s)

    async def look() -> None:
        await ActivityEnvironment().run(activities.look, order)

    asyncio.run(look())
    return source.asked


def test_each_look_but_the_first_is_prepared(tmp_path: Path) -> None:
    asked = _asked(tmp_path, "4 s", lasting_s=9)
    assert asked[0] == "look" and asked[1:5] == ["prepare", "look"] * 2


def test_looks_that_follow_soon_are_not_prepared(tmp_path: Path) -> None:
    asked = _asked(tmp_path, "2 s", lasting_s=3)
    assert asked and {*asked} == {"look"}


def test_of_a_service_that_is_not_there_the_watch_ends(store: Catalogue) -> None:
    looked, said = _looks(store, "ghost")
    assert looked.gone and len(said) == 1
