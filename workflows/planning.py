"""Making a plan: the VIMs are asked what it depends on, then it is solved, stored, and perhaps reserved."""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError, is_cancelled_exception

from domain import names
from domain.models import Name
from domain.operation_plans import PlanBrief, StepAction
from domain.requests import Held
from domain.steering import ImageTraits, PlanOrder, PreviewOrder, Scope, Survey, SurveyOrder
from workflows import calls
from workflows.failures import root_cause

UNASKED = (names.OperationKind.INSTANTIATE, names.OperationKind.TERMINATE)
"""Their plans depend on nothing that VIMs have to be asked."""


async def make_plan(
    kind: names.OperationKind,
    request: dict[str, Any],
    held: Held | None = None,
    avoid: dict[str, frozenset[Name]] | None = None,
    scope: Scope | None = None,
) -> PlanBrief:
    """The plan of an operation; with a lease its capacity is reserved, for the old and the new together.

    :param scope: what is to be asked of the VIMs, where that is known already
    """
    order = PlanOrder(
        plan_id=f"plan-{workflow.uuid4().hex[:12]}",
        kind=kind,
        request=request,
        held=held,
        avoid=avoid or {},
    )
    if request.get("plan") is None and kind not in UNASKED:
        scope = scope or await calls.ask_store(names.SCOPE, order, Scope, summary="see what is there")
        order = order.model_copy(update={"survey": await survey_of(scope)})
    return await calls.ask_placement(names.MAKE_PLAN, order, PlanBrief, summary=f"plan the {kind}")


async def previewed(plan: PlanBrief) -> PlanBrief:
    """A plan that is to be shown: the catalogue keeps with it what VIMs that can tell would change.

    That none can be had is noted, and is no failure.
    """
    steps = [step for wave in plan.waves for step in wave.steps]
    changing = {step.vim_kind for step in steps if step.action in (StepAction.CREATE, StepAction.DELETE)}
    kinds = sorted(changing.intersection(names.PREVIEWING_KINDS))
    if not kinds or not workflow.patched(names.PREVIEWED_PATCH):
        return plan
    notes = list(plan.notes)
    for kind in kinds:
        try:
            notes += (await calls.preview(PreviewOrder(plan_id=plan.plan_id), kind)).notes
        except FailureError as failure:
            if is_cancelled_exception(failure):
                raise
            notes.append(f"the {kind} VIMs' own plan could not be had: {root_cause(failure)}")
    return plan.model_copy(update={"notes": tuple(notes)})


async def survey_of(scope: Scope) -> Survey:
    """What the VIMs say of a scope."""
    kinds = sorted({*scope.images, *scope.instances})
    answers = await asyncio.gather(
        *(
            calls.look(
                names.SURVEY,
                SurveyOrder(images=scope.images.get(kind, ()), instances=scope.instances.get(kind, {})),
                Survey,
                kind,
                summary=f"look at the {kind} VIMs",
            )
            for kind in kinds
        )
    )
    traits: dict[str, ImageTraits] = {}
    ailments: dict[str, str] = {}
    silent: dict[Name, str] = {}
    for answer in answers:
        traits |= answer.traits
        ailments |= answer.ailments
        silent |= answer.silent
    return Survey(traits=traits, ailments=ailments, silent=silent)
