"""Having an operation planned, and having a stored plan carried out."""

import asyncio
from collections.abc import Mapping
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import FailureError

from domain import names
from domain.errors import InputError
from domain.lifecycle import REQUESTS, AnyRequest, PlanRequest
from domain.operation_plans import PlanBrief, PlanRecord, PlanState
from interfaces.cli.follow import TASK_TIMEOUT, kind_of
from interfaces.cli.outcomes import causes, exit_code
from interfaces.cli.output import emit_json
from interfaces.cli.plan_views import plan_json, show_plan
from interfaces.cli.priorities import priority_of
from interfaces.cli.requests import checked
from interfaces.cli.session import catalogue, temporal


def make_plan(request: AnyRequest, as_json: bool) -> int:
    """Have the operation planned and show the plan. Returns the exit code."""
    try:
        brief = asyncio.run(_planned(request))
    except WorkflowFailureError as failure:
        return _refused(failure, as_json)
    with catalogue() as store:
        plan = store.plans.get(brief.plan_id).plan.model_copy(update={"notes": brief.notes})
    if as_json:
        emit_json(plan_json(plan))
    else:
        show_plan(plan)
        print(f"\napply with: interlace apply {plan.plan_id}")
    return 0


async def _planned(request: AnyRequest) -> PlanBrief:
    """Ctrl-C ends the planning too: nobody waits for it any more."""
    handle = await _start(await temporal(), request)
    try:
        return await handle.result()
    except asyncio.CancelledError:
        await handle.cancel()
        raise


async def _start(client: Client, request: AnyRequest) -> WorkflowHandle[object, PlanBrief]:
    kind = kind_of(request)
    return await client.start_workflow(
        names.PLAN,
        PlanRequest(kind=kind, request=request.model_dump(mode="json")),
        id=f"plan/{request.service}/{uuid4().hex[:12]}",
        task_queue=names.ORCHESTRATION_QUEUE,
        result_type=PlanBrief,
        task_timeout=TASK_TIMEOUT,
        priority=priority_of(kind, request),
        static_summary=f"Plan: {kind} {request.service}",
    )


def _refused(failure: WorkflowFailureError, as_json: bool) -> int:
    """The innermost words are those of whatever found that there is no such plan."""
    said = [cause.message for cause in causes(failure.cause) if isinstance(cause, FailureError)]
    message = said[-1] if said else str(failure.cause)
    if as_json:
        emit_json({"error": {"type": "PlanFailed", "message": message}})
    else:
        print(f"no plan: {message}")
    return exit_code(failure.cause)


def application_of(
    record: PlanRecord,
    patience: Mapping[str, float | None],
    on_failure: str | None,
    reliability: str | None = None,
) -> AnyRequest:
    """The request that applies a stored plan, as patient as that which was planned unless told otherwise.

    :param patience: fields of Patience; None: as planned
    :param reliability: the profile to go by; None: as planned
    :raises InputError: if an operation has taken the plan already
    """
    plan = record.plan
    if record.state is PlanState.TAKEN:
        by = f"operation {record.operation_id}" if record.operation_id else "an operation"
        another = f"`interlace plan {plan.kind.lower()} ...` makes another"
        raise InputError(f"{plan.plan_id} was taken by {by} already; {another}")
    planned = PlanRequest(kind=plan.kind, request=plan.request).parsed()
    said = {name: seconds for name, seconds in patience.items() if seconds is not None}
    needed = ("descriptor", "version") if plan.kind is names.OperationKind.INSTANTIATE else ()
    return checked(
        REQUESTS[plan.kind],
        service=plan.service,
        tenant=plan.tenant,
        plan=plan.plan_id,
        patience=planned.patience.model_copy(update=said),
        on_failure=on_failure or planned.on_failure,
        reliability=reliability or planned.reliability,
        **{name: getattr(planned, name) for name in needed},
    )
