"""The port that connects services on the PoPs of one kind of VIM."""

from collections.abc import Callable, Mapping
from typing import Protocol

from domain.networking import Connection, PopNetwork, ServiceNetwork, WanLink

Progress = Callable[[str], None]


class Network(Protocol):
    """Every method raises only VimRefusedError or VimUnavailableError; many threads may call."""

    def tunnel(self, physical_link: str) -> str:
        """The switches' interface of the overlay over a physical link."""

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        """Find or build a link between two PoPs for the network of this name."""

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        """Make one PoP's part of the network be just this."""

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        """Take away all that a PoP has of the network; that there is none is fine."""

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        """Send a probe through every segment, then wait until each instance (resource -> PoP) is ready."""
