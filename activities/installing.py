"""What watches a service: its Watch and its Temporal Schedules, brought in line with what is committed."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from activities.translation import translated
from activities.watched import policies_of
from catalogue.store import Catalogue
from domain import names
from domain import policies as rules
from domain.deployments import Deployment
from domain.policies import Policies
from domain.steering import PlanRef, StepNote
from domain.watching import ScheduledScaleRequest, WatchRequest

_LEAST_CATCHUP = timedelta(seconds=10)
"""Temporal's own."""


class InstallingActivities:
    """Starts and ends watches, makes and deletes schedules; whatever is right already is left as it is."""

    def __init__(self, catalogue: Catalogue, client: Client) -> None:
        self._catalogue = catalogue
        self._client = client

    @activity.defn(name=names.INSTALL)
    async def install(self, ref: PlanRef) -> StepNote:
        """As the service is after its operation: with policies, without, or gone."""
        with translated():
            plan = (await asyncio.to_thread(self._catalogue.plans.get, ref.plan_id or "")).plan
            before = await asyncio.to_thread(self._policies, plan.before)
            after = await asyncio.to_thread(self._policies, plan.after)
        return StepNote(note=await self.bring(plan.service, plan.tenant, before, after))

    async def bring(self, service: str, tenant: str, before: Policies, after: Policies) -> str:
        """Watch a service by these policies, and by none of those before; what was done, in words."""
        if not before.watched and not after.watched:
            return ""
        wanted, former = scheduled(after), scheduled(before)
        for name in sorted(former.keys() - wanted.keys()):
            await self._unschedule(service, name)
        for name, policy in wanted.items():
            await self._schedule(service, tenant, name, policy)
        if not after.watched:
            await self._unwatch(service)
            return "its policies are gone, so it is not watched any more"
        await self._watch(service, tenant, after)
        told = f", with {len(wanted)} schedules" if len(wanted) > 1 else ", with a schedule" if wanted else ""
        return f"watched every {after.interval:g} s{told}"

    def _policies(self, deployment: Deployment | None) -> Policies:
        if deployment is None:
            return Policies()
        return policies_of(self._catalogue, deployment.descriptor, deployment.version)

    async def _watch(self, service: str, tenant: str, policies: Policies) -> None:
        await self._client.start_workflow(
            names.WATCH,
            WatchRequest(service=service, tenant=tenant, interval_s=policies.interval),
            id=names.watch_workflow_id(service),
            task_queue=names.ORCHESTRATION_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=_attributes(service, tenant, names.WATCH),
            static_summary=f"the policies of {service}",
        )

    async def _unwatch(self, service: str) -> None:
        with _gone_is_fine():
            await self._client.get_workflow_handle(names.watch_workflow_id(service)).cancel()

    async def _schedule(self, service: str, tenant: str, name: str, policy: rules.SchedulePolicy) -> None:
        """A new one; one that is there gets what is new, and stays paused where a person has paused it."""
        wanted = _schedule_of(service, tenant, name, policy)
        key = names.schedule_id(service, name)

        def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
            wanted.state = known.description.schedule.state
            return ScheduleUpdate(wanted, search_attributes=_attributes(service, tenant, names.WATCH))

        try:
            attributes = _attributes(service, tenant, names.WATCH)
            await self._client.create_schedule(key, wanted, search_attributes=attributes)
        except ScheduleAlreadyRunningError:
            await self._client.get_schedule_handle(key).update(changed)

    async def _unschedule(self, service: str, name: str) -> None:
        with _gone_is_fine():
            await self._client.get_schedule_handle(names.schedule_id(service, name)).delete()


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """What is to be ended, and is not there, is no error."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def scheduled(policies: Policies) -> Mapping[str, rules.SchedulePolicy]:
    """Name -> schedule."""
    return {rules.name_of(e): e for e in policies.scaling if isinstance(e, rules.SchedulePolicy)}


def _schedule_of(service: str, tenant: str, name: str, policy: rules.SchedulePolicy) -> Schedule:
    """A firing that comes while the one before waits takes its place: the newest number is due."""
    action = ScheduleActionStartWorkflow(
        names.SCHEDULED_SCALE,
        ScheduledScaleRequest(
            service=service,
            tenant=tenant,
            policy=name,
            component=policy.component,
            instances=policy.instances,
            window_s=policy.window,
            hold_s=policy.hold,
        ),
        id=f"scheduled/{service}/{name}",
        task_queue=names.ORCHESTRATION_QUEUE,
        typed_search_attributes=_attributes(service, tenant, names.SCHEDULED_SCALE),
        static_summary=f"{service}: {policy.component} to {policy.instances} instances, by {name}",
    )
    patience = timedelta(seconds=max(policy.window, policy.hold))
    return Schedule(
        action=action,
        spec=ScheduleSpec(cron_expressions=[policy.cron], time_zone_name=policy.time_zone),
        policy=SchedulePolicy(
            overlap=ScheduleOverlapPolicy.CANCEL_OTHER, catchup_window=max(_LEAST_CATCHUP, patience)
        ),
    )


def _attributes(service: str, tenant: str, kind: str) -> TypedSearchAttributes:
    values = {
        names.SERVICE_ATTRIBUTE: service,
        names.TENANT_ATTRIBUTE: tenant,
        names.OPERATION_ATTRIBUTE: kind,
    }
    return TypedSearchAttributes(
        [SearchAttributePair(SearchAttributeKey.for_keyword(key), value) for key, value in values.items()]
    )
