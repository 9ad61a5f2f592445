"""Update: to another version of the descriptor, a few instances at a time, and back where that fails."""

import json

import pytest

from catalogue.documents import read_descriptor
from tests.workflows.lab import SHOP, Lab, failure

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEWER_IMAGE = SHOP.replace("version: 1.0.0", "version: 1.1.0").replace("image: web:1", "image: web:2")
CACHED = SHOP.replace("version: 1.0.0", "version: 2.0.0").replace(
    "links:\n",
    """  cache:
    kind: microservice
    image: cache:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [in]
links:
  cached: {between: [web.data, cache.in], bandwidth: 10 Mbit/s}
""",
)
CONFIGURED = SHOP.replace("version: 1.0.0", "version: 1.2.0").replace("policy: drop", "policy: accept")


def onboard(lab: Lab, *texts: str) -> None:
    for text in texts:
        lab.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))


def images(lab: Lab, component: str) -> list[str]:
    rows = [row for row in lab.world().values() if row.tags["component"] == component]
    return [json.loads(row.spec)["image"] for row in rows]


async def test_a_new_image_one_by_one(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    onboard(lab, NEWER_IMAGE)
    plan = await lab.plan("Update", "s1")
    rounds = {step.round for wave in plan.waves for step in wave.steps}
    assert rounds == {1, 2}
    await (await lab.operate("Update", "s1", plan=plan.plan_id)).result()
    lab.whole("s1")
    assert images(lab, "web") == ["web:2", "web:2"]
    assert lab.catalogue.services.get("s1").version == "1.1.0"


async def test_a_component_comes_and_goes(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    onboard(lab, CACHED)
    await (await lab.operate("Update", "s1", version="2.0.0")).result()
    lab.whole("s1")
    assert "cache-1" in lab.running("s1")
    await (await lab.operate("Update", "s1", version="1.0.0")).result()
    lab.whole("s1")
    assert "cache-1" not in lab.running("s1")


async def test_a_config_is_told_to_what_runs(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    onboard(lab, CONFIGURED)
    was = {key: row.external_id for key, row in lab.world().items()}
    await (await lab.operate("Update", "s1", version="1.2.0")).result()
    lab.whole("s1")
    assert {key: row.external_id for key, row in lab.world().items()} == was
    (firewall,) = [row for row in lab.world().values() if row.tags["component"] == "firewall"]
    assert json.loads(firewall.spec)["config"]["policy"] == "accept"


async def test_back_to_the_old_version_on_failure(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    onboard(lab, NEWER_IMAGE)
    was, world = lab.running("s1"), sorted(lab.world())
    lab.fault(kind="permanent", operation="configure", component="balancer", message="bad backends")
    message = await failure(await lab.operate("Update", "s1", version="1.1.0"))
    assert "bad backends" in message
    lab.clear()
    assert images(lab, "web") == ["web:1", "web:1"]
    assert lab.running("s1") == was
    assert lab.catalogue.services.get("s1").version == "1.0.0"
    assert sorted(lab.world()) == world
    lab.whole("s1")


async def test_what_scale_changed_is_kept(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    await (await lab.operate("Scale", "s1", component="web", instances=3)).result()
    onboard(lab, NEWER_IMAGE)
    await (await lab.operate("Update", "s1", version="1.1.0", surge=2)).result()
    lab.whole("s1")
    assert images(lab, "web") == ["web:2"] * 3


async def test_refusals(lab: Lab) -> None:
    await (await lab.start("s1", version="1.0.0")).result()
    state = lab.state()
    assert "another service" in await failure(await lab.operate("Update", "s1", descriptor="pair"))
    assert "already" in await failure(await lab.operate("Update", "s1", version="1.0.0"))
    assert "no version" in await failure(await lab.operate("Update", "s1", version="9.9.9"))
    assert lab.state() == state
