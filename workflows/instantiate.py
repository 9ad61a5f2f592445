"""Instantiate: from a descriptor to a running service."""

from temporalio import workflow

from domain import names
from domain.requests import InstantiateRequest, OperationResult
from workflows.steerable import SteerableOperation
from workflows.unplanned.instantiate import UnplannedInstantiate


@workflow.defn(name=names.OperationKind.INSTANTIATE)
class Instantiate(SteerableOperation):
    """Bring a service from its descriptor to ACTIVE, or leave no trace of it."""

    kind = names.OperationKind.INSTANTIATE

    @workflow.run
    async def run(self, request: InstantiateRequest) -> OperationResult:
        """Carry the operation out."""
        if not workflow.patched(names.PLANNED_PATCH):
            return await UnplannedInstantiate(self._board).run(request)
        return await self.carry_out(request)
