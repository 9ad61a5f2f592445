"""`interlace plan show`: a plan is offered for as long as it may be applied."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.operation_plans import OperationPlan
from interfaces.cli.main import app
from tests.unit.cli_world import active, catalogue_at
from tests.unit.test_cli_plan_views import PLAN


def shown(home: Path, monkeypatch: pytest.MonkeyPatch, revision: int) -> str:
    monkeypatch.setenv("INTERLACE_HOME", str(home))
    monkeypatch.delenv("INTERLACE_DATABASE", raising=False)
    store = catalogue_at(home)
    active(store)
    store.plans.keep(OperationPlan.model_validate({**dict(PLAN), "revision": revision}))
    return CliRunner().invoke(app, ["plan", "show", PLAN.plan_id]).output


def test_a_plan_that_holds_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "apply with: interlace apply plan-" in shown(tmp_path, monkeypatch, revision=1)


def test_a_plan_whose_service_has_changed_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(tmp_path, monkeypatch, revision=7)
    assert re.search(r"cannot be applied: shop was changed since, it is at revision \d+ now", told)
    assert "apply with" not in told
