"""A failed operation says what stands against what, and what would make it fit."""

import pytest

from catalogue.documents import read_descriptor
from domain import names
from tests.workflows.lab import SHOP, Lab, attribute, failure, infrastructure

pytestmark = pytest.mark.asyncio(loop_scope="session")

FULL_NORTH = infrastructure(vcpus=(0, 0, 8, 8))


@pytest.mark.parametrize("idle", [FULL_NORTH], indirect=True)
async def test_a_failed_instantiation_carries_the_conflict_and_ways_out(lab: Lab) -> None:
    handle = await lab.start("s1")
    message = await failure(handle)
    assert "firewall needs dpdk (only north, south)" in message
    assert "firewall needs 1 vcpu and 1 GiB of memory: north has 0 of 0 vcpus free" in message
    assert "it would fit with any one of:" in message
    assert "give west dpdk" in message
    assert "have 1 vcpu more at north" in message
    assert "`interlace why-not shop:1.0.0` tells more" in message
    assert lab.state() == lab.before
    assert await attribute(handle, names.PHASE_ATTRIBUTE) == "Failed"


async def test_a_way_out_that_was_told_is_one(lab: Lab) -> None:
    hungry = SHOP.replace("version: 1.0.0", "version: 2.0.0").replace(
        "{vcpus: 2, memory: 2", "{vcpus: 9, memory: 2"
    )
    lab.catalogue.descriptors.onboard(read_descriptor(hungry.encode(), "test"))
    assert "give database 8 vcpus instead of 9 vcpus" in await failure(await lab.start("s1"))
    modest = hungry.replace("version: 2.0.0", "version: 3.0.0").replace("{vcpus: 9,", "{vcpus: 8,")
    lab.catalogue.descriptors.onboard(read_descriptor(modest.encode(), "test"))
    await (await lab.start("s1")).result()


@pytest.mark.parametrize("idle", [infrastructure(vcpus=(5, 0, 0, 0)).replace("plain", "dpdk")], indirect=True)
async def test_a_scale_out_that_has_no_room(lab: Lab) -> None:
    alone = SHOP.replace("placement:\n  anti_affinity: [[web]]", "")
    alone = alone.replace("version: 1.0.0", "version: 2.0.0").replace("instances: 2", "instances: 1")
    lab.catalogue.descriptors.onboard(read_descriptor(alone.encode(), "test"))
    await (await lab.start("s1")).result()
    state = lab.state()
    message = await failure(await lab.operate("Scale", "s1", component="web", instances=4))
    assert "4 instances of web need 1 vcpu and 1 GiB of memory each" in message
    assert "have 3 vcpus more at north" in message
    assert lab.state() == state
