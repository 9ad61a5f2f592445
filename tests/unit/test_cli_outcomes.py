"""How an operation ended: in words, as JSON, and as the exit code."""

import json

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, RetryState

from domain.names import OperationKind
from domain.requests import OperationResult
from interfaces.cli.endings import cancelled
from interfaces.cli.outcomes import failed, succeeded


def failure(cause: BaseException) -> WorkflowFailureError:
    return WorkflowFailureError(cause=cause)


def caused(kind: str, by: str, message: str = "no") -> WorkflowFailureError:
    """A workflow's failure because of an activity's."""
    activity = ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="plan.make",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    activity.__cause__ = ApplicationError(message, type=by, non_retryable=True)
    outer = ApplicationError(message, type=kind, non_retryable=True)
    outer.__cause__ = activity
    return failure(outer)


@pytest.mark.parametrize(
    ("kind", "by", "code"),
    [
        ("OperationRefused", "InputError", 2),
        ("OperationRefused", "UnknownError", 2),
        ("OperationRefused", "ExistsError", 2),
        ("OperationRefused", "InUseError", 2),
        ("OperationRefused", "BusyError", 2),
        ("OperationRefused", "InfeasibleError", 2),
        ("OperationRefused", "TypeError", 1),
        ("OperationFailed", "InputError", 1),
        ("OperationFailed", "VimRefusedError", 1),
    ],
)
def test_what_input_caused_and_nothing_was_changed_ends_with_2(kind: str, by: str, code: int) -> None:
    assert failed("Scale", "shop", caused(kind, by), as_json=False) == code


def test_a_refusal_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    stale = caused("OperationRefused", "InputError", "plan-1 is stale: PoP north has 2 vCPUs less")
    failed("Scale", "shop", stale, as_json=False)
    assert capsys.readouterr().out == "REFUSED: plan-1 is stale: PoP north has 2 vCPUs less\n"
    failed("Scale", "shop", stale, as_json=True)
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {"type": "OperationRefused", "message": "plan-1 is stale: PoP north has 2 vCPUs less"}


def test_a_failure_and_a_cancel(capsys: pytest.CaptureFixture[str]) -> None:
    failed("Scale", "shop", caused("OperationFailed", "VimRefusedError", "quota"), as_json=False)
    how = cancelled("cancelled (and was undone; not as before: web-1)")
    assert failed("Scale", "shop", failure(CancelledError("cancelled")), False, how) == 1
    assert capsys.readouterr().out.splitlines() == [
        "FAILED: quota",
        "FAILED: Scale of shop was cancelled and undone; not as before: web-1",
    ]


@pytest.mark.parametrize(
    ("noted", "words"),
    [
        (None, "was cancelled before it began"),
        ("cancelled", "was cancelled and undone"),
        ("cancelled (and was undone)", "was cancelled and undone"),
        (
            "cancelled (and was undone; left behind, a sweep keeps deleting: a; not as before: b (c)\nd)",
            "was cancelled and undone; left behind, a sweep keeps deleting: a; not as before: b (c)\nd",
        ),
        ("cancelled (nothing was changed)", "was cancelled, nothing was changed"),
        ("cancelled (; the service stays TERMINATING)", "was cancelled; the service stays TERMINATING"),
        ("another thing", "was cancelled: another thing"),
    ],
)
def test_a_cancel_tells_what_it_left(noted: str | None, words: str) -> None:
    assert cancelled(noted) == words


@pytest.mark.parametrize(
    ("kind", "leftovers", "lines"),
    [
        (OperationKind.INSTANTIATE, (), ["note: kept", "shop is ACTIVE at 1.5000 EUR/h"]),
        (
            OperationKind.SCALE,
            ("shop-web-1-a",),
            [
                "note: kept",
                "shop is ACTIVE at 1.5000 EUR/h",
                "left behind, a sweep keeps deleting: shop-web-1-a",
            ],
        ),
        (OperationKind.TERMINATE, (), ["note: kept", "shop is gone, without a trace"]),
        (
            OperationKind.TERMINATE,
            ("a", "b"),
            ["note: kept", "shop is gone but for leftovers that a sweep deletes: a, b"],
        ),
    ],
)
def test_success(
    kind: OperationKind, leftovers: tuple[str, ...], lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    result = OperationResult(
        operation_id="o",
        service="shop",
        cost_per_hour=1.5,
        currency="EUR",
        leftovers=leftovers,
        notes=("kept",),
    )
    succeeded(kind, result)
    assert capsys.readouterr().out.splitlines() == lines
