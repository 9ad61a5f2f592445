"""The ports that VIM adaptors serve; `tests/contract/test_vim_contract.py` holds each of them to `Vim`."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from adaptors.chaining.port import Switch
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, VimInstance
from domain.models import Model
from domain.networking import HostRoute, PopNetwork
from domain.operation_plans import VimChange
from domain.steering import ImageTraits

Progress = Callable[[str], None]
"""Told what a call waits for, at least each 0.2 s. Where it raises, the call stops at once."""


class Vim(Protocol):
    """One PoP's VIM.

    Every method raises only VimRefusedError (for good) or VimUnavailableError (try again), and the message
    carries the PoP, the resource and the VIM's own words. All methods may be called from many threads.
    """

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        """Find or create the instance of that name and wait until it runs.

        One of that spec that has failed (ERROR) is built anew, in its place: it keeps its addresses. A name
        that is taken by an instance of another spec is refused, whatever that one's status is; to name the
        addresses that an instance was given makes its spec no other. An address that the spec asks for is
        given even while the predecessor has it still.
        """

    def read(self, name: str) -> VimInstance | None:
        """The instance of that name, or None where there is none."""

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        """The PoP's instances that carry all of these tags, by name."""

    def delete(self, name: str, progress: Progress) -> None:
        """Delete the instance, however it stands, and wait until it is gone; not there is no error."""

    def capacity(self) -> tuple[Resources, Resources]:
        """What the PoP has in total, and what of it is in use."""

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        """Give a running instance another config; where it is refused, the old one stays.

        The config that it has already is no error. One that is not there, or does not run, is
        refused. To `create` it is from now on an instance of the spec with this config.
        """

    def ailment(self, name: str) -> str | None:
        """What is wrong with an instance, in the VIM's words; None where it is there and well.

        That it is not there, or not yet, or on its way out, is wrong too.
        """

    def traits(self, image: str) -> ImageTraits:
        """What an image's function says of itself."""


class PortCounters(Model):
    """What went through a connection point since the instance was made, as the instance sees it."""

    rx_packets: int
    rx_bytes: int
    tx_packets: int
    tx_bytes: int
    rx_dropped: int = 0
    tx_dropped: int = 0


class Observation(Model):
    """An instance as it is at one moment."""

    healthy: bool
    detail: str
    """The words of its check, or of what is wrong."""
    cpu_s: float = 0.0
    """Of all its processes since they started."""
    memory_mib: float = 0.0
    ports: dict[str, PortCounters] = {}
    """By connection point."""
    connections: int | None = None
    """That are open: tracked ones where packets pass through it, else TCP connections; None: not known."""
    function: dict[str, Any] = {}
    """What its function reports of itself; a single key `error` where it could not."""
    limits: str = ""
    """What holds it to its resources: `cgroup v2`, `cgroup v1`, or `none: ` and why."""


class Figures(Model):
    """What a cloud measures of an instance by its own means; None: it does not tell that."""

    cpu_s: float | None = None
    """Of processor, since it was made."""
    cpu_cores: float | None = None
    """Processors in use, over the cloud's own window."""
    memory_mib: float | None = None
    ports: dict[str, PortCounters] = {}
    """By connection point."""


@runtime_checkable
class MeasuringVim(Vim, Protocol):
    """A VIM that measures its instances; raises what `Vim` does."""

    def figures(self, names: Collection[str]) -> dict[str, Figures]:
        """What is measured of these instances; those that it has no figures of are left out."""


@runtime_checkable
class NetworkedVim(Vim, Protocol):
    """A VIM whose instances are real processes in a network that we program.

    As for `Vim`, only VimRefusedError and VimUnavailableError are raised; an instance that is not there is
    refused.
    """

    def switch(self) -> Switch:
        """The PoP's switch, whether it runs or not."""

    def routes(self, name: str, routes: Sequence[HostRoute]) -> None:
        """Replace the host routes of an instance; those that stay are not interrupted."""

    def ready(self, name: str, progress: Progress, timeout_s: float) -> None:
        """Wait until the instance can serve, now that its network is connected."""

    def drain(self, name: str, progress: Progress, timeout_s: float) -> str:
        """Let an instance take no new work and wait until none is in flight; how that went, for people.

        A function that is still busy when the time is over is left alone: that is told, and no error.
        """

    def export_state(self, name: str, directory: Path, progress: Progress) -> str:
        """Write an instance's state into an empty directory: tracked connections, and its function's own."""

    def import_state(self, name: str, directory: Path, progress: Progress) -> str:
        """Give an instance what `export_state` wrote; given again, it counts once."""

    def observe(self, name: str) -> Observation:
        """How the instance is now."""

    def log(self, name: str, lines: int) -> str:
        """The last lines that the instance wrote, also after it failed to start, until it is deleted."""

    def command(self, name: str, words: Sequence[str]) -> Sequence[str]:
        """The full words that run a command within the instance's network."""


@runtime_checkable
class ConnectedVim(Vim, Protocol):
    """A VIM that connects instances by its own means: it is told what may flow, and steers by itself.

    As for `Vim`, only VimRefusedError and VimUnavailableError are raised. What `create` needs of a network
    (a subnet, a namespace) it finds or makes by itself; what no instance needs any more goes with
    the last one. Nothing may flow into an instance but what its network admits.
    """

    def connect(self, name: str, part: PopNetwork, progress: Progress) -> None:
        """Find or make the network of this name, and make it admit and steer just this; safe to repeat."""

    def disconnect(self, name: str, progress: Progress) -> None:
        """Take away all that was made for the network of this name; that there is none is fine."""

    def networks(self) -> frozenset[str]:
        """Names of the networks of services that the PoP has something of, by its own listing."""

    def unconnected(self, name: str, part: PopNetwork) -> tuple[str, ...]:
        """What of a network does not stand as it should, in the VIM's words; empty where all does."""


@runtime_checkable
class LeavingVim(Vim, Protocol):
    """A VIM in which something of an instance may be left when the instance itself is not there."""

    def remains(self) -> frozenset[str]:
        """Names of the instances that this is so of; `delete` takes it away. Raises what `Vim` does."""


@runtime_checkable
class HostedVim(Vim, Protocol):
    """A VIM whose instances can be given other resources, or another host of the PoP, and stay themselves.

    They keep their names, addresses and what they were made from. As for `Vim`, only VimRefusedError and
    VimUnavailableError are raised, after which the instance is as it was; one that does not run is refused.
    """

    def resize(self, name: str, resources: Resources, progress: Progress) -> str:
        """Give an instance other resources, with an interruption; how that went, for people.

        To `create` it is from now on an instance of the spec with these resources.
        """

    def move(self, name: str, live: bool, progress: Progress) -> str:
        """Move an instance to another host, which the VIM chooses; how that went, for people.

        :param live: without an interruption that its users notice
        """


@runtime_checkable
class PreviewingVim(Vim, Protocol):
    """A VIM that can tell in its own words what it would change, before anything is done."""

    def preview(
        self, wanted: Sequence[InstanceSpec], unwanted: Sequence[str], progress: Progress
    ) -> tuple[VimChange, ...]:
        """What it would change to have some instances and others no more; nothing is changed, nothing stays.

        :param wanted: an address that is not known yet may stand in their texts as other words
        :raises VimRefusedError: if it would not do that, in its own words
        :raises VimUnavailableError: if it cannot tell now
        """
