"""What `interlace up` keeps running: a server that hangs is as bad as one that is gone."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import Client

from lab.launcher import temporal_binary
from lab.ports import free_port
from lab.runtime import Runtime, load
from tests.workflows.lab import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Of a supervisor of a server alone, which is to answer within a second each time."""
    words = [
        *("--home", str(tmp_path), "--workers", "0", "--server", temporal_binary(), "--answer-s", "1"),
        *("--address", f"127.0.0.1:{free_port(27233)}", "--ui-port", str(free_port(28233))),
    ]
    with (tmp_path / "supervisor.log").open("w") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "lab.supervisor", *words], stdout=log, stderr=log
        )
    try:
        yield tmp_path
    finally:
        supervisor.terminate()
        supervisor.wait(60)


async def answering(home: Path) -> tuple[Runtime, Client]:
    async def found() -> tuple[Runtime, Client] | None:
        runtime = load(home)
        if runtime is None or runtime.server is None:
            return None
        try:
            return runtime, await Client.connect(runtime.address)
        except RuntimeError:
            return None

    answer: tuple[Runtime, Client] = await eventually(found, "the server answers")
    return answer


async def test_a_server_that_hangs_is_started_again_and_knows_what_it_knew(home: Path) -> None:
    before, client = await answering(home)
    hanging = before.server
    assert hanging
    await client.start_workflow("Waiting", id="waits", task_queue="nobody")
    await asyncio.sleep(2)  # it has answered its supervisor by then, and is not merely slow to start

    hanging.signal(signal.SIGSTOP)
    await eventually(lambda: not hanging.alive(), "the server that hangs is ended")
    after, client = await answering(home)

    assert after.server != hanging
    assert (await client.get_workflow_handle("waits").describe()).workflow_type == "Waiting"
    assert "Temporal did not answer 6 times in a row" in (home / "supervisor.log").read_text()
