"""From Interlace's errors to Temporal's: what is permanent is not retried, what is temporary says when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.exceptions import ApplicationError

from domain.errors import InterlaceError, PermanentError, ReservationConflictError, TemporaryError


@contextmanager
def translated() -> Iterator[None]:
    """Raise an ApplicationError of the same name and message for each error of ours.

    A reservation conflict is not retried as it is: the workflow solves again instead.
    """
    try:
        yield
    except InterlaceError as error:
        final = isinstance(error, PermanentError | ReservationConflictError)
        delay = error.retry_after_s if isinstance(error, TemporaryError) else None
        raise ApplicationError(
            str(error),
            type=type(error).__name__,
            non_retryable=final,
            next_retry_delay=timedelta(seconds=delay) if delay else None,
        ) from None  # whose words are in ours; with its stack it could exceed what a failure may hold
