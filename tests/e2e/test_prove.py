"""`interlace prove` as a user runs it, and whether it would notice."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from adaptors.vim.modelled.deeds import vanish
from domain.names import OperationKind
from interfaces.cli.proof_runs import Run, run, unlike
from interfaces.cli.proving import Campaign, DifferenceError, campaign
from lab.proving.facts import facts_of
from lab.proving.lane import Lane
from reliability.subjects import SUBJECTS
from reliability.worlds import differences, seen

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
in_one_lane = pytest.mark.asyncio(loop_scope="module")


def prove(*words: str, code: int) -> Any:
    """The one document that the command prints; it must end with `code`."""
    entry = "from interfaces.cli.main import main; main()"
    command = [sys.executable, "-c", entry, "prove", *words, "--json"]
    ended = subprocess.run(
        command, cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == code, f"{words}: {ended.stdout} {ended.stderr}"
    return json.loads(ended.stdout)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def one_lane() -> AsyncIterator[Campaign]:
    async with campaign("modelled", 1, "", print) as found:
        yield found


async def scaled(proof: Campaign) -> tuple[str, Run]:
    """A service that was scaled while nothing died."""
    lane, subject = proof.lanes[0], SUBJECTS[OperationKind.SCALE]
    [service] = await proof.prepared(lane, subject, 1)
    return service, await run(lane, subject, service)


def test_terminate_is_proven_at_some_points() -> None:
    [proof] = prove("terminate", "--quick", "--only", "resource.delete", "--lanes", "2", code=0)["proofs"]
    points = {outcome["case"]["point"]["moment"] for outcome in proof["outcomes"]}
    assert points == {"before", "under way", "answered", "after"}
    assert {outcome["case"]["victim"] for outcome in proof["outcomes"]} == {"worker", "server"}
    assert all(outcome["differences"] == [] for outcome in proof["outcomes"])
    assert any(outcome["retries"] for outcome in proof["outcomes"])


def test_points_are_listed_of_every_undo_too() -> None:
    [points] = prove("instantiate", "--points", code=0).values()
    assert len(points) == len(set(points))
    assert {"before operation.start", "after service.commit"} <= set(points)
    assert any(point.startswith("undo: between call and record of resource.delete") for point in points)
    assert any(point.startswith("undo: Temporal") for point in points)


def test_a_proof_of_nothing_is_none() -> None:
    told = prove("terminate", "--points", "--only", "resource.delte", code=2)["error"]["message"]
    assert "--only resource.delte: no point has this in its name, so nothing was proven" in told


def test_wrong_words_exit_2() -> None:
    assert "no operation 'scael'" in prove("scael", code=2)["error"]["message"]
    assert "--all" in prove(code=2)["error"]["message"]
    assert "heal" in prove("heal", "--vim", "emulator", code=2)["error"]["message"]


@in_one_lane
async def test_two_runs_are_alike(one_lane: Campaign) -> None:
    (_, first), (_, second) = await scaled(one_lane), await scaled(one_lane)
    assert list(unlike(first, second)) == []


@in_one_lane
async def test_what_is_missing_in_the_world_is_noticed(one_lane: Campaign) -> None:
    service, done = await scaled(one_lane)
    lane = one_lane.lanes[0]
    [entry] = [each for each in lane.catalogue.ledger.of_service(service) if each.instance == "web-3"]
    vanish(lane.home, entry.pop, entry.resource_name)
    facts = facts_of(lane.home, lane.catalogue, service)
    found = list(differences(done.after, seen(facts.sections, facts.names)))
    assert any(each.startswith("world: missing") and "web-3" in each for each in found)


@in_one_lane
async def test_what_is_forgotten_in_the_ledger_is_noticed(one_lane: Campaign) -> None:
    service, done = await scaled(one_lane)
    lane = one_lane.lanes[0]
    [entry] = [each for each in lane.catalogue.ledger.of_service(service) if each.instance == "web-3"]
    lane.catalogue.ledger.gone(entry.resource_name, entry.pop)
    facts = facts_of(lane.home, lane.catalogue, service)
    found = list(differences(done.after, seen(facts.sections, facts.names)))
    assert any(each.startswith("catalogue ledger: missing") for each in found)


async def sabotage(lane: Lane) -> None:
    """Once an operation is armed, an instance that it does not touch vanishes from the world."""
    while True:
        for armed in (lane.home / "prove").glob("*.armed"):
            for entry in lane.catalogue.ledger.of_service(armed.stem):
                if entry.instance == "web-2":
                    vanish(lane.home, entry.pop, entry.resource_name)
                    return
        await asyncio.sleep(0.01)


async def test_a_difference_ends_a_proof_and_keeps_its_lab() -> None:
    said: list[str] = []
    with pytest.raises(DifferenceError) as different:
        async with campaign("modelled", 1, "after operation.start", said.append) as proof:
            saboteur = asyncio.create_task(sabotage(proof.lanes[0]))
            try:
                await proof.prove(OperationKind.SCALE)
            finally:
                saboteur.cancel()
    found = different.value.outcome
    assert any(each.startswith("world: missing") and "web-2" in each for each in found.differences), found
    assert any(each.startswith("audit of the lab") for each in found.differences), found
    assert "DIFFERENT" in said[-1]
    assert (Path(found.lab) / "logs" / "temporal.log").exists()
    shutil.rmtree(Path(found.lab).parent)
