"""Starting an operation as a proof does."""

from datetime import timedelta

from temporalio.client import Client, WorkflowHandle

from domain import names
from domain.lifecycle import AnyRequest
from domain.names import OperationKind

_TASK_TIMEOUT = timedelta(seconds=2)
"""What it costs at most that a worker dies while it decides what comes next."""


async def start_operation(
    client: Client, kind: OperationKind, request: AnyRequest
) -> WorkflowHandle[object, object]:
    """Start the operation's workflow, under the id that serialises the operations on a service."""
    return await client.start_workflow(
        kind.value,
        request,
        id=names.service_workflow_id(request.service),
        task_queue=names.ORCHESTRATION_QUEUE,
        task_timeout=_TASK_TIMEOUT,
    )
