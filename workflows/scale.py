"""Scale: give a component more or fewer instances, another flavour, or another image."""

from temporalio import workflow

from domain import names
from domain.lifecycle import ScaleRequest
from domain.requests import OperationResult
from workflows.steerable import SteerableOperation


@workflow.defn(name=names.OperationKind.SCALE)
class Scale(SteerableOperation):
    """Give a component more or fewer instances, another flavour, or another image."""

    kind = names.OperationKind.SCALE

    @workflow.run
    async def run(self, request: ScaleRequest) -> OperationResult:
        """Carry the operation out."""
        return await self.carry_out(request)
