"""Update: bring a service to another version of its descriptor, a few instances at a time."""

from temporalio import workflow

from domain import names
from domain.lifecycle import UpdateRequest
from domain.requests import OperationResult
from workflows.steerable import SteerableOperation


@workflow.defn(name=names.OperationKind.UPDATE)
class Update(SteerableOperation):
    """Bring a service to another version of its descriptor, a few instances at a time."""

    kind = names.OperationKind.UPDATE

    @workflow.run
    async def run(self, request: UpdateRequest) -> OperationResult:
        """Carry the operation out."""
        return await self.carry_out(request)
