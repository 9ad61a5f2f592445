"""Heal: build anew what has failed: where it was, else elsewhere."""

from temporalio import workflow

from domain import names
from domain.lifecycle import HealRequest
from domain.operation_plans import StepAction
from domain.requests import OperationResult
from workflows.steerable import SteerableOperation
from workflows.stepping import StepFailedError

_PLACES = 4
"""In place, and so many others less one."""


@workflow.defn(name=names.OperationKind.HEAL)
class Heal(SteerableOperation):
    """Build failed instances anew; the others stay as they are."""

    kind = names.OperationKind.HEAL

    def __init__(self) -> None:
        super().__init__()
        self._avoid: dict[str, frozenset[str]] = {}

    @workflow.run
    async def run(self, request: HealRequest) -> OperationResult:
        """Carry the operation out."""
        return await self.carry_out(request)

    async def change(self) -> None:
        """In place; what cannot be built there is placed elsewhere, with a new plan."""
        for last in (False,) * (_PLACES - 1) + (True,):
            plan = await self.plan(self._avoid)
            try:
                return await self.follow(plan)
            except StepFailedError as failure:
                step = failure.step
                if last or self.request.plan or step.action is not StepAction.CREATE or not step.instance:
                    raise
                tried = self._avoid.get(step.instance, frozenset())
                self._avoid = {**self._avoid, step.instance: tried | {step.pop}}

    async def tidy(self) -> None:
        """What earlier plans built is not part of the service."""
        if self._avoid:
            await self._returning.tidy(self._ref(), self.request.patience)
