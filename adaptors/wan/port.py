"""The port that every WAN adaptor serves: the links between PoPs and the overlay over them."""

from collections.abc import Callable, Sequence
from typing import Protocol

from domain.networking import Share, WanLink

Progress = Callable[[str], None]


class Wan(Protocol):
    """All links of one infrastructure. Every method raises only VimRefusedError or VimUnavailableError."""

    def join(self, link: WanLink, service: str, progress: Progress) -> None:
        """Find or build the link and the overlay over it, and note that the service uses it."""

    def share(self, service: str, pop: str, shares: Sequence[Share]) -> None:
        """Give the service just these shares of what leaves this PoP, in place of its earlier ones."""

    def leave(self, service: str, pop: str) -> None:
        """The service no longer needs its links at this PoP; a link that nobody uses is taken down."""
