"""How every client, worker and replayer of Interlace speaks with Temporal."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache

from pydantic import ValidationError
from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from activities.tracing import wanted

_SHARED_WITH_WORKFLOWS = (
    *("domain", "pydantic", "pydantic_core"),
    *("workflows.board", "workflows.calls", "workflows.cuts", "workflows.failures", "workflows.fusing"),
    "workflows.operation",
    *("workflows.planning", "workflows.returning", "workflows.steerable", "workflows.steered"),
    *("workflows.stepping", "workflows.unplanned"),
)
"""Loaded once, not anew for every workflow; an import of anything else fails when the worker is built."""

GRACE = timedelta(seconds=30)


def plugin() -> SimplePlugin:
    """Converter, sandbox, and the errors that fail a workflow rather than hang it."""
    return SimplePlugin(
        "interlace",
        data_converter=pydantic_data_converter,
        workflow_runner=_sandbox,
        workflow_failure_exception_types=[ValidationError],
    )


def _sandbox(_: WorkflowRunner | None) -> WorkflowRunner:
    policy = (
        SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        | SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    )
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*_SHARED_WITH_WORKFLOWS)
    return SandboxedWorkflowRunner(restrictions=restrictions.with_import_notification_policy(policy))


async def connect(address: str | None = None, runtime: Runtime | None = None) -> Client:
    """A client as temporalio.envconfig says (address, mTLS, API key, profiles); `address` comes first.

    :param runtime: with what the SDK's core tells and serves of itself; None: it says nothing, as standard
        output belongs to the command that asks
    """
    from temporalio.envconfig import ClientConfig

    config = ClientConfig.load_client_connect_config()
    if address:
        config["target_host"] = address
    config.setdefault("target_host", "127.0.0.1:7233")
    return await Client.connect(
        **config, plugins=[plugin()], interceptors=_tracing(), runtime=runtime or _quiet()
    )


@cache
def _quiet() -> Runtime:
    return Runtime(telemetry=TelemetryConfig(logging=None))


def _tracing() -> Sequence[Interceptor]:
    """That of a process which has begun to tell its spans; the workers that a client is for have it too."""
    if not wanted():
        return ()
    from workers.spans import Spans
    from workers.tracing import begun

    tracing = begun()
    return [Spans(tracing)] if tracing else ()
