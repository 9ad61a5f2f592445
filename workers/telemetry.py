"""What a worker process tells of itself: its calls and activities, and the SDK's figures beside them."""

import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY, Histogram, start_http_server
from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from adaptors.machine.processes import Process
from domain.errors import InputError
from domain.models import Model

_LOG = logging.getLogger(__name__)

LISTEN_VARIABLE = "INTERLACE_METRICS_LISTEN"
TEMPORAL_LISTEN_VARIABLE = "INTERLACE_TEMPORAL_METRICS_LISTEN"
_DIRECTORY = "metrics"

_ACTIVITIES = Histogram(
    "interlace_activity_duration_seconds",
    "How long attempts of activities took, by what they are called.",
    ("activity", "queue", "outcome"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600),
)
_WAITED = Histogram(
    "interlace_activity_queue_seconds",
    "How long attempts of activities waited for a worker.",
    ("queue",),
    buckets=(0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


class Listening(Model):
    """Where the figures of a worker are."""

    process: Process
    metrics: str
    """host:port of its own."""
    temporal: str
    """host:port of the SDK's."""


def address(text: str, what: str) -> tuple[str, int]:
    """Host and port, as a setting says them.

    :raises InputError: if it is not like 127.0.0.1:9464; port 0 is any that is free
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65535:
        raise InputError(f"{what} is {text!r}: it must be like 127.0.0.1:9464 (port 0: any that is free)")
    return host.strip("[]"), int(port)


@contextmanager
def telling(home: Path) -> Iterator[Runtime | None]:
    """Serve this process' figures where INTERLACE_METRICS_LISTEN says, for as long as this lasts.

    :returns: the runtime with which clients must be made, so that the SDK's figures are served too; None
        where nothing is to be served
    :raises InputError: where a setting is wrong, or its port is taken
    """
    wanted = os.environ.get(LISTEN_VARIABLE)
    if not wanted:
        yield None
        return
    host, port = address(wanted, LISTEN_VARIABLE)
    own, sdk = TEMPORAL_LISTEN_VARIABLE, os.environ.get(TEMPORAL_LISTEN_VARIABLE) or f"{host}:0"
    try:
        server, _ = start_http_server(port, host, REGISTRY)
    except OSError as error:
        raise InputError(f"{LISTEN_VARIABLE} {wanted}: nobody can listen there: {error.strerror}") from error
    sdk_host, sdk_port = address(sdk, own)
    temporal = f"{sdk_host}:{sdk_port or _free_port(sdk_host)}"
    own_file = _write_down(home, f"{host}:{server.server_port}", temporal)
    try:
        yield _runtime(temporal)
    finally:
        own_file.unlink(missing_ok=True)
        server.shutdown()
        server.server_close()


def listening(home: Path) -> tuple[Listening, ...]:
    """The workers of this state directory that tell of themselves and still run."""
    found = []
    for file in sorted((home / _DIRECTORY).glob("*.json")):
        try:
            worker = Listening.model_validate_json(file.read_text())
        except (OSError, ValueError):
            continue
        if worker.process.alive():
            found.append(worker)
        else:
            file.unlink(missing_ok=True)
    return tuple(found)


def counted(client: Client) -> Client:
    """The same client; workers made with it count their activities."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], _Counting()]
    return Client(**config)


class _Counting(ClientInterceptor, WorkerInterceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Counted(next)


class _Counted(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info, began = activity.info(), time.monotonic()
        waited = (info.started_time - info.current_attempt_scheduled_time).total_seconds()
        _WAITED.labels(info.task_queue).observe(max(0.0, waited))
        outcome = "failed"
        try:
            answer = await super().execute_activity(input)
            outcome = "completed"
            return answer
        finally:
            if activity.is_cancelled():
                outcome = "cancelled"
            took = time.monotonic() - began
            _ACTIVITIES.labels(info.activity_type, info.task_queue, outcome).observe(took)


def _runtime(bind: str) -> Runtime:
    """The SDK's figures in Prometheus' own conventions: seconds, and `_total` for what is counted."""
    shown = PrometheusConfig(
        bind_address=bind, counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
    )
    return Runtime(telemetry=TelemetryConfig(metrics=shown))


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _write_down(home: Path, own: str, temporal: str) -> Path:
    directory = home / _DIRECTORY
    worker = Listening(process=Process.of(os.getpid()), metrics=own, temporal=temporal)
    file = directory / f"{os.getpid()}.json"
    draft = file.with_suffix(".new")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        draft.write_text(worker.model_dump_json())
        draft.replace(file)
    except OSError as error:
        _LOG.warning("an exporter here will not name this worker's metrics: %s", error)
    return file
