"""Terminate: take a service down without a trace."""

from temporalio import workflow

from domain import names
from domain.requests import OperationResult, TerminateRequest
from workflows.steerable import SteerableOperation
from workflows.unplanned.terminate import UnplannedTerminate


@workflow.defn(name=names.OperationKind.TERMINATE)
class Terminate(SteerableOperation):
    """Delete all that a service has, from any state; what cannot be deleted now becomes a swept leftover."""

    kind = names.OperationKind.TERMINATE
    undone = ""

    @workflow.run
    async def run(self, request: TerminateRequest) -> OperationResult:
        """Carry the operation out."""
        if not workflow.patched(names.PLANNED_PATCH):
            return await UnplannedTerminate(self._board).run(request)
        return await self.carry_out(request)

    async def come_back(self) -> str:
        """What is deleted stays deleted: the next Terminate goes on from there."""
        return "; the service stays TERMINATING, the next Terminate goes on with it"
