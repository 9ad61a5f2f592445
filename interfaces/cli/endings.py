"""What the end of a workflow does not say by itself: what a cancel left, what an end by force means."""

import re

from temporalio.exceptions import CancelledError, TerminatedError, TimeoutError
from temporalio.service import RPCError

from domain.errors import UnknownError
from domain.records import OperationRecord
from interfaces.cli.holding import Handle, in_words
from interfaces.cli.session import catalogue


async def ending(handle: Handle, service: str, cause: BaseException) -> str | None:
    """The rest of a sentence that begins with the operation; None where the failure says it all."""
    if isinstance(cause, CancelledError):
        record = await _record_of(handle)
        return cancelled(record.failure if record else None)
    if isinstance(cause, TerminatedError | TimeoutError):
        end = "TERMINATED" if isinstance(cause, TerminatedError) else "TIMED_OUT"
        return f"failed: {in_words(end, service)}"
    return None


def cancelled(failure: str | None) -> str:
    """From what the catalogue has noted of a cancelled operation: `cancelled (how it came back)`."""
    if failure is None:
        return "was cancelled before it began"
    noted = re.fullmatch(r"cancelled(?: \((.*)\))?", failure, re.DOTALL)
    if noted is None:
        return f"was cancelled: {failure}"
    how = (noted[1] or "and undone").strip().replace("and was undone", "and undone", 1)
    if how.startswith(";"):
        return f"was cancelled{how}"
    return f"was cancelled{' ' if how.startswith('and ') else ', '}{how}"


async def _record_of(handle: Handle) -> OperationRecord | None:
    """What the catalogue has of the operation, whose id comes from the first of its runs."""
    try:
        info = (await handle.describe()).raw_description.workflow_execution_info
    except RPCError:
        return None
    run = info.first_run_id or info.execution.run_id
    with catalogue() as store:
        try:
            return store.operations.get(f"{info.type.name.lower()}-{run}")
        except UnknownError:
            return None
