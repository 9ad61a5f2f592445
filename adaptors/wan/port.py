"""The port that every WAN adaptor serves: the links between PoPs and the overlay over them."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from domain.networking import Share, WanLink

Progress = Callable[[str], None]


class Wan(Protocol):
    """All links of one infrastructure. Every method raises only VimRefusedError or VimUnavailableError."""

    def join(self, link: WanLink, service: str, progress: Progress) -> None:
        """Find or build the link and the overlay over it, and note that the service uses it."""

    def share(self, service: str, pop: str, shares: Sequence[Share]) -> None:
        """Give the service just these shares of what leaves this PoP, in place of its earlier ones."""

    def leave(self, service: str, pop: str, keeping: Collection[str] = ()) -> frozenset[str]:
        """The service no longer needs its links at this PoP, but for those that it keeps.

        A link that nobody uses is taken down. Returns the PoPs at the ends of those that it gave up.
        """
