"""The operation under way on a service, as `interlace status` shows it."""

import asyncio
from datetime import UTC, datetime

from temporalio.service import RPCError

from domain.errors import InterlaceError
from domain.models import Model
from domain.phases import OperationState, Phase
from domain.records import OperationRecord
from domain.requests import OperationProgress
from interfaces.cli.holding import Condition, condition_of, in_words
from interfaces.cli.session import temporal
from interfaces.cli.steps import MARKS, counts, held, lasting, pause, remedies, told


class Running(Model):
    """An operation under way."""

    elapsed_s: float
    progress: OperationProgress | None
    """None where it cannot be asked now."""
    silence: str = ""
    """Why it cannot be asked."""
    dead: str = ""
    """How its workflow ended without giving the service back, and what puts that right."""


def running(operation: OperationRecord) -> Running | None:
    """Ask the operation how far it is; None where it has ended."""
    if operation.state is not OperationState.PROCESSING:
        return None
    elapsed = (datetime.now(UTC) - operation.started_at).total_seconds()
    try:
        found = asyncio.run(_ask(operation))
    except (InterlaceError, RPCError) as error:
        return Running(elapsed_s=elapsed, progress=None, silence=str(error))
    if found.end:
        return Running(elapsed_s=elapsed, progress=None, dead=in_words(found.end, operation.service))
    silence = "" if found.progress else "no worker answers at the moment"
    return Running(elapsed_s=elapsed, progress=found.progress, silence=silence)


async def _ask(operation: OperationRecord) -> Condition:
    return await condition_of(await temporal(), operation)


def show_running(found: Running) -> None:
    """Print it for people."""
    progress = found.progress
    if found.dead:
        return  # its steps go no further: whatever they say is no longer so
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
    if progress.phase is Phase.UNDOING and any(step.state == "retrying" for step in progress.steps):
        print(f"interlace retry|skip {progress.service} STEP: try again now, or go on without it")


def _time(found: Running, progress: OperationProgress) -> str:
    expected = progress.expected_duration_s
    of = f" of about {lasting(round(expected))}" if expected else ""
    return f"for {lasting(round(found.elapsed_s))}{of}"


def _plan(progress: OperationProgress) -> str:
    return f", {progress.plan_id}" if progress.plan_id else ""


def _handle(step_id: str) -> str:
    """By which an operator may name it."""
    return f"  [{step_id}]" if step_id else ""
