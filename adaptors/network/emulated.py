"""Networks of services on the emulator: its switches, its WAN and its instances' routes, put together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adaptors.chaining.port import Switch
from adaptors.chaining.switches import open_switch, switch_names
from adaptors.machine.abilities import examine
from adaptors.machine.commands import CommandError, Machine
from adaptors.machine.place import tunnel_interface
from adaptors.network.port import Progress
from adaptors.network.probing import Prober
from adaptors.vim.port import NetworkedVim
from adaptors.wan.emulated import EmulatedWan, open_wan
from domain.errors import VimRefusedError, VimUnavailableError
from domain.networking import Connection, PopNetwork, ServiceNetwork, WanLink

_READY_S = 30.0

OpenVim = Callable[[str], NetworkedVim]
"""The VIM of a PoP."""


class EmulatedNetwork:
    """Serves the port `Network`."""

    def __init__(self, machine: Machine, wan: EmulatedWan, vim_of: OpenVim) -> None:
        self._machine = machine
        self._wan = wan
        self._vim_of = vim_of

    def tunnel(self, physical_link: str) -> str:
        return tunnel_interface(physical_link)

    def join(self, link: WanLink, name: str, progress: Progress) -> None:
        for pop in link.between:
            progress(f"the switch of {pop}")
            self._switch(pop).ensure()
        self._wan.join(link, name, progress)

    def apply(self, name: str, part: PopNetwork, progress: Progress) -> None:
        vim = self._vim_of(part.pop)
        with _told(part.pop, f"network {name}"):
            progress("shares of the WAN")
            self._wan.share(name, part.pop, part.shares)
            for resource, routes in part.routes.items():
                progress(f"routes of {resource}")
                vim.routes(resource, routes)
            progress(f"{len(part.rules)} rules of {name}")
            self._switch(part.pop).program(name, part.rules)

    def remove(self, name: str, pop: str, progress: Progress) -> None:
        with _told(pop, f"network {name}"):
            progress(f"rules of {name}")
            switch = self._switch(pop)
            if name in switch.networks():
                switch.program(name, ())
            progress(f"links of {name}")
            self._wan.leave(name, pop)
            for known in switch_names(self._machine):  # a link's other end may have nothing left either
                open_switch(self._machine, known, switch.datapath).retire()

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
