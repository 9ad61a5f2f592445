"""Plan: what an operation would do, kept in the catalogue to be applied later. Nothing else changes."""

from temporalio import workflow

from domain import names
from domain.lifecycle import PlanRequest
from domain.operation_plans import PlanBrief
from workflows.planning import make_plan, previewed


@workflow.defn(name=names.PLAN)
class Plan:
    """Plan any operation."""

    @workflow.run
    async def run(self, request: PlanRequest) -> PlanBrief:
        """The steps; the whole plan is in the catalogue under its id."""
        wanted = request.parsed()
        plan = await make_plan(request.kind, wanted.model_dump(mode="json"))
        return plan if wanted.plan else await previewed(plan)
