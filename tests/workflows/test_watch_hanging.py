"""Watch: a VIM that hangs is no death, and keeps no other service waiting. The worker measures for itself."""

import asyncio
import json
from typing import Any

import pytest

from catalogue.documents import read_descriptor
from domain.watching import Decision
from tests.workflows.lab import PAIR, SHOP, Lab, eventually
from tests.workflows.test_heal import crash

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_vim_that_hangs_is_no_death_and_keeps_no_other_watch_waiting(lab: Lab) -> None:
    await _healed_by_policy(lab, "s1", SHOP, "database")
    await _healed_by_policy(lab, "p1", PAIR, "right")
    lab.fault(kind="hang", operation="read", component="database")
    crash(lab, "right-1")
    healed = await _decided(lab, "p1")
    assert "kernel panic" in healed.reason
    assert not lab.catalogue.decisions.list("s1") and not lab.catalogue.alarms.list("s1")
    crash(lab, "database-1")
    await asyncio.sleep(5)
    assert not lab.catalogue.decisions.list("s1") and not lab.catalogue.alarms.list("s1"), "nobody knows"
    lab.clear()
    assert "kernel panic" in (await _decided(lab, "s1")).reason
    lab.whole("s1")
    lab.whole("p1")


async def _healed_by_policy(lab: Lab, service: str, text: str, component: str) -> None:
    """Instantiate a service whose component is built anew when it is ill for a second."""
    healing = [{"component": component, "action": "restart", "unhealthy_for": "1 s"}]
    policies: dict[str, Any] = {"interval": "1 s", "healing": healing}
    document = f"{text}\npolicies: {json.dumps(policies)}\n".replace("\nversion:", "\nversion: 2.0.0 #")
    descriptor = read_descriptor(document.encode(), "test")
    lab.catalogue.descriptors.onboard(descriptor)
    await (await lab.start(service, descriptor=descriptor.name, version=descriptor.version)).result()


async def _decided(lab: Lab, service: str) -> Decision:
    """The only decision, when it is done."""

    def done() -> list[Decision]:
        return [each for each in lab.catalogue.decisions.list(service) if each.outcome == "done"]

    await eventually(done, f"{service} is healed")
    [found] = lab.catalogue.decisions.list(service)
    return found
