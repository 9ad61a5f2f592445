"""Records the histories that the replay test runs again: `python -m tests.replay.record`."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

from tests.workflows.lab import Lab, dev_server, infrastructure
from workers.plugin import plugin

HISTORIES = Path(__file__).resolve().parents[1] / "fixtures" / "histories"
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
    """Record an instantiation, its termination, and an instantiation that is undone."""
    HISTORIES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        async with dev_server() as environment:
            address = environment.client.service_client.config.target_host
            client = await Client.connect(address, plugins=[plugin()], identity=IDENTITY)
            lab = Lab(client, Path(home), infrastructure())
            async with lab.workers():
                await _keep(await lab.start("recorded"), "instantiate")
                await _keep(await lab.start_terminate("recorded"), "terminate")
                lab.fault(kind="permanent", operation="create", component="balancer", message="no such image")
                await _keep(await lab.start("recorded"), "instantiate-undone")
            lab.catalogue.close()


if __name__ == "__main__":
    asyncio.run(main())
