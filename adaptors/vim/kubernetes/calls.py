"""One call to a Kubernetes PoP, and the one table from the API server's errors to ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from adaptors.vim.cloud_call import CloudCall
from domain.errors import InputError, VimRefusedError, VimUnavailableError


class Refusal(Exception):
    """Why a call is refused for good, in words; `answering` adds what was called."""


class Unready(Exception):
    """Why a call failed that may be tried again, in words; `answering` adds what was called."""


class Unreachable(Exception):
    """The API server gave no answer that could be read; the network's words."""


class Denied(Exception):
    """The credential cannot be used; why, in words."""


class ApiError(Exception):
    """The API server's answer where it is an error."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        causes: tuple[tuple[str, str, str], ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.causes = causes
        """(reason, field, message) of each."""
        self.retry_after_s = retry_after_s
        super().__init__(message)

    @property
    def is_terminating(self) -> bool:
        """Whether the namespace is being deleted, or has just gone."""
        going = any(reason == "NamespaceTerminating" for reason, _, _ in self.causes)
        return going or (self.status == 403 and "because it is being terminated" in str(self))

    @property
    def is_race(self) -> bool:
        """Whether somebody else wrote at the same time, and to look again helps."""
        return self.status == 409 and not self.managers

    @property
    def managers(self) -> tuple[str, ...]:
        """What other managers hold fields that we want to set, in the server's words."""
        return tuple(
            f"{message}: {field}"
            for reason, field, message in self.causes
            if reason == "FieldManagerConflict"
        )


class Call(CloudCall):
    """One call to a cluster."""

    speaker = "Kubernetes"
    kept = "a context of the worker's kubeconfig"


@contextmanager
def answering(call: Call) -> Iterator[None]:
    """Say what was asked of whom, and whether it is for good."""
    try:
        yield
    except ApiError as error:
        raise _answered(call, error) from error
    except Unreachable as error:
        raise call.unanswered(str(error)) from error
    except Denied as error:
        raise call.denied(str(error)) from error
    except Unready as error:
        raise call.unavailable(str(error)) from error
    except (Refusal, InputError) as error:
        raise call.refused(str(error)) from error


def _answered(call: Call, error: ApiError) -> VimRefusedError | VimUnavailableError:
    words = str(error)
    if error.status == 401:
        return call.denied(f"the credential is not accepted: {words}")
    if error.status == 403 and not error.is_terminating:
        ours = "exceeded quota" in words or "denied the request" in words or "is forbidden: User" not in words
        return call.refused(words) if ours else call.denied(words)
    if error.managers:
        return call.refused(
            f"{'; '.join(error.managers)} (whoever set it must give it up, or delete the object)"
        )
    if error.status == 404:
        return call.unavailable(f"{words} (it went away meanwhile)")
    if error.status in (400, 405, 406, 413, 415, 422):
        return call.refused(words)
    return call.unavailable(words, error.retry_after_s)
