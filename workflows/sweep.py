"""Sweep: keep deleting what an operation could not, until it is gone."""

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from domain import names
from domain.requests import ExternalResource, Nothing, ResourceList, ResourceQuery, SweepRequest

_ROUNDS_A_RUN = 100


@workflow.defn(name=names.SWEEP)
class Sweep:
    """Delete a service's leftovers, again and again, with growing pauses."""

    @workflow.run
    async def run(self, request: SweepRequest) -> Nothing:
        """End when nothing is left; go on in a fresh run before the history grows long."""
        pause_s = request.first_pause_s
        for _ in range(_ROUNDS_A_RUN):
            left = await self._leftovers(request.service)
            if not left:
                return Nothing()
            workflow.set_current_details("Still to delete:\n" + "\n".join(f"- {each.name}" for each in left))
            await asyncio.gather(*(self._try(each) for each in left))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, request.longest_pause_s)
        workflow.continue_as_new(request.model_copy(update={"first_pause_s": pause_s}))

    async def _leftovers(self, service: str) -> tuple[ExternalResource, ...]:
        listed: ResourceList = await workflow.execute_activity(
            names.RESOURCES,
            ResourceQuery(service=service, only_leftovers=True),
            result_type=ResourceList,
            start_to_close_timeout=timedelta(seconds=60),
        )
        return listed.resources

    async def _try(self, resource: ExternalResource) -> None:
        try:
            await workflow.execute_activity(
                names.DELETE,
                resource,
                result_type=Nothing,
                task_queue=names.vim_queue(resource.vim_kind),
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=timedelta(seconds=120),
                heartbeat_timeout=timedelta(seconds=5),
                retry_policy=RetryPolicy(maximum_attempts=1),
                summary=f"delete {resource.name} on {resource.pop}",
            )
        except ActivityError as error:
            workflow.logger.warning("still not deleted: %s (%s)", resource.name, error.cause)
