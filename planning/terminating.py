"""The plan of Terminate: by the ledger, so that it works from any state of a service."""

from collections.abc import Sequence
from datetime import datetime

from domain.deployments import Deployment
from domain.lifecycle import AnyRequest
from domain.operation_plans import OperationPlan, Wave
from domain.phases import Phase
from domain.records import ResourceRecord
from domain.steering import PlanOrder
from planning.balance import link_changes, pop_changes
from planning.deletions import deletions
from planning.estimates import Expected, duration, estimated

_CURRENCY = "EUR"
"""Where nothing was ever placed; all amounts are 0 then."""


def terminate_plan(
    order: PlanOrder,
    request: AnyRequest,
    before: Deployment | None,
    ledger: Sequence[ResourceRecord],
    revision: int,
    expected: Expected,
    now: datetime,
) -> OperationPlan:
    """Delete all that the ledger has of a service: instances, then what they were connected by.

    :param ledger: of the service, leftovers too: that they are wanted gone once more does no harm
    """
    waves = tuple(
        Wave(phase=Phase.DELETING, steps=tuple(estimated(step, expected) for step in layer))
        for layer in deletions("1", ledger)
        if layer
    )
    return OperationPlan(
        plan_id=order.plan_id,
        kind=order.kind,
        service=request.service,
        tenant=before.tenant if before else request.tenant,
        request=order.request,
        created_at=now,
        revision=revision,
        before=before,
        after=None,
        infrastructure=None,
        waves=waves,
        pops=pop_changes(before, None, (), None),
        links=link_changes(before, None),
        cost_before=before.plan.cost_per_hour if before else 0.0,
        cost_after=0.0,
        currency=before.plan.currency if before else _CURRENCY,
        expected_duration_s=duration(waves),
    )
