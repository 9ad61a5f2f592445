"""The error vocabulary. Two kinds matter to whoever calls: permanent (do not try again) and temporary (do).

InterlaceError
├── PermanentError
│   ├── InputError              bad input: a document, a name, a request      (exit code 2)
│   │   ├── DocumentError       a file's errors, all of them, with line and field path
│   │   ├── UnknownError        no such descriptor, service, PoP, operation
│   │   └── ExistsError         it exists already and is immutable or taken
│   ├── InUseError              a change of the infrastructure would drop what is in use
│   ├── InfeasibleError         no placement satisfies the descriptor, with the first reason
│   ├── BusyError               another operation holds the service
│   ├── FencedError             this operation's lease was taken over; it must not write any more
│   └── VimRefusedError         the VIM said no for good (quota, bad image, forbidden)
└── TemporaryError
    ├── ReservationConflictError  somebody else took the capacity since the snapshot: solve again
    └── VimUnavailableError       outage, overload, lost answer: try again after `retry_after_s`
"""

from domain.models import Model


class InterlaceError(Exception):
    """Root of all errors that Interlace raises on purpose. `str(error)` is the message for the user."""

    exit_code = 1


class PermanentError(InterlaceError):
    """Trying again cannot help."""


class InputError(PermanentError):
    """The caller's input is wrong; nothing was changed."""

    exit_code = 2


class Issue(Model):
    """One thing that is wrong in a document."""

    line: int | None
    """1-based line in the file, where known."""
    path: str
    """Field path, such as components.web.resources.memory."""
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        field = f"{self.path}: " if self.path else ""
        return f"{where}{field}{self.message}"


class DocumentError(InputError):
    """A document is wrong; carries every issue found, not only the first."""

    def __init__(self, source: str, issues: list[Issue]) -> None:
        self.source = source
        self.issues = issues
        plural = "error" if len(issues) == 1 else "errors"
        super().__init__(
            "\n".join([f"{source}: {len(issues)} {plural}", *(f"  {issue}" for issue in issues)])
        )


class UnknownError(InputError):
    """What was named does not exist."""


class ExistsError(InputError):
    """What was to be made exists already."""


class InUseError(PermanentError):
    """A change would remove or shrink what services still use."""

    exit_code = 2


class InfeasibleError(PermanentError):
    """No placement satisfies the request."""


class BusyError(PermanentError):
    """Another operation holds the service; the message says which and since when."""

    exit_code = 2


class FencedError(PermanentError):
    """The operation lost its lease to a newer one and may not change the service any more."""


class VimRefusedError(PermanentError):
    """The VIM refused for good; the message carries its own words."""


class TemporaryError(InterlaceError):
    """Trying again may help."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class ReservationConflictError(TemporaryError):
    """The capacity that a plan counted on is gone."""


class VimUnavailableError(TemporaryError):
    """The VIM did not answer, or answered that it cannot now."""
