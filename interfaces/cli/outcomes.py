"""How an operation ended: in words, in JSON, and as an exit code."""

from collections.abc import Iterator

from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError, FailureError

from domain import errors
from domain.names import OperationKind
from domain.requests import OperationResult
from interfaces.cli.output import emit_json

REFUSED = "OperationRefused"


def failed(
    kind: str, service: str, failure: WorkflowFailureError, as_json: bool, ending: str | None = None
) -> int:
    """Tell why an operation failed or was refused. Returns the exit code.

    :param ending: how the operation ended, where its failure does not say
    """
    cause = failure.cause
    refused = isinstance(cause, ApplicationError) and cause.type == REFUSED
    if ending is not None:
        message = f"{kind} of {service} {ending}"
    else:
        message = cause.message if isinstance(cause, FailureError) else str(cause)
    if as_json:
        emit_json({"error": {"type": REFUSED if refused else "OperationFailed", "message": message}})
    else:
        print(f"{'REFUSED' if refused else 'FAILED'}: {message}")
    return exit_code(cause) if refused else 1


def exit_code(refusal: BaseException) -> int:
    """That of the error of ours which made an operation refuse, as if the command line had met it itself.

    What no placement satisfies was asked for too, and nothing was changed.
    """
    for cause in causes(refusal):
        found = getattr(errors, (isinstance(cause, ApplicationError) and cause.type) or "", None)
        if isinstance(found, type) and issubclass(found, errors.InterlaceError):
            return 2 if found is errors.InfeasibleError else found.exit_code
    return 1


def causes(failure: BaseException) -> Iterator[BaseException]:
    """A failure and what it came from."""
    cause: BaseException | None = failure
    while cause is not None:
        yield cause
        cause = cause.__cause__


def succeeded(kind: str, result: OperationResult) -> None:
    """Tell people what an operation came to."""
    for note in result.notes:
        print(f"note: {note}")
    left = ", ".join(result.leftovers)
    if kind == OperationKind.TERMINATE:
        end = f"gone but for leftovers that a sweep deletes: {left}" if left else "gone, without a trace"
        print(f"{result.service} is {end}")
        return
    cost = "" if result.cost_per_hour is None else f" at {result.cost_per_hour:.4f} {result.currency}/h"
    print(f"{result.service} is ACTIVE{cost}")
    if left:
        print(f"left behind, a sweep keeps deleting: {left}")
