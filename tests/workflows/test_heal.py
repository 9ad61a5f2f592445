"""Heal: failed instances, several at once, a lost PoP."""

import time

import pytest

from adaptors.vim.modelled.deeds import crash as crash_in
from adaptors.vim.modelled.deeds import vanish as vanish_from
from tests.workflows.lab import QUICK, Lab, eventually, failure

pytestmark = pytest.mark.asyncio(loop_scope="session")


def crash(lab: Lab, *instances: str) -> None:
    for key, row in lab.world().items():
        if row.tags["instance"] in instances:
            pop, _, name = key.partition("/")
            crash_in(lab.home, pop, name, "kernel panic")


async def test_in_place(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was, rows = lab.running("s1"), {r.tags["instance"]: r for r in lab.world().values()}
    crash(lab, "web-1", "firewall-1")
    await (await lab.operate("Heal", "s1")).result()
    lab.whole("s1")
    assert lab.running("s1") == was
    healed = {r.tags["instance"]: r for r in lab.world().values()}
    changed = {name for name in was if healed[name].external_id != rows[name].external_id}
    assert changed == {"web-1", "firewall-1"}


async def test_what_vanished(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was = lab.running("s1")
    for key, row in lab.world().items():
        if row.tags["instance"] == "database-1":
            vanish_from(lab.home, *key.split("/", 1))
    await (await lab.operate("Heal", "s1")).result()
    lab.whole("s1")
    assert lab.running("s1") == was


async def test_elsewhere_where_it_cannot_be_built_in_place(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    was = lab.running("s1")
    crash(lab, "database-1")
    lab.fault(kind="permanent", operation="create", pop=was["database-1"], message="no disk")
    await (await lab.operate("Heal", "s1")).result()
    lab.whole("s1")
    now = lab.running("s1")
    assert now["database-1"] != was["database-1"]
    assert {**now, "database-1": ""} == {**was, "database-1": ""}


async def test_a_lost_pop(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    lost = next(pop for pop in lab.running("s1").values() if pop != "north")  # where its users are
    lab.fault(kind="outage", pop=lost, message="flood")
    refused = await failure(await lab.operate("Heal", "s1"))
    assert "flood" in refused and "lost" in refused
    result = await (await lab.operate("Heal", "s1", lost_pops=[lost], patience=QUICK)).result()
    deployment = lab.catalogue.services.deployment("s1")
    assert deployment is not None
    assert lost not in deployment.plan.placements.values()
    assert result.leftovers
    lab.clear()
    await eventually(lambda: lost not in [k.partition("/")[0] for k in lab.world()], "the lost PoP is swept")
    await eventually(
        lambda: not any(each.pop == lost for each in lab.catalogue.ledger.all()), "its ledger is empty"
    )
    lab.whole("s1")


async def test_what_is_healthy_is_refused(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    state = lab.state()
    assert "healthy" in await failure(await lab.operate("Heal", "s1"))
    assert "web-1 is healthy" in await failure(await lab.operate("Heal", "s1", instances=["web-1"]))
    assert lab.state() == state
    await (await lab.operate("Heal", "s1", instances=["web-1"], force=True)).result()
    lab.whole("s1")


async def test_an_outage_that_ends_while_healing(lab: Lab) -> None:
    await (await lab.start("s1")).result()
    crash(lab, "web-2")
    plan = await lab.plan("Heal", "s1")
    lab.fault(kind="outage", ends_at=time.time() + 2, message="power cut")
    await (await lab.operate("Heal", "s1", plan=plan.plan_id)).result()
    lab.whole("s1")
