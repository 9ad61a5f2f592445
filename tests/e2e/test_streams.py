"""Standard output belongs to what a command answers, whatever happens to Temporal meanwhile."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.lab import dev_server

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="function")]

ASK = """
import asyncio, sys
from datetime import timedelta
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.service import RPCError
from workers.plugin import connect

async def ask():
    client = await connect(sys.argv[1])
    print("connected", flush=True)
    sys.stdin.readline()
    try:
        await client.workflow_service.get_system_info(
            GetSystemInfoRequest(), retry=True, timeout=timedelta(seconds=25)
        )
    except RPCError:
        print("the answer")

asyncio.run(ask())
"""


def asker(address: str) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", ASK, address]
    here = Path(__file__).parents[2]
    return subprocess.Popen(words, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


async def test_calls_that_are_tried_again_say_nothing_on_standard_output() -> None:
    async with dev_server() as server:
        address = server.client.service_client.config.target_host
        asking = asker(address)
        assert asking.stdout and asking.stdout.readline() == "connected\n"
    said, _ = asking.communicate("the server is gone\n", timeout=120)
    assert said == "the answer\n"
