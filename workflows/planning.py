"""Making a plan: the VIMs are asked what it depends on, then it is solved, stored, and perhaps reserved."""

import asyncio
from typing import Any

from temporalio import workflow

from domain import names
from domain.models import Name
from domain.operation_plans import PlanBrief
from domain.requests import Held
from domain.steering import ImageTraits, PlanOrder, Scope, Survey, SurveyOrder
from workflows import calls


async def make_plan(
    kind: names.OperationKind,
    request: dict[str, Any],
    held: Held | None = None,
    avoid: dict[str, frozenset[Name]] | None = None,
) -> PlanBrief:
    """The plan of an operation; with a lease its capacity is reserved, for the old and the new together."""
    order = PlanOrder(
        plan_id=f"plan-{workflow.uuid4().hex[:12]}",
        kind=kind,
        request=request,
        held=held,
        avoid=avoid or {},
    )
    if request.get("plan") is None and kind not in (
        names.OperationKind.INSTANTIATE,
        names.OperationKind.TERMINATE,
    ):
        scope = await calls.ask_store(names.SCOPE, order, Scope, summary="see what is there")
        order = order.model_copy(update={"survey": await survey_of(scope)})
    return await calls.ask_placement(names.MAKE_PLAN, order, PlanBrief, summary=f"plan the {kind}")


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
