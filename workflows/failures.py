"""What to tell people of a failure: its cause, in our message that holds the other side's words."""

from temporalio.exceptions import ActivityError, ApplicationError, FailureError, TimeoutError

_REFUSALS = ("InputError", "DocumentError", "UnknownError", "ExistsError", "InfeasibleError", "InUseError")
"""Errors of planning that say: nothing was changed, ask for something else."""


def root_cause(failure: BaseException) -> str:
    """The first message of ours along the causes; it says where, what, and why. Else that time ran out."""
    found = _message(failure)
    cause: BaseException | None = failure
    while cause is not None:
        if isinstance(cause, ApplicationError):
            return cause.message
        if isinstance(cause, TimeoutError):
            found = _message(cause)
        cause = cause.__cause__ if isinstance(cause, FailureError) else None
    return found


def refuses(failure: BaseException) -> bool:
    """Whether planning says that something else must be asked for."""
    cause = _of_activity(failure)
    return isinstance(cause, ApplicationError) and cause.type in _REFUSALS


def is_final(failure: BaseException) -> bool:
    """Whether an activity says that it would fail again."""
    cause = _of_activity(failure)
    return isinstance(cause, ApplicationError) and cause.non_retryable


def _of_activity(failure: BaseException) -> BaseException | None:
    """What an activity failed of. A local one's failure may come as it is."""
    return failure.cause if isinstance(failure, ActivityError) else failure


def _message(failure: BaseException) -> str:
    if isinstance(failure, TimeoutError):
        kind = failure.type.name.lower().replace("_", "-") if failure.type else "unknown"
        return f"no answer in time ({kind} timeout)"
    return failure.message if isinstance(failure, FailureError) else str(failure)
