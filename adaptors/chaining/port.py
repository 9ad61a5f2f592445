"""The ports of a PoP's switch: chaining, which programs it, and the switch itself where it is ours to run."""

from collections.abc import Sequence
from typing import Protocol

from adaptors.machine.abilities import Datapath
from domain.networking import Rule


class Chaining(Protocol):
    """One PoP's switch. Every method raises only VimRefusedError or VimUnavailableError."""

    def program(self, network: str, rules: Sequence[Rule]) -> None:
        """Replace all rules of a service's network on this switch in one atomic change; none removes it.

        No packet sees half of the change, and no other network notices it.
        """

    def packets(self, network: str) -> dict[str, int]:
        """Rule name -> packets that it took since the network was programmed last."""

    def networks(self) -> frozenset[str]:
        """The networks that have rules on this switch."""


class Switch(Chaining, Protocol):
    """A switch that the emulator runs in a network namespace of its own, named by `Place.switch`."""

    datapath: Datapath

    def ensure(self) -> None:
        """Make the switch run: found, built, or brought back with all its ports and rules after a crash."""

    def attach(self, interface: str) -> None:
        """Make an interface of the switch's namespace one of its ports; one that is a port is fine."""

    def detach(self, interface: str) -> None:
        """Take a port away; one that is not there is fine."""

    def healthy(self) -> bool:
        """Whether all its processes run; costs next to nothing."""

    def retire(self) -> None:
        """Take the switch down if it has neither ports nor rules."""

    def remove(self) -> None:
        """Take the switch down: processes, namespace and files. One that is not there is fine."""
