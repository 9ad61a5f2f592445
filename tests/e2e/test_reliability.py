"""`interlace up --reliability FILE` applies the file: to the workers, and to each tenant's operations."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.launcher import temporal_binary
from tests.e2e.test_cli import Cli, cli, until
from tests.workflows.lab import SHOP, infrastructure

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
__all__ = ["cli"]

PROFILE = """\
profile: own
workers: 2
heartbeat_interval: 400 ms
heartbeat_timeout: 2 s
tenants:
  emergency: {heartbeat_timeout: 700 ms, priority: 1}
  batch: {heartbeat_timeout: 9 s, priority: 5, fairness_weight: 0.5}
"""


@pytest.fixture
def profile(cli: Cli, tmp_path: Path) -> Iterator[Path]:
    cli.environment.pop("INTERLACE_RELIABILITY", None)
    file = tmp_path / "own.yaml"
    file.write_text(PROFILE)
    yield file


def environment(pid: int) -> dict[str, str]:
    words = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


def scheduled(cli: Cli, service: str) -> dict[str, Any]:
    """Of the last operation on a service: what its workflow, and each activity, was scheduled with."""
    address = cli.runtime().address
    words = ("workflow", "show", "-w", f"service/{service}", "--address", address, "-o", "json")
    shown = subprocess.run([temporal_binary(), *words], capture_output=True, text=True, check=True).stdout
    found = {}
    for event in json.loads(shown)["events"]:
        if begun := event.get("workflowExecutionStartedEventAttributes"):
            found["workflow"] = begun
        if activity := event.get("activityTaskScheduledEventAttributes"):
            found[activity["activityType"]["name"]] = activity
    return found


def test_a_profile_from_a_file_is_what_workers_and_operations_go_by(
    cli: Cli, profile: Path, tmp_path: Path
) -> None:
    running = cli.json(0, "up", "--reliability", profile)
    assert running["reliability"]["profile"] == "own"
    workers = cli.runtime().workers
    assert len(workers) == 2
    copies = {environment(worker.pid)["INTERLACE_RELIABILITY"] for worker in workers}
    assert copies == {str(tmp_path / "reliability.yaml")}

    (tmp_path / "infra.yaml").write_text(infrastructure())
    (tmp_path / "shop.yaml").write_text(SHOP)
    cli.json(0, "infra", "apply", tmp_path / "infra.yaml")
    cli.json(0, "onboard", tmp_path / "shop.yaml")
    expected = {
        "emergency": ("0.700s", {"priorityKey": 1, "fairnessKey": "emergency", "fairnessWeight": 1}),
        "batch": ("9s", {"priorityKey": 5, "fairnessKey": "batch", "fairnessWeight": 0.5}),
    }
    for tenant, (timeout, priority) in expected.items():
        cli.json(0, "instantiate", f"of-{tenant}", "shop", "--tenant", tenant)
        found = scheduled(cli, f"of-{tenant}")
        assert found["workflow"]["priority"] == priority
        created = found["instance.create"]
        assert (created["heartbeatTimeout"], created["priority"]) == (timeout, priority)

    cli.json(0, "terminate", "of-emergency", "--tenant", "emergency", "--reliability", "frugal")
    assert scheduled(cli, "of-emergency")["workflow"]["priority"]["priorityKey"] == 5
    refused = cli.json(2, "terminate", "of-batch", "--tenant", "batch", "--reliability", "ownn")
    assert "did you mean 'own'?" in refused["error"]["message"]

    profile.write_text("not a profile any more")
    workers[0].signal(9)
    until(lambda: cli.runtime().workers and workers[0] not in cli.runtime().workers)
    again = next(each for each in cli.runtime().workers if each not in workers)
    until(lambda: environment(again.pid).get("INTERLACE_RELIABILITY") in copies)
    assert cli.json(2, "up", "--reliability", "frugal")["error"]["type"] == "InputError"
    assert [worker.alive() for worker in cli.runtime().workers] == [True, True]
