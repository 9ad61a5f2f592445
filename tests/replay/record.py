"""Records the histories that the replay test runs again: `python -m tests.replay.record`.

Those in `unplanned` are of the code before operations were planned, those in `planned` of the code that told
a phase with each of its steps, those in `terse` of the code that took the lease, and gave it back, by way of
the server: nothing records them any more.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from adaptors.vim.modelled.deeds import crash
from catalogue.documents import read_descriptor
from domain import names
from domain.reoptimisation import OptimiseRequest
from tests.e2e.packets import PacketLab, emulated
from tests.workflows.lab import SHOP, Lab, chain, dev_server, infrastructure
from workers.plugin import plugin

HISTORIES = Path(__file__).resolve().parents[1] / "fixtures" / "histories" / "nearby"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
IDENTITY = "interlace"


def scrubbed(part: Any) -> Any:
    """Without what only tells where it was recorded."""
    if isinstance(part, list):
        return [scrubbed(each) for each in part]
    if not isinstance(part, dict):
        return part
    own = {"identity": IDENTITY, "stackTrace": ""}
    return {key: own[key] if key in own else scrubbed(value) for key, value in part.items()}


async def _keep(handle: WorkflowHandle[Any, Any], name: str) -> None:
    try:
        await handle.result()
    except WorkflowFailureError:
        print(f"{name}: failed, as it should")
    history = await handle.fetch_history()
    text = json.dumps(scrubbed(history.to_json_dict()), indent=1, sort_keys=True)
    (HISTORIES / f"{name}.json").write_text(text + "\n")


async def main() -> None:
    """Record operations on the modelled VIM and, connected, on the emulator (which needs its privileges)."""
    HISTORIES.mkdir(parents=True, exist_ok=True)
    async with dev_server() as environment:
        address = environment.client.service_client.config.target_host
        client = await Client.connect(address, plugins=[plugin()], identity=IDENTITY)
        with tempfile.TemporaryDirectory() as home:
            await _modelled(Lab(client, Path(home), infrastructure()))
        with tempfile.TemporaryDirectory() as home:
            await _fused(Lab(client, Path(home), infrastructure()))
        with tempfile.TemporaryDirectory() as home:
            await _optimised(Lab(client, Path(home), infrastructure()))
        with tempfile.TemporaryDirectory() as home:
            await _connected(PacketLab(client, Path(home), emulated("nft").replace("[plain]", "[dpdk]")))


async def _modelled(lab: Lab) -> None:
    """Each operation, and some that are undone."""
    newer = SHOP.replace("version: 1.0.0", "version: 1.1.0").replace("image: web:1", "image: web:2")
    async with lab.workers():
        await _keep(await lab.start("recorded"), "instantiate")
        await _keep(await lab.operate("Scale", "recorded", component="web", by=1), "scale")
        away = lab.running("recorded")["database-1"]
        await _keep(await lab.operate("Migrate", "recorded", evacuate=away), "migrate")
        crash(lab.home, None, _name_of(lab, "web-1"), "kernel panic")
        await _keep(await lab.operate("Heal", "recorded"), "heal")
        lab.catalogue.descriptors.onboard(read_descriptor(newer.encode(), "test"))
        await _keep(await lab.operate("Update", "recorded"), "update")
        lab.fault(kind="permanent", operation="create", component="web", message="no such image")
        await _keep(await lab.operate("Scale", "recorded", component="web", by=1), "scale-undone")
        await _keep(await lab.operate("Terminate", "recorded"), "terminate")
        await _keep(await lab.start("recorded"), "instantiate-undone")
    lab.catalogue.close()


async def _fused(lab: Lab) -> None:
    """Several steps to a checkpoint; one of them fails once, and is tried alone."""
    lab.catalogue.descriptors.onboard(read_descriptor(chain("frugal").encode(), "test"))
    async with lab.workers():
        lab.fault(kind="temporary", operation="create", component="c1", times=1)
        await _keep(await lab.start("recorded", "chain"), "instantiate-fused")
        await _keep(await lab.operate("Terminate", "recorded"), "terminate-frugal")
    lab.catalogue.close()


async def _optimised(lab: Lab) -> None:
    """Two services leave a PoP together."""
    async with lab.workers():
        for service in ("recorded-1", "recorded-2"):
            await (await lab.start(service, "pair")).result()
        request = OptimiseRequest(evacuate="north", apply=True)
        handle = await lab.client.start_workflow(
            names.OPTIMISE, request, id=names.OPTIMISE_WORKFLOW_ID, task_queue=names.ORCHESTRATION_QUEUE
        )
        await _keep(handle, "optimise")
    lab.catalogue.close()


def _name_of(lab: Lab, instance: str) -> str:
    return next(name for _, name, found in lab.existing("recorded") if found == instance)


async def _connected(lab: PacketLab) -> None:
    """With chains over a WAN; the last change is one that its firewall cuts off."""
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    lab.onboard(text)
    lab.onboard(text.replace('allow: "tcp/80, icmp"', 'allow: "tcp/443"').replace("1.0.0", "1.0.1", 1))
    try:
        async with lab.workers():
            await _keep(await lab.start("recorded", "secure-shop", version="1.0.0"), "instantiate-connected")
            there = {"edge-firewall": "south"}
            await _keep(await lab.operate("Migrate", "recorded", moves=there), "migrate-connected")
            await _keep(await lab.operate("Scale", "recorded", component="web", by=1), "scale-connected")
            await _keep(await lab.operate("Update", "recorded", version="1.0.1"), "update-connected-undone")
            await _keep(await lab.operate("Terminate", "recorded"), "terminate-connected")
    finally:
        lab.clean()
        lab.catalogue.close()


if __name__ == "__main__":
    asyncio.run(main())
