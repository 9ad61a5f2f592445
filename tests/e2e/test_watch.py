"""Watches whose workers are killed: nothing that policies want is missed, and nothing is done twice."""

import json
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.store import Catalogue, open_catalogue
from tests.e2e.test_cli import Cli, cli, until
from tests.workflows.lab import SHOP, infrastructure
from tests.workflows.metering import Meters, metering

POLICY = {
    "component": "web",
    "metric": "cpu",
    "scale_out_above": 0.8,
    "scale_in_below": 0.2,
    "sustained": "2 s",
    "step_out": 3,
    "step_in": 3,
    "cooldown": "1 s",
    "cooldown_in": "1 s",
}

__all__ = ["cli"]


@pytest.fixture
def watched(cli: Cli, tmp_path: Path) -> Iterator[tuple[Cli, Catalogue, Meters]]:
    """A shop that is watched each second, by two workers."""
    catalogue = open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}")
    with metering(catalogue) as (url, meters):
        cli.environment["INTERLACE_METRICS_SOURCE"] = url
        cli.json(0, "up", "--workers", "2")
        (tmp_path / "infra.yaml").write_text(infrastructure())
        policies = json.dumps({"interval": "1 s", "scaling": [POLICY]})
        (tmp_path / "shop.yaml").write_text(f"{SHOP}\npolicies: {policies}\n")
        cli.json(0, "infra", "apply", tmp_path / "infra.yaml")
        cli.json(0, "onboard", tmp_path / "shop.yaml")
        cli.json(0, "instantiate", "s1", "shop")
        yield cli, catalogue, meters
    catalogue.close()


def web(catalogue: Catalogue) -> int:
    deployment = catalogue.services.deployment("s1")
    return sum(each.component == "web" for each in deployment.instances) if deployment else 0


@pytest.mark.timeout(300)
def test_workers_killed_at_any_moment_make_policies_act_neither_twice_nor_not_at_all(
    watched: tuple[Cli, Catalogue, Meters],
) -> None:
    cli, catalogue, meters = watched
    chance = random.Random(7)
    before = web(catalogue)
    for cpu, wanted in ((0.9, 4), (0.1, 1)):
        meters.cpu["web"] = cpu
        for _ in range(2):
            time.sleep(chance.uniform(0.2, 3.0))
            for worker in cli.runtime().workers:
                worker.signal(signal.SIGKILL)
        until(lambda wanted=wanted: web(catalogue) == wanted, seconds=90)
        until(lambda: all(each.outcome == "done" for each in catalogue.decisions.list("s1")), seconds=60)
    made = [each.what for each in reversed(catalogue.decisions.list("s1"))]
    steps = [(before, 4), (4, 1)]
    assert made == [f"web: {old} to {new} instances" for old, new in steps]
    assert catalogue.services.get("s1").revision == 1 + len(steps), "each was one operation"
    assert cli("audit").returncode == 0
