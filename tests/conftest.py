"""What all tests share: they say what they cannot have here, they end, and leave no look at this machine."""

import faulthandler
import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.faulthandler import fault_handler_stderr_fd_key

from adaptors.machine.abilities import examine, forget_looks

pytest.register_assert_rewrite("tests.real.openstack_pops")
pytest_plugins = ["tests.real.labs"]

_TEARDOWN_S = 600.0
_UNTIL = float(os.environ.get("INTERLACE_TESTS_UNTIL", "inf"))
"""Seconds since the epoch: no test begins later."""


gc.disable()  # until all is imported and collected, which stays


def pytest_collection_finish() -> None:
    """Each look for garbage would look through all test modules, and all that they import."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_report_header() -> str:
    """One line on the dataplanes that the tests of packets run on, or why they are skipped."""
    abilities, _ = examine(Path("/tmp"))
    if not abilities.datapaths:
        return f"dataplane: none, so tests of packets are skipped ({abilities.why})"
    lacking = f"; not had: ovs, so its tests are skipped ({abilities.why})" if abilities.why else ""
    return f"dataplane: {', '.join(abilities.datapaths)}, {abilities.overlay}{lacking}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A run that is cut off tells nothing: one that is late says what it did not do, and has failed."""
    if time.time() > _UNTIL:
        pytest.fail("NOT RUN, this machine took too long for the others", pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """One that hangs shows where threads are and ends its process: the test's own time-out is over then."""
    stderr = item.config.stash[fault_handler_stderr_fd_key]
    faulthandler.dump_traceback_later(_TEARDOWN_S, file=stderr, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(autouse=True)
def _no_look_is_left() -> Iterator[None]:
    """After each test nobody holds a user namespace in which nothing is."""
    yield
    forget_looks()


def pytest_sessionfinish() -> None:
    """Nor after the looks of modules."""
    forget_looks()
