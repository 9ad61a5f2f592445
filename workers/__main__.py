"""`python -m workers [--queues A,B] [--check]`: serve task queues until told to stop."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.runtime import Runtime

from activities.tracing import wanted
from catalogue.store import open_catalogue
from domain.errors import InputError
from domain.names import PLACEMENT_QUEUE, TASK_QUEUES
from placement.solving.solvers import SOLVERS
from workers.assembly import build
from workers.keeping import kept
from workers.plugin import connect
from workers.settings import Settings
from workers.telemetry import counted, telling


def main() -> None:
    """Parse the command line and serve, or check that somebody does."""
    parser = argparse.ArgumentParser(prog="python -m workers", description=__doc__)
    parser.add_argument("--queues", default=",".join(TASK_QUEUES), help="default: all (%(default)s)")
    parser.add_argument("--check", action="store_true", help="exit 0 when each queue has a poller")
    arguments = parser.parse_args()
    queues = arguments.queues.split(",")
    if unknown := [queue for queue in queues if queue not in TASK_QUEUES]:
        parser.error(f"no task queue {unknown[0]!r}; there are {', '.join(TASK_QUEUES)}")
    try:
        sys.exit(asyncio.run(_check(queues) if arguments.check else _serve(queues)))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(error.exit_code)


async def _serve(queues: Sequence[str]) -> int:
    settings = Settings.from_environment()
    with telling(settings.home) as runtime, _traced():
        return await _serve_with(settings, queues, runtime)


@contextmanager
def _traced() -> Iterator[None]:
    if not wanted():
        yield
        return
    from workers.tracing import begin
    from workers.writes import follow_writes

    tracing = begin("interlace")
    follow_writes()
    try:
        yield
    finally:
        tracing.finish()


async def _serve_with(settings: Settings, queues: Sequence[str], runtime: Runtime | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    client = counted(await connect(runtime=runtime or Runtime.default()))  # whose log is standard output
    catalogue = open_catalogue(settings.catalogue_url)
    if directory := os.environ.get("INTERLACE_PROVE"):
        from workers.proving import watched

        client = watched(client, catalogue, Path(directory))
    async with AsyncExitStack() as stack:
        for worker in build(client, catalogue, settings, queues):
            await stack.enter_async_context(worker)
        print(f"serving {', '.join(queues)}", flush=True)
        print(f"reliability profile: {settings.profile.profile}", flush=True)
        if PLACEMENT_QUEUE in queues:
            SOLVERS.warm()
        with kept(settings, queues):
            await stop.wait()
    catalogue.close()
    return 0


async def _check(queues: Sequence[str]) -> int:
    client = await connect()
    missing = [queue for queue in queues if not await has_poller(client, queue)]
    for queue in missing:
        print(f"no worker polls {queue}")
    return 1 if missing else 0


async def has_poller(client: Client, queue: str) -> bool:
    """Whether a worker has asked for activities of `queue` of late."""
    description = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        )
    )
    return bool(description.pollers)


if __name__ == "__main__":
    main()
