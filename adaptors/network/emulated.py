"""Networks of services on the emulator: its switches, its WAN and its instances' routes, put together."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from adaptors.chaining.compile import compile_network
from adaptors.chaining.partial import joinable
from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch
from adaptors.machine.abilities import examine
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.place import tunnel_interface
from adaptors.network.port import Progress
from adaptors.network.probing import Prober
from adaptors.vim.emulator.turns import patiently
from adaptors.vim.port import NetworkedVim
from adaptors.wan.emulated import EmulatedWan, open_wan
from domain.descriptor import Descriptor
from domain.errors import VimRefusedError, VimUnavailableError
from domain.instances import VimInstance
from domain.networking import Connection, PopNetwork, ServiceNetwork, WanLink
from domain.plans import Plan, ServiceGraph

_READY_S = 30.0

OpenVim = Callable[[str], NetworkedVim]
"""The VIM of a PoP."""


class EmulatedNetwork:
    """Serves the port `Network`."""

    def __init__(self, machine: Machine, wan: EmulatedWan, vim_of: OpenVim) -> None:
        self._machine = machine
        self._wan = wan
        self._vim_of = vim_of

    def compile(
        self,
        name: str,
        descriptor: Descriptor,
        graph: ServiceGraph,
        plan: Plan,
        points: Mapping[str, VimInstance],
    ) -> ServiceNetwork:
        there = joinable(graph, descriptor, points)
        return compile_network(name, descriptor, there, plan, points, tunnel_interface)

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        for pop in link.between:
            patiently(self._switch(pop).ensure, progress, f"the switch of {pop}")
        patiently(lambda: self._wan.join(link, name, _quiet), progress, f"WAN link {link.name}")

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        vim = self._vim_of(part.pop)
        with _told(part.pop, f"network {name}"):
            share = partial(self._wan.share, name, part.pop, part.shares)
            patiently(share, progress, f"shares of the WAN of {part.pop}")
            for resource, routes in part.routes.items():
                patiently(partial(vim.routes, resource, routes), progress, f"routes of {resource}")
            switch = self._switch(part.pop)
            program = partial(switch.program, name, part.rules)
            patiently(program, progress, f"{len(part.rules)} rules of {name}")
            ends = self._leave(name, part.pop, _links(part), progress)
            self._retire(ends if part.rules else {part.pop, *ends}, switch, progress)

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        with _told(pop, f"network {name}"):
            switch = self._switch(pop)
            if name in switch.networks():
                patiently(lambda: switch.program(name, ()), progress, f"rules of {name}")
            self._retire({pop, *self._leave(name, pop, (), progress)}, switch, progress)

    def _leave(self, name: str, pop: str, links: Collection[str], progress: Progress) -> frozenset[str]:
        """Give up all links but these; the PoPs at the ends of those given up."""
        return patiently(partial(self._wan.leave, name, pop, links), progress, f"links of {name}")

    def _retire(self, pops: Collection[str], like: Switch, progress: Progress) -> None:
        """Take down those switches that have nothing left."""
        for pop in sorted(pops):
            known = open_switch(self._machine, pop, like.datapath)
            patiently(known.retire, progress, f"the switch of {pop}")

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        switches = {pop: self._switch(pop) for pop in network.pops}
        probes = Prober(self._machine, network, switches).probe_all(progress)
        for name, pop in instances.items():
            self._await_ready(name, pop, progress)
        datapaths = {switch.datapath for switch in switches.values()}
        return Connection(
            dataplane="+".join(sorted(datapaths)), overlay=self._overlay(network), probes=probes
        )

    def _await_ready(self, name: str, pop: str, progress: Progress) -> None:
        """What is not ready in this time, with its network there, will not be: asking again cannot help."""
        try:
            self._vim_of(pop).ready(name, progress, _READY_S)
        except VimUnavailableError as error:
            raise VimRefusedError(str(error)) from error

    def _overlay(self, network: ServiceNetwork) -> str:
        if not any(part.shares for part in network.pops.values()):
            return "none needed: one PoP"
        return self._wan.overlay()

    def _switch(self, pop: str) -> Switch:
        return self._vim_of(pop).switch()


def _links(part: PopNetwork) -> frozenset[str]:
    return frozenset(share.physical_link for share in part.shares)


def _quiet(_: str) -> None:
    """Somebody else tells the progress."""


@contextmanager
def _told(pop: str, what: str) -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise VimUnavailableError(f"PoP {pop}: {what}: {error}") from error


def open_emulated(vim_of: OpenVim, home: Path) -> EmulatedNetwork:
    """The network of the emulator on this machine.

    :raises VimRefusedError: if this machine allows none
    """
    abilities, machine = examine(home)
    if machine is None:
        raise VimRefusedError(f"this machine cannot run the emulator: {abilities.why}")
    return EmulatedNetwork(machine, open_wan(home), vim_of)
