"""Which activities and workflows serve which task queue."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.networks import NetworkActivities
from activities.operations import OperationActivities
from activities.placements import PlacementActivities
from activities.pops import Pops
from activities.services import ServiceActivities
from activities.vims import VimActivities
from catalogue.store import Catalogue
from domain import names
from workers.plugin import GRACE
from workers.settings import Settings
from workflows.heal import Heal
from workflows.instantiate import Instantiate
from workflows.migrate import Migrate
from workflows.plan import Plan
from workflows.scale import Scale
from workflows.sweep import Sweep
from workflows.terminate import Terminate
from workflows.update import Update

WORKFLOWS: tuple[type, ...] = (Instantiate, Scale, Migrate, Heal, Update, Terminate, Plan, Sweep)
_THREADS = {names.ORCHESTRATION_QUEUE: 16, names.PLACEMENT_QUEUE: 2}
_VIM_THREADS = 32

Activities = Sequence[Callable[..., Any]]


def build(client: Client, catalogue: Catalogue, settings: Settings, queues: Sequence[str]) -> list[Worker]:
    """A worker for each of `queues`."""
    return [_worker(client, queue, _activities(queue, client, catalogue, settings)) for queue in queues]


def _activities(queue: str, client: Client, catalogue: Catalogue, settings: Settings) -> Activities:
    if queue == names.ORCHESTRATION_QUEUE:
        operations = OperationActivities(catalogue, client)
        services = ServiceActivities(catalogue)
        return [
            operations.begin,
            operations.finish,
            services.resolve,
            services.reserve,
            services.release,
            services.commit,
            services.remove,
            services.resources,
            services.leave,
        ]
    if queue == names.PLACEMENT_QUEUE:
        return [PlacementActivities(catalogue, settings.placement_time_limit_s).solve]
    pops = Pops(catalogue, settings.home)
    vims, networks = VimActivities(catalogue, pops), NetworkActivities(catalogue, pops)
    if queue not in map(names.vim_queue, names.NETWORKED_KINDS):
        return [vims.create, vims.delete]
    return [vims.create, vims.delete, networks.compile, networks.join, networks.program, networks.verify]


def _worker(client: Client, queue: str, activities: Activities) -> Worker:
    threads = _THREADS.get(queue, _VIM_THREADS)
    return Worker(
        client,
        task_queue=queue,
        workflows=WORKFLOWS if queue == names.ORCHESTRATION_QUEUE else (),
        activities=activities,
        activity_executor=ThreadPoolExecutor(threads, thread_name_prefix=queue),
        max_concurrent_activities=threads,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        max_heartbeat_throttle_interval=timedelta(seconds=0.5),
    )
