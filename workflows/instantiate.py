"""Instantiate: from a descriptor to a running service."""

from collections.abc import Awaitable

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from domain import names
from domain.phases import Phase
from domain.plans import GraphInstance, ServiceGraph
from domain.requests import (
    BeginOperation,
    CreateInstance,
    ExternalResource,
    InstantiateRequest,
    Nothing,
    OperationResult,
    PlannedService,
    ResolveRequest,
    Solution,
)
from workflows.operation import Operation, Undo

_MOST_CONFLICTS = 50


@workflow.defn(name=names.OperationKind.INSTANTIATE)
class Instantiate(Operation):
    """Bring a service from its descriptor to ACTIVE, or leave no trace of it."""

    kind = names.OperationKind.INSTANTIATE

    @workflow.run
    async def run(self, request: InstantiateRequest) -> OperationResult:
        """Carry the operation out."""
        start = BeginOperation(
            operation_id=self.operation_id,
            kind=self.kind,
            service=request.service,
            tenant=request.tenant,
            workflow_id=workflow.info().workflow_id,
            run_id=workflow.info().run_id,
            descriptor=request.descriptor,
            version=request.version,
        )
        return await self.carry_out(start, request.patience, lambda: self._steps_of(request), self._forget)

    async def _steps_of(self, request: InstantiateRequest) -> OperationResult:
        async with self.phase(Phase.PLANNING):
            graph = await self._resolve(request)
            solution = await self._place_and_reserve(graph)
        async with self.phase(Phase.PROVISIONING):
            for wave in graph.waves:  # what depends on nothing still missing
                members = [each for each in graph.instances if each.component in wave]
                await self.all_of(self._create(each, request, graph, solution) for each in members)
        async with self.phase(Phase.COMMITTING):
            planned = PlannedService(held=self.held, graph=graph, plan=solution.plan)
            await self.call(names.COMMIT, planned, Nothing, step="record the service as ACTIVE")
        return OperationResult(
            operation_id=self.operation_id,
            service=request.service,
            cost_per_hour=solution.plan.cost_per_hour,
            currency=solution.plan.currency,
        )

    async def _resolve(self, request: InstantiateRequest) -> ServiceGraph:
        wanted = ResolveRequest(
            service=request.service, descriptor=request.descriptor, version=request.version
        )
        return await self.call(names.RESOLVE, wanted, ServiceGraph, step="read the descriptor")

    async def _forget(self) -> None:
        await self.call(names.REMOVE, self.held, Nothing, step="remove the service's record")

    async def _release(self) -> None:
        await self.call(names.RELEASE, self.held, Nothing, step="release the capacity")

    async def _place_and_reserve(self, graph: ServiceGraph) -> Solution:
        """Solve on a snapshot, reserve in one transaction; only a conflict makes it solve again."""
        self.on_undo(self._release)
        for _ in range(_MOST_CONFLICTS):
            solution = await self.call(names.SOLVE, graph, Solution, step="place the components")
            planned = PlannedService(held=self.held, graph=graph, plan=solution.plan)
            try:
                await self.call(names.RESERVE, planned, Nothing, step="reserve the capacity")
            except ActivityError as error:
                if not _is_conflict(error):
                    raise
            else:
                return solution
        message = f"the capacity was taken by others {_MOST_CONFLICTS} times in a row"
        raise ApplicationError(message, type="ReservationConflictError", non_retryable=True)

    def _create(
        self, instance: GraphInstance, request: InstantiateRequest, graph: ServiceGraph, solution: Solution
    ) -> tuple[Awaitable[None], Undo]:
        pop = solution.plan.placements[instance.name]
        kind = solution.vim_kinds[pop]
        order = CreateInstance(
            held=self.held,
            tenant=request.tenant,
            descriptor=graph.descriptor,
            version=graph.version,
            component=instance.component,
            instance=instance.name,
            pop=pop,
        )
        resource = ExternalResource(
            service=request.service,
            name=names.resource_name(request.service, instance.name, self.operation_id),
            instance=instance.name,
            pop=pop,
            vim_kind=kind,
        )
        step = f"create {instance.name} on {pop}"
        return self.call_vim(names.CREATE, order, kind, step=step), lambda: self.delete_or_leave(resource)


def _is_conflict(error: ActivityError) -> bool:
    cause = error.cause
    return isinstance(cause, ApplicationError) and cause.type == "ReservationConflictError"
