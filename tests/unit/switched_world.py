"""PoPs with switches that only note what they are told: what a step does at a network can be seen there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from activities.pops import Pops
from adaptors.chaining.compile import compile_network
from adaptors.chaining.partial import joinable
from adaptors.network.port import Progress
from adaptors.vim.port import Vim
from adaptors.vim.registry import open_vim
from domain.descriptor import Descriptor
from domain.errors import VimRefusedError
from domain.instances import InstanceSpec, PopAccess, VimInstance, VimPort
from domain.networking import Connection, HostRoute, PopNetwork, ServiceNetwork, WanLink
from domain.plans import Plan, ServiceGraph


@dataclass
class Notes:
    """What was done to networks, since the test began."""

    joined: list[tuple[str, str]] = field(default_factory=list)
    parts: dict[str, dict[str, PopNetwork]] = field(default_factory=dict)
    """PoP -> network -> its part."""
    removed: list[tuple[str, str]] = field(default_factory=list)
    verified: list[dict[str, str]] = field(default_factory=list)
    drained: list[tuple[str, float]] = field(default_factory=list)
    imported: list[tuple[str, str]] = field(default_factory=list)
    fails_import: bool = False


class SwitchedPops(Pops):
    """Modelled VIMs, each with a switch."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.notes = Notes()

    def vim(self, pop: str) -> Vim:
        """As a modelled one, whatever its kind."""
        known = self._known(pop)
        access = PopAccess(name=pop, capacity=known.capacity, settings=known.vim.settings)
        return SwitchedVim(open_vim("modelled", access, self._home), pop, self.notes)

    def network(self, kind: str) -> Any:
        """Notes what it is told."""
        return NotingNetwork(self.notes)


class NotingNetwork:
    """Serves the port `Network`."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def compile(
        self,
        name: str,
        descriptor: Descriptor,
        graph: ServiceGraph,
        plan: Plan,
        points: Mapping[str, VimInstance],
    ) -> ServiceNetwork:
        there = joinable(graph, descriptor, points)
        return compile_network(name, descriptor, there, plan, points, lambda link: f"wan-{link}"[:15])

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        progress(f"joining {link.name}")
        self._notes.joined.append((link.name, name))

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        progress(f"rules of {name}")
        self._notes.parts.setdefault(part.pop, {})[name] = part

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        self._notes.parts.get(pop, {}).pop(name, None)
        self._notes.removed.append((name, pop))

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        progress("probing")
        self._notes.verified.append(dict(instances))
        return Connection(dataplane="noted", overlay="none")


@dataclass(frozen=True)
class NotingSwitch:
    """Of the port `Switch`, what a comparison needs."""

    known: frozenset[str]

    def networks(self) -> frozenset[str]:
        return self.known


class SwitchedVim:
    """Serves the port `NetworkedVim`."""

    def __init__(self, inner: Vim, pop: str, notes: Notes) -> None:
        self._inner = inner
        self._pop = pop
        self._notes = notes
        self.list, self.delete, self.capacity = inner.list, inner.delete, inner.capacity
        self.configure, self.ailment, self.traits = inner.configure, inner.ailment, inner.traits

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        made = self._inner.create(spec, progress)
        return made.model_copy(update={"ports": _ports(made)})

    def read(self, name: str) -> VimInstance | None:
        found = self._inner.read(name)
        return found and found.model_copy(update={"ports": _ports(found)})

    def switch(self) -> NotingSwitch:
        return NotingSwitch(frozenset(self._notes.parts.get(self._pop, ())))

    def routes(self, name: str, routes: Sequence[HostRoute]) -> None:
        raise NotImplementedError

    def ready(self, name: str, progress: Progress, timeout_s: float) -> None:
        raise NotImplementedError

    def observe(self, name: str) -> Any:
        raise NotImplementedError

    def log(self, name: str, lines: int) -> str:
        raise NotImplementedError

    def command(self, name: str, words: Sequence[str]) -> Sequence[str]:
        raise NotImplementedError

    def drain(self, name: str, progress: Progress, timeout_s: float) -> str:
        self._notes.drained.append((name, timeout_s))
        return "nothing was in flight"

    def export_state(self, name: str, directory: Path, progress: Progress) -> str:
        assert list(directory.iterdir()) == []
        (directory / "state").write_text(name)
        return "3 connections written"

    def import_state(self, name: str, directory: Path, progress: Progress) -> str:
        if self._notes.fails_import:
            raise VimRefusedError(f"PoP {self._pop}: {name} takes no state")
        self._notes.imported.append((name, (directory / "state").read_text()))
        return "3 connections copied"


def _ports(found: VimInstance) -> tuple[VimPort, ...]:
    """Two, of the points that the test's components have; the first has the instance's address."""
    number = int(sha256(found.name.encode()).hexdigest()[:6], 16)
    points = {"web": ("http",), "client": ("out",)}.get(found.tags["component"], ("users",))
    return tuple(
        VimPort(
            connection_point=point,
            switch_interface=f"p{number:06x}{index}",
            mac=f"02:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}:{index:02x}",
            address=found.address,
        )
        for index, point in enumerate(points)
    )
