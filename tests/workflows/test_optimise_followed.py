"""An optimisation that was begun elsewhere: watched to its end, and ended, from the command line."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from domain import names
from domain.reoptimisation import OptimiseProgress
from tests.workflows.lab import Lab, eventually
from tests.workflows.test_optimise import NORTH_IS_DEAR, pairs, start

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def optimise(lab: Lab, *words: str) -> tuple[int, str, str]:
    """Exit code, what was printed, and what was complained of."""
    address = lab.client.service_client.config.target_host
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from interfaces.cli.main import main; main()",
        "optimise",
        *words,
        env={**os.environ, "TEMPORAL_ADDRESS": address, "INTERLACE_HOME": str(lab.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), complaint.decode()


async def test_an_optimisation_is_followed_and_cancelled_from_elsewhere(lab: Lab) -> None:
    await pairs(lab, "s1", "s2")
    lab.apply(NORTH_IS_DEAR)
    number = lab.fault(kind="hang", operation="create")
    handle = await start(lab, apply=True)

    async def moving() -> Any:
        progress = await handle.query(names.PROGRESS_QUERY, result_type=OptimiseProgress)
        return any(step.state == "moving" for step in progress.steps)

    await eventually(moving, "the first service moves")
    following = asyncio.ensure_future(optimise(lab, "--follow"))
    code, told, _ = await optimise(lab, "--cancel")
    assert (code, told.startswith("cancelled: no further move begins")) == (0, True)
    lab.clear(number)
    code, told, _ = await following
    assert code == 1  # one of the moves was not made
    assert "moving  Migrate s" in told
    assert "cancelled: 1 of 2 steps made" in told
    assert "skipped Migrate s" in told
    code, _, complaint = await optimise(lab, "--cancel")
    assert (code, "there is nothing to cancel" in complaint) == (2, True)
    code, told, _ = await optimise(lab, "--follow", "--json")
    assert (code, json.loads(told)["cancelled"]) == (1, True)
