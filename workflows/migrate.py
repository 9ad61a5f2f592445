"""Migrate: move instances to other PoPs, made before the old ones are broken."""

from temporalio import workflow

from domain import names
from domain.lifecycle import MigrateRequest
from domain.requests import OperationResult
from workflows.steerable import SteerableOperation


@workflow.defn(name=names.OperationKind.MIGRATE)
class Migrate(SteerableOperation):
    """Move instances to other PoPs, made before the old ones are broken."""

    kind = names.OperationKind.MIGRATE

    @workflow.run
    async def run(self, request: MigrateRequest) -> OperationResult:
        """Carry the operation out."""
        return await self.carry_out(request)
