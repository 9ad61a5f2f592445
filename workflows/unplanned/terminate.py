"""Terminate: take a service down without a trace."""

from temporalio import workflow

from domain import names
from domain.phases import Phase, ResourceKind
from domain.requests import (
    BeginOperation,
    Nothing,
    OperationResult,
    ResourceList,
    ResourceQuery,
    TerminateRequest,
)
from workflows.unplanned.operation import Operation


class UnplannedTerminate(Operation):
    """Delete all that a service has, from any state; what cannot be deleted now becomes a swept leftover."""

    kind = names.OperationKind.TERMINATE

    async def run(self, request: TerminateRequest) -> OperationResult:
        """Carry the operation out."""
        start = BeginOperation(
            operation_id=self.operation_id,
            kind=self.kind,
            service=request.service,
            tenant=request.tenant,
            workflow_id=workflow.info().workflow_id,
            run_id=workflow.info().run_id,
        )
        return await self.carry_out(start, request.patience, lambda: self._steps_of(request))

    async def _steps_of(self, request: TerminateRequest) -> OperationResult:
        async with self.phase(Phase.DELETING):
            service = ResourceQuery(service=request.service)
            listed = await self.call(names.RESOURCES, service, ResourceList, step="read the ledger")
            networks = [each for each in listed.resources if each.kind is ResourceKind.NETWORK]
            others = [each for each in listed.resources if each.kind is not ResourceKind.NETWORK]
            for layer in (others, networks):  # what runs may drain while it is still connected
                await self.all_of((self.delete_or_leave(resource), None) for resource in layer)
        async with self.phase(Phase.COMMITTING):
            await self.sweep_leftovers()
            await self.call(names.RELEASE, self.held, Nothing, step="release the capacity")
            await self.call(names.REMOVE, self.held, Nothing, step="remove the service's record")
        return OperationResult(
            operation_id=self.operation_id, service=request.service, leftovers=tuple(self.leftovers)
        )
