"""Instantiate: from a descriptor to a running service."""

from collections.abc import Awaitable

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from domain import names
from domain.networking import MODELLED
from domain.phases import Phase
from domain.plans import GraphInstance, ServiceGraph
from domain.requests import (
    BeginOperation,
    ConnectedService,
    CreateInstance,
    ExternalResource,
    InstantiateRequest,
    Nothing,
    OperationResult,
    PlannedService,
    ResolveRequest,
    Solution,
)
from workflows.unplanned.connecting import connect, networked_kind
from workflows.unplanned.operation import Operation, Undo

_MOST_CONFLICTS = 50


class UnplannedInstantiate(Operation):
    """Bring a service from its descriptor to ACTIVE, or leave no trace of it."""

    kind = names.OperationKind.INSTANTIATE

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
            kind = networked_kind(solution)
        planned = PlannedService(held=self.held, graph=graph, plan=solution.plan)
        async with self.phase(Phase.PROVISIONING):
            if kind:
                await self.all_of(
                    self._stand_in(end.name, request, graph, solution) for end in graph.endpoints
                )
            for wave in graph.waves:  # what depends on nothing still missing
                members = [each for each in graph.instances if each.component in wave]
                await self.all_of(self._create(each, request, graph, solution) for each in members)
        connection = MODELLED
        if kind:
            async with self.phase(Phase.CONNECTING):
                connection = await connect(self, planned, request.tenant, kind)
        async with self.phase(Phase.COMMITTING):
            connected = ConnectedService(
                held=self.held, graph=graph, plan=solution.plan, connection=connection
            )
            await self.call(names.COMMIT, connected, Nothing, step="record the service as ACTIVE")
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
        order = CreateInstance(
            held=self.held,
            tenant=request.tenant,
            descriptor=graph.descriptor,
            version=graph.version,
            component=instance.component,
            instance=instance.name,
            pop=solution.plan.placements[instance.name],
        )
        return self._made(order, solution, f"create {order.instance} on {order.pop}")

    def _stand_in(
        self, endpoint: str, request: InstantiateRequest, graph: ServiceGraph, solution: Solution
    ) -> tuple[Awaitable[None], Undo]:
        """What stands for the users at an endpoint, where there are real packets for them to send."""
        order = CreateInstance(
            held=self.held,
            tenant=request.tenant,
            descriptor=graph.descriptor,
            version=graph.version,
            component=endpoint,
            instance=endpoint,
            pop=solution.plan.endpoints[endpoint],
            endpoint=True,
        )
        return self._made(order, solution, f"attach endpoint {endpoint} to {order.pop}")

    def _made(self, order: CreateInstance, solution: Solution, step: str) -> tuple[Awaitable[None], Undo]:
        kind = solution.vim_kinds[order.pop]
        resource = ExternalResource(
            service=order.held.service,
            name=names.resource_name(order.held.service, order.instance, self.operation_id),
            instance=order.instance,
            pop=order.pop,
            vim_kind=kind,
        )
        return self.call_vim(names.CREATE, order, kind, step=step), lambda: self.delete_or_leave(resource)


def _is_conflict(error: ActivityError) -> bool:
    cause = error.cause
    return isinstance(cause, ApplicationError) and cause.type == "ReservationConflictError"
