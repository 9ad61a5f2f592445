"""What all tests share: they say what they cannot have here, and leave no look at this machine behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptors.machine.abilities import examine, forget_looks

pytest.register_assert_rewrite("tests.real.openstack_pops")
pytest_plugins = ["tests.real.labs"]


def pytest_report_header() -> str:
    """One line on the dataplanes that the tests of packets run on, or why they are skipped."""
    abilities, _ = examine(Path("/tmp"))
    if not abilities.datapaths:
        return f"dataplane: none, so tests of packets are skipped ({abilities.why})"
    lacking = f"; not had: ovs, so its tests are skipped ({abilities.why})" if abilities.why else ""
    return f"dataplane: {', '.join(abilities.datapaths)}, {abilities.overlay}{lacking}"


@pytest.fixture(autouse=True)
def _no_look_is_left() -> Iterator[None]:
    """After each test nobody holds a user namespace in which nothing is."""
    yield
    forget_looks()


def pytest_sessionfinish() -> None:
    """Nor after the looks of modules."""
    forget_looks()
