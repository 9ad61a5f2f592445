"""How every client, worker and replayer of Interlace speaks with Temporal."""

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar

from pydantic import ValidationError
from temporalio.client import Client, Interceptor
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.plugin import SimplePlugin
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import (
    UnsandboxedWorkflowRunner,
    WorkflowInstance,
    WorkflowInstanceDetails,
    WorkflowRunner,
)
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


class _Checked(WorkflowRunner):
    """Loads workflows in Temporal's sandbox when a worker is built, and runs them outside of it.

    A forbidden import fails before anything runs. What runs later would be watched little: the modules that
    hold the workflows' logic are shared with the sandbox. The replay tests run all of it in there.
    """

    _loaded: ClassVar[set[type]] = set()
    """By this process."""

    def __init__(self) -> None:
        self._sandbox, self._bare = _sandbox(), UnsandboxedWorkflowRunner()

    def prepare_workflow(self, defn: Any) -> None:
        if defn.cls not in self._loaded:
            self._sandbox.prepare_workflow(defn)
            self._loaded.add(defn.cls)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return self._bare.create_instance(det)

    def set_worker_level_failure_exception_types(self, types: Sequence[type[BaseException]]) -> None:
        self._sandbox.set_worker_level_failure_exception_types(types)


def plugin(*, sandboxed: bool = False) -> SimplePlugin:
    """Converter, what runs workflows, and the errors that fail a workflow rather than hang it.

    :param sandboxed: whether workflows run in Temporal's sandbox, too, and are not only loaded in it
    """
    return SimplePlugin(
        "interlace",
        data_converter=pydantic_data_converter,
        workflow_runner=lambda _: _sandbox() if sandboxed else _Checked(),
        workflow_failure_exception_types=[ValidationError],
    )


def _sandbox() -> WorkflowRunner:
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
