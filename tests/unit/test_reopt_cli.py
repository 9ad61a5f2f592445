"""What `interlace optimise` tells people, and its exit code."""

from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import InputError
from domain.infrastructure import Resources
from domain.objectives import Objective, Weights
from domain.reoptimisation import (
    FreeBlock,
    LeftOut,
    Move,
    MoveProgress,
    Newcomer,
    OptimisationReport,
    OptimiseProgress,
    OptimiseRequest,
    OptimiseResult,
)
from interfaces.cli import optimising
from interfaces.cli.optimise import objective_for_all, optimise
from interfaces.cli.optimise_views import ProgressLines, show_result
from interfaces.cli.optimising import exit_code
from interfaces.cli.session import UnreachableError

MOVE = Move(
    service="shop",
    instance="web-1",
    source="north",
    target="south",
    gain_per_hour=0.5,
    costs_once=1.0,
    interrupted_s=2.5,
    transferred_gib=4,
)
NEW = Newcomer(service="n", descriptor="d", version="1", placements={"a-1": "north"}, cost_per_hour=2.0)


def result(applied: bool = False, steps: tuple[MoveProgress, ...] = (), **report: Any) -> OptimiseResult:
    whole: dict[str, Any] = {
        "currency": "EUR",
        "horizon_h": 720,
        "considered": 3,
        "cost_before": 2.0,
        "cost_after": 1.5,
        "gain_per_hour": 0.5,
        "costs_once": 1.0,
        **report,
    }
    return OptimiseResult(report=OptimisationReport(**whole), applied=applied, steps=steps)


def test_a_move_is_told_with_what_it_gains_and_when_it_pays(capsys: pytest.CaptureFixture[str]) -> None:
    block = FreeBlock(pop="south", free=Resources.of(8, 1024, 0))
    show_result(result(moves=(MOVE,), steps=(), gap=0.012, emptied=("north",), block_after=block))
    told = capsys.readouterr().out
    for words in ("web-1", "+0.5000", "2.5 s", "2.0 h", "2.0000 -> 1.5000", "1.2% from the best", "--apply"):
        assert words in told
    assert "empties    north" in told


def test_moves_of_one_service_are_summed(capsys: pytest.CaptureFixture[str]) -> None:
    other = MOVE.model_copy(update={"instance": "web-2", "gain_per_hour": -0.1})
    show_result(result(moves=(MOVE, other)))
    told = capsys.readouterr().out
    assert "together" in told and "+0.4000" in told and "5.0 h" in told and "not by itself" in told


