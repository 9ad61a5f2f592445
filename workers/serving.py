"""A worker process: what it is made of, from its settings to its end."""

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from temporalio.runtime import Runtime

from activities.tracing import wanted
from catalogue.store import open_catalogue
from domain.names import PLACEMENT_QUEUE
from placement.solving.solvers import SOLVERS
from workers.assembly import build
from workers.keeping import kept
from workers.plugin import connect
from workers.pollers import has_poller
from workers.settings import Settings
from workers.telemetry import counted, telling


async def serve(queues: Sequence[str]) -> int:
    """Serve task queues until SIGTERM or SIGINT; the exit code."""
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


async def check(queues: Sequence[str]) -> int:
    """Whether each of the queues is served; the exit code."""
    client = await connect()
    missing = [queue for queue in queues if not await has_poller(client, queue)]
    for queue in missing:
        print(f"no worker polls {queue}")
    return 1 if missing else 0
