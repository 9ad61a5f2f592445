"""The request that applies a stored plan."""

import pytest

from domain.errors import InputError
from domain.lifecycle import ScaleRequest
from domain.names import OperationKind
from domain.operation_plans import PlanRecord, PlanState
from domain.requests import InstantiateRequest, Patience, TerminateRequest
from interfaces.cli.planned import application_of
from tests.unit.test_cli_plan_views import PLAN

WANTED = ScaleRequest(
    service="shop", component="web", by=1, patience=Patience(give_up_after_s=30), on_failure="hold"
)


def stored(request: ScaleRequest | InstantiateRequest | TerminateRequest, kind: OperationKind) -> PlanRecord:
    plan = PLAN.model_copy(update={"kind": kind, "request": request.model_dump(mode="json")})
    return PlanRecord(plan=plan, state=PlanState.READY, operation_id=None)


def test_it_says_the_plan_and_nothing_else_but_is_as_patient() -> None:
    assert application_of(stored(WANTED, OperationKind.SCALE), {}, None) == ScaleRequest(
        service="shop", plan=PLAN.plan_id, patience=Patience(give_up_after_s=30), on_failure="hold"
    )


def test_patience_may_be_another() -> None:
    said = {"give_up_after_s": None, "undo_give_up_after_s": 5.0}
    found = application_of(stored(WANTED, OperationKind.SCALE), said, "undo")
    assert found.patience == Patience(give_up_after_s=30, undo_give_up_after_s=5)
    assert found.on_failure == "undo"
    with pytest.raises(InputError, match="'undo' or 'hold'"):
        application_of(stored(WANTED, OperationKind.SCALE), {}, "panic")


def test_it_goes_by_the_profile_it_was_planned_with_unless_told_otherwise() -> None:
    record = stored(WANTED.model_copy(update={"reliability": "frugal"}), OperationKind.SCALE)
    assert application_of(record, {}, None).reliability == "frugal"
    assert application_of(record, {}, None, "city").reliability == "city"


def test_every_kind_of_request_can_be_applied() -> None:
    begin = InstantiateRequest(service="shop", descriptor="tiny", version="1")
    assert application_of(stored(begin, OperationKind.INSTANTIATE), {}, None) == begin.model_copy(
        update={"plan": PLAN.plan_id}
    )
    over = TerminateRequest(service="shop")
    assert application_of(stored(over, OperationKind.TERMINATE), {}, None).plan == PLAN.plan_id


def test_a_plan_is_applied_once() -> None:
    record = PlanRecord(plan=PLAN, state=PlanState.TAKEN, operation_id="scale-1")
    with pytest.raises(InputError, match="was taken by operation scale-1 already; `interlace plan scale"):
        application_of(record, {}, None)
