"""What goes wrong in a switch, in the two kinds of the VIM ports and in the tool's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

from adaptors.machine.commands import CommandError
from domain.errors import VimRefusedError, VimUnavailableError

_FOR_GOOD = ("syntax error", "Operation not permitted", "Operation not supported", "unknown keyword")


@contextmanager
def told(pop: str) -> Iterator[None]:
    """Raise the failure of a command as one of the PoP's switch."""
    try:
        yield
    except CommandError as error:
        kind = VimRefusedError if any(word in error.said for word in _FOR_GOOD) else VimUnavailableError
        raise kind(f"switch of {pop}: {error}") from error
    except OSError as error:
        raise VimUnavailableError(f"switch of {pop}: {error}") from error