def test_nothing_to_move_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_result(result(gap=0.0, cost_after=2.0, left_out=(LeftOut(service="shop", why="it is busy"),)))
    told = capsys.readouterr().out
    assert "nothing moves" in told and "nothing is better" in told and "shop: it is busy" in told


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"gap": 0.0, "considered": 1}, "of 1 service each is where it should be, or cannot leave"),
        ({"gap": None}, "nothing better was found for 3 services"),
        ({"gap": 0.02}, "nothing better was found for 3 services"),
        ({"gap": 0.0, "considered": 0}, "no service runs that was asked for and might move"),
    ],
)
def test_only_what_is_proven_is_called_the_best(
    found: dict[str, Any], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    show_result(result(**found))
    assert f"nothing moves: {words}\n" in capsys.readouterr().out


def test_a_newcomer_is_told_with_where_it_goes_or_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    missing = NEW.model_copy(update={"placements": {}, "cost_per_hour": None, "why_not": "no room"})
    show_result(result(newcomers=(NEW, missing)))
    told = capsys.readouterr().out
    assert "only with the moves above: n at 2.0000 EUR/h: a-1 on north" in told
    assert "does not fit: n (d 1): no room" in told


def test_each_change_of_a_step_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    shown = ProgressLines(silent=False)
    moving = MoveProgress(service="shop", moves={"web-1": "south"}, state="moving")
    failed = moving.model_copy(update={"state": "failed", "why": "no disk"})
    for step in (moving, moving, failed):
        shown.show(OptimiseProgress(phase="moving", steps=(step,)))
    told = capsys.readouterr().out
    assert told.count("moving  Migrate shop") == 1
    assert "failed  Migrate shop: web-1 to south (no disk)" in told


def test_the_end_of_the_last_step_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes with the result: there is nothing to ask any more once the workflow has ended."""
    handle = AsyncMock()
    handle.describe.return_value.status = WorkflowExecutionStatus.COMPLETED
    handle.result.return_value = result(True, (DONE,), moves=(MOVE,))
    monkeypatch.setattr(optimising, "temporal", AsyncMock())
    monkeypatch.setattr(optimising, "_start", AsyncMock(return_value=handle))
    assert optimising.run(OptimiseRequest(apply=True), wait=True, as_json=False) == 0
    assert "  1. done    Migrate shop" in capsys.readouterr().out


DONE = MoveProgress(service="shop", moves={}, state="done")
FAILED = MoveProgress(service="shop", moves={}, state="failed")
LEFT = (LeftOut(service="shop", why="it is busy"),)


@pytest.mark.parametrize(
    ("request_", "found", "code"),
    [
        ({}, result(moves=(MOVE,)), 0),
        ({}, result(left_out=LEFT), 0),
        ({"evacuate": "north"}, result(left_out=LEFT), 1),
        ({"apply": True}, result(True, (DONE,)), 0),
        ({"apply": True}, result(True, (DONE, FAILED)), 1),
        ({}, result(newcomers=(NEW.model_copy(update={"why_not": "no room"}),)), 1),
    ],
)
def test_the_exit_code_tells_whether_all_is_as_asked(
    request_: dict[str, Any], found: OptimiseResult, code: int
) -> None:
    assert exit_code(OptimiseRequest.model_validate(request_), found) == code


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"new": ["shop"]}, "shop2=secure-shop"),
        ({"new": ["shop=Bad Name"]}, "is no name"),
        ({"evacuate": "north", "defragment": True}, "not evacuate and defragment together"),
        ({"horizon": -1.0}, "greater than 0"),
        ({"services": ["Shop!"]}, "is no name"),
    ],
)
def test_nonsense_is_refused_before_anything_is_asked(words: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        optimise(**words)


@pytest.mark.parametrize(
    "more",
    [{"cancel": True}, {"services": ["shop"]}, {"apply": True}, {"evacuate": "north"}, {"wait": False}],
)
def test_follow_and_cancel_stand_alone(more: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="--follow and --cancel stand alone"):
        optimise(follow=True, **more)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (RPCStatusCode.NOT_FOUND, InputError, "no `interlace optimise --apply` runs, nor has one run lately"),
        (RPCStatusCode.UNAVAILABLE, UnreachableError, "Temporal does not answer: away"),
    ],
)
def test_what_never_ran_is_told(
    monkeypatch: pytest.MonkeyPatch, status: RPCStatusCode, error: type[Exception], words: str
) -> None:
    client = Mock()
    client.get_workflow_handle.return_value.describe = AsyncMock(side_effect=RPCError("away", status, b""))
    monkeypatch.setattr(optimising, "temporal", AsyncMock(return_value=client))
    for asked in (optimising.follow, optimising.cancel):
        with pytest.raises(error, match=words):
            asked(as_json=False)


def test_what_services_count_by_is_told_where_it_is_not_the_cost_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_result(result(moves=(MOVE,), objectives={"shop": "cost", "mail": "cost"}))
    assert "counts" not in capsys.readouterr().out
    mix = Weights(cost=1, latency=0.2)
    show_result(result(moves=(MOVE,), objectives={"shop": "cost", "call": "latency", "game": mix}))
    told = capsys.readouterr().out
    assert "counts     +0.5000 EUR/h gained" in told
    assert "latency first, then cost: call" in told and "cost x 1, latency per ms x 0.2: game" in told


@pytest.mark.parametrize(
    ("text", "objective"),
    [
        (None, None),
        ("balance", "balance"),
        ("latency=0.5", Weights(cost=0, latency=0.5)),
        ("cost=2,balance=3", Weights(cost=2, balance=3)),
    ],
)
def test_an_objective_for_all_is_a_name_or_weights(text: str | None, objective: Objective | None) -> None:
    assert objective_for_all(text) == objective


@pytest.mark.parametrize(
    ("text", "words"),
    [("cheap", "cost, latency, balance"), ("speed=1", "speed"), ("cost=0", "all 0"), ("cost=x", "cost")],
)
def test_an_objective_that_is_none_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        objective_for_all(text)
