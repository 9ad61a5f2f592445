"""Records the histories that the replay test runs again: `python -m tests.replay.record`."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from tests.e2e.packets import PacketLab, emulated
from tests.workflows.lab import Lab, dev_server, infrastructure
from workers.plugin import plugin

HISTORIES = Path(__file__).resolve().parents[1] / "fixtures" / "histories"
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
            await _connected(PacketLab(client, Path(home), emulated("nft")))


async def _modelled(lab: Lab) -> None:
    """An instantiation, its termination, and an instantiation that is undone."""
    async with lab.workers():
        await _keep(await lab.start("recorded"), "instantiate")
        await _keep(await lab.start_terminate("recorded"), "terminate")
        lab.fault(kind="permanent", operation="create", component="balancer", message="no such image")
        await _keep(await lab.start("recorded"), "instantiate-undone")
    lab.catalogue.close()


async def _connected(lab: PacketLab) -> None:
    """An instantiation with chains over a WAN, its termination, and one that its firewall cuts off."""
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    lab.onboard(text)
    lab.onboard(text.replace('allow: "tcp/80, icmp"', 'allow: "tcp/443"').replace("1.0.0", "1.0.1", 1))
    try:
        async with lab.workers():
            await _keep(await lab.start("recorded", "secure-shop", version="1.0.0"), "instantiate-connected")
            await _keep(await lab.start_terminate("recorded"), "terminate-connected")
            cut = await lab.start("recorded", "secure-shop", version="1.0.1")
            await _keep(cut, "instantiate-connected-undone")
    finally:
        lab.clean()
        lab.catalogue.close()


if __name__ == "__main__":
    asyncio.run(main())
