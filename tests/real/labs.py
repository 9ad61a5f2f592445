"""The labs that tests share: brought up when the first asks, ended with the session that brought them up.

A lab that is up already is used, and left up. They keep their state in INTERLACE_TEST_LABS, by default beside
what was built for them, apart for each checkout.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptors.machine.locks import locked
from lab.places import cache_directory, key_of
from lab.port import LabStatus
from lab.registry import OFFERS

_SESSION = "INTERLACE_TEST_SESSION"
"""In the environment of all processes of one run of pytest."""
_PATIENCE_S = 1800
"""For a test that has to bring a lab up from nothing."""


def directory(name: str) -> Path:
    """Where the shared lab of that name keeps its state."""
    checkout = str(Path(__file__).resolve().parents[2])
    own = os.environ.get("INTERLACE_TEST_LABS")
    return (Path(own) if own else cache_directory() / f"tests-{key_of(checkout)}") / name


def running(name: str) -> LabStatus:
    """The shared lab, up; for whoever wants it first it may take minutes.

    :raises LabError: if it does not come up
    """
    lab = OFFERS[name].open(directory(name))
    with locked(_mark(name).with_suffix(".lock")):
        status = lab.status()
        if not status.up:
            _mark(name).write_text(os.environ.get(_SESSION, ""))
            status = lab.up(print)
    return status


def end_own() -> None:
    """End what this run of pytest brought up."""
    for name in OFFERS:
        mark = _mark(name)
        if mark.exists() and mark.read_text() == os.environ.get(_SESSION):
            OFFERS[name].open(directory(name)).down(print, purge=True)
            mark.unlink()


def _mark(name: str) -> Path:
    return directory(name).with_suffix(".session")


@pytest.fixture(scope="session")
def openstack_lab() -> LabStatus:
    """Two clouds; `environment` has OS_CLIENT_CONFIG_FILE."""
    return running("openstack")


@pytest.fixture
def clouds_yaml(openstack_lab: LabStatus, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lab's clouds.yaml, which openstacksdk finds by itself in this test."""
    path = openstack_lab.environment["OS_CLIENT_CONFIG_FILE"]
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", path)
    return Path(path)


def pytest_configure(config: pytest.Config) -> None:
    """Name the run, before it starts processes of its own."""
    os.environ.setdefault(_SESSION, uuid.uuid4().hex)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first of these tests waits for its lab."""
    for item in items:
        if item.get_closest_marker("real") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_PATIENCE_S))


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """The process that started all others ends the labs, when the others are done."""
    yield
    if not hasattr(session.config, "workerinput"):
        end_own()
