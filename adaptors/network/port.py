"""The port that connects services on the PoPs of one kind of VIM."""

from collections.abc import Callable, Mapping
from typing import Protocol

from domain.descriptor import Descriptor
from domain.instances import VimInstance
from domain.networking import Connection, PopNetwork, ServiceNetwork, WanLink
from domain.plans import Plan, ServiceGraph

Progress = Callable[[str], None]


class Network(Protocol):
    """Every method raises only VimRefusedError or VimUnavailableError; many threads may call."""

    def compile(
        self,
        name: str,
        descriptor: Descriptor,
        graph: ServiceGraph,
        plan: Plan,
        points: Mapping[str, VimInstance],
    ) -> ServiceNetwork:
        """What each PoP is to be told of a placed service's network; nothing is touched.

        Links to what an instance does not have yet, in a rolling update, are left out.

        :param name: under which the PoPs are to know it
        :param points: instance or endpoint -> how its VIM reports it
        :raises InputError: a chain cannot be steered, contradicts another, or lacks a port or a route
        """

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        """Find or build a link between two PoPs for the network of this name."""

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        """Make one PoP's part of the network be just this."""

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        """Take away all that a PoP has of the network; that there is none is fine."""

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        """Send a probe through every segment, then wait until each instance (resource -> PoP) is ready."""
