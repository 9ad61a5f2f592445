"""The operation under way on a service, as `interlace status` shows it."""

import asyncio
from datetime import UTC, datetime

from temporalio.service import RPCError

from domain.errors import InterlaceError
from domain.models import Model
from domain.phases import OperationState
from domain.records import OperationRecord
from domain.requests import OperationProgress, OperationResult
from interfaces.cli.follow import progress_of
from interfaces.cli.session import temporal
from interfaces.cli.steps import MARKS, counts, held, lasting, pause, remedies, told


class Running(Model):
    """An operation under way."""

    elapsed_s: float
    progress: OperationProgress | None
    """None where it cannot be asked now."""
    silence: str = ""
    """Why it cannot be asked."""


def running(operation: OperationRecord) -> Running | None:
    """Ask the operation how far it is; None where it has ended.

    The catalogue is told of an end last: one that Temporal has ended without that is said to be silent.
    """
    if operation.state is not OperationState.PROCESSING:
        return None
    elapsed = (datetime.now(UTC) - operation.started_at).total_seconds()
    try:
        progress = asyncio.run(_ask(operation.workflow_id))
    except (InterlaceError, RPCError) as error:
        return Running(elapsed_s=elapsed, progress=None, silence=str(error))
    return Running(
        elapsed_s=elapsed, progress=progress, silence="" if progress else "no worker answers at the moment"
    )


async def _ask(workflow_id: str) -> OperationProgress | None:
    client = await temporal()
    return await progress_of(client.get_workflow_handle(workflow_id, result_type=OperationResult))


def show_running(found: Running) -> None:
    """Print it for people."""
    progress = found.progress
    if progress is None:
        print(f"           for {lasting(round(found.elapsed_s))}; its steps are not known: {found.silence}")
        return
    print(f"           {progress.phase}, {_time(found, progress)}{_plan(progress)}")
    if paused := pause(progress):
        print(f"           {paused}")
    if progress.failure:
        print(f"           because: {progress.failure}")
    print(f"steps      {counts(progress.steps) or 'none yet'}")
    now = datetime.now(UTC)
    for step in progress.steps:
        mark, _ = MARKS[step.state]
        print(f"  {mark} {step.state:8} {told(step, now)}{_handle(step.id)}")
    for step in held(progress):
        print(f"{remedies(step, progress.service)}")


def _time(found: Running, progress: OperationProgress) -> str:
    expected = progress.expected_duration_s
    of = f" of about {lasting(round(expected))}" if expected else ""
    return f"for {lasting(round(found.elapsed_s))}{of}"


def _plan(progress: OperationProgress) -> str:
    return f", {progress.plan_id}" if progress.plan_id else ""


def _handle(step_id: str) -> str:
    """By which an operator may name it."""
    return f"  [{step_id}]" if step_id else ""
