"""How large one heartbeat is, as it is sent: taken from a real activity's token."""

import os
import socket
from datetime import timedelta

from temporalio.api.command.v1 import Command, ScheduleActivityTaskCommandAttributes
from temporalio.api.common.v1 import ActivityType, Payloads
from temporalio.api.enums.v1 import CommandType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollActivityTaskQueueRequest,
    PollWorkflowTaskQueueRequest,
    RecordActivityTaskHeartbeatRequest,
    RespondWorkflowTaskCompletedRequest,
)
from temporalio.client import Client

_QUEUE, _NAME = "heartbeat-sizes", "heartbeat-size"
_SERVICE = "service/measured-migrate-0001"
_ACTIVITY = "instance.create"
_SAID = "instance measured-migrate-0001-eight-0a1b2c3d is being built"
_WITHIN = timedelta(seconds=30)


async def heartbeat_bytes(client: Client) -> int:
    """Of one heartbeat of a step; nobody but this one serves the workflow that is started for it."""
    handle = await client.start_workflow(_NAME, id=_SERVICE, task_queue=_QUEUE, execution_timeout=_WITHIN)
    try:
        token = await _token(client)
    finally:
        await handle.terminate("its size is known")
    said: Payloads = Payloads(payloads=await client.data_converter.encode([_SAID]))
    beat = RecordActivityTaskHeartbeatRequest(
        namespace=client.namespace,
        task_token=token,
        identity=f"{os.getpid()}@{socket.gethostname()}",
        details=said,
    )
    return beat.ByteSize()


async def _token(client: Client) -> bytes:
    service, queue = client.workflow_service, TaskQueue(name=_QUEUE)
    task = await service.poll_workflow_task_queue(
        PollWorkflowTaskQueueRequest(namespace=client.namespace, task_queue=queue), timeout=_WITHIN
    )
    wanted = ScheduleActivityTaskCommandAttributes(
        activity_id="1", activity_type=ActivityType(name=_ACTIVITY), task_queue=queue
    )
    wanted.start_to_close_timeout.FromTimedelta(_WITHIN)
    command = Command(
        command_type=CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
        schedule_activity_task_command_attributes=wanted,
    )
    done = RespondWorkflowTaskCompletedRequest(
        namespace=client.namespace, task_token=task.task_token, commands=[command]
    )
    await service.respond_workflow_task_completed(done)
    given = await service.poll_activity_task_queue(
        PollActivityTaskQueueRequest(namespace=client.namespace, task_queue=queue), timeout=_WITHIN
    )
    return given.task_token
