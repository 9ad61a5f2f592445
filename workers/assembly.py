"""Which activities and workflows serve which task queue."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.amending import AmendingActivities
from activities.comparing import ComparingActivities
from activities.firing import FiringActivities
from activities.fused import FusedActivities, by_action
from activities.hosting import HostingActivities
from activities.installing import InstallingActivities
from activities.lifecycle import LifecycleActivities
from activities.network_steps import NetworkStepActivities
from activities.networks import NetworkActivities
from activities.operations import OperationActivities
from activities.optimising import OptimisingActivities
from activities.others import OthersUse
from activities.placements import PlacementActivities
from activities.planning import PlanningActivities
from activities.pops import Pops
from activities.previewing import PreviewingActivities
from activities.scoping import ScopingActivities
from activities.services import ServiceActivities
from activities.steps import StepActivities
from activities.surveying import SurveyingActivities
from activities.vims import VimActivities
from activities.watching import WatchingActivities
from catalogue.store import Catalogue
from domain import names
from domain.recovery import Profile
from workers.heartbeats import LEAST_S, Heartbeats
from workers.measuring import Sources
from workers.plugin import GRACE
from workers.settings import Settings
from workflows.heal import Heal
from workflows.instantiate import Instantiate
from workflows.migrate import Migrate
from workflows.optimise import Optimise
from workflows.plan import Plan
from workflows.scale import Scale
from workflows.scheduled_scale import ScheduledScale
from workflows.sweep import Sweep
from workflows.terminate import Terminate
from workflows.update import Update
from workflows.watch import Watch

WORKFLOWS: tuple[type, ...] = (
    *(Instantiate, Scale, Migrate, Heal, Update, Terminate),
    *(Plan, Sweep, Optimise, Watch, ScheduledScale),
)
_THREADS = {names.ORCHESTRATION_QUEUE: 16, names.PLACEMENT_QUEUE: 2}
_VIM_THREADS = 32
_WORKFLOW_TASKS = 16
"""At a time in one worker: of more, each would take longer than its time-out."""
_WATCHES = 2000
"""At a time in one worker: each waits nearly always."""

Activities = Sequence[Callable[..., Any]]


def build(client: Client, catalogue: Catalogue, settings: Settings, queues: Sequence[str]) -> list[Worker]:
    """A worker for each of `queues`."""
    return [
        _watching(client, catalogue, settings)
        if queue == names.MONITORING_QUEUE
        else _worker(client, queue, activities_of(queue, client, catalogue, settings), settings.profile)
        for queue in queues
    ]


def activities_of(queue: str, client: Client, catalogue: Catalogue, settings: Settings) -> Activities:
    """What serves a task queue, but that of monitoring."""
    if queue == names.ORCHESTRATION_QUEUE:
        return [*_records(catalogue, client, settings), *_records_of_old_runs(catalogue, client)]
    if queue == names.PLACEMENT_QUEUE:
        limit_s = settings.placement_time_limit_s
        return [
            PlanningActivities(catalogue, limit_s, OthersUse(catalogue, Pops(catalogue, settings.home))).make,
            PlacementActivities(catalogue, limit_s).solve,
            OptimisingActivities(catalogue).work_out,
        ]
    kind = next(each for each in names.VIM_KINDS if names.vim_queue(each) == queue)
    return _outside(kind, catalogue, settings)


def _records(catalogue: Catalogue, client: Client, settings: Settings) -> Activities:
    operations = OperationActivities(catalogue, client, settings.profile)
    services = ServiceActivities(catalogue)
    lifecycle, firing = LifecycleActivities(catalogue), FiringActivities(catalogue)
    return [
        operations.start,
        operations.finish,
        ScopingActivities(catalogue).scope,
        OptimisingActivities(catalogue).scope,
        AmendingActivities(catalogue).amend,
        lifecycle.commit,
        lifecycle.plan_undo,
        lifecycle.restore,
        lifecycle.note_times,
        services.resources,
        services.leave,
        InstallingActivities(catalogue, client).install,
        firing.note,
        firing.fire,
        firing.firing,
    ]


def _records_of_old_runs(catalogue: Catalogue, client: Client) -> Activities:
    """Those of operations that began before there were plans."""
    services = ServiceActivities(catalogue)
    return [
        OperationActivities(catalogue, client).begin,
        services.resolve,
        services.reserve,
        services.release,
        services.commit,
        services.remove,
    ]


def _outside(kind: str, catalogue: Catalogue, settings: Settings) -> Activities:
    """At the VIMs of one kind; `VimActivities` and `NetworkActivities` are for sweeps and old runs."""
    pops = Pops(catalogue, settings.home)
    steps, vims = StepActivities(catalogue, pops, settings.home), VimActivities(catalogue, pops)
    hosting = HostingActivities(catalogue, pops)
    found: Activities = [
        SurveyingActivities(pops, kind).survey,
        ComparingActivities(catalogue, pops).compare,
        steps.create,
        steps.configure,
        hosting.resize,
        hosting.rehost,
        steps.transfer,
        steps.drain,
        steps.delete,
        vims.create,
        vims.delete,
    ]
    if kind in names.PREVIEWING_KINDS:
        found = [*found, PreviewingActivities(catalogue, pops, kind).preview]
    if kind in (*names.NETWORKED_KINDS, *names.CLOUD_KINDS):
        found = [*found, *_networks(catalogue, pops)]
    return [*found, FusedActivities(by_action(found)).carry_out]


def _networks(catalogue: Catalogue, pops: Pops) -> Activities:
    steps, networks = NetworkStepActivities(catalogue, pops), NetworkActivities(catalogue, pops)
    return [
        steps.compile,
        steps.join,
        steps.program,
        steps.probe,
        networks.compile,
        networks.join,
        networks.program,
        networks.verify,
    ]


def _worker(client: Client, queue: str, activities: Activities, profile: Profile) -> Worker:
    threads = _THREADS.get(queue, _VIM_THREADS)
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue == names.ORCHESTRATION_QUEUE else (),
        activities=activities,
        interceptors=[Heartbeats(profile.beats_per_timeout)],
        activity_executor=ThreadPoolExecutor(threads, thread_name_prefix=queue),
        max_concurrent_activities=threads,
        max_concurrent_workflow_tasks=_WORKFLOW_TASKS,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=profile.sticky_timeout),
        max_heartbeat_throttle_interval=timedelta(seconds=LEAST_S),
    )


class _Watching(Worker):
    """Gives its metrics sources back when it ends."""

    def __init__(self, sources: Sources, **options: Any) -> None:
        super().__init__(**options)
        self._sources = sources

    async def __aexit__(self, *failure: Any) -> None:
        await super().__aexit__(*failure)
        await asyncio.to_thread(self._sources.close)


def _watching(client: Client, catalogue: Catalogue, settings: Settings) -> Worker:
    """Its activities are coroutines that wait; a heartbeat tells what they remember, and is no hurry."""
    sources = Sources(catalogue, settings)
    return _Watching(
        sources,
        client=client,
        task_queue=names.MONITORING_QUEUE,
        activities=[WatchingActivities(catalogue, sources.source).look],
        interceptors=[Heartbeats(settings.profile.beats_per_timeout)],
        max_concurrent_activities=_WATCHES,
        graceful_shutdown_timeout=GRACE,
    )
