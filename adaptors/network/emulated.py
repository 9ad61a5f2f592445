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

    def join(self, link: WanLink, service: str, progress: Progress) -> None:
        for pop in link.between:
            progress(f"the switch of {pop}")
            self._switch(pop).ensure()
        self._wan.join(link, service, progress)

    def apply(self, service: str, part: PopNetwork, progress: Progress) -> None:
        vim = self._vim_of(part.pop)
        with _told(part.pop, f"network of {service}"):
            progress("shares of the WAN")
            self._wan.share(service, part.pop, part.shares)
            for name, routes in part.routes.items():
                progress(f"routes of {name}")
                vim.routes(name, routes)
            progress(f"{len(part.rules)} rules of {service}")
            self._switch(part.pop).program(service, part.rules)

    def remove(self, service: str, pop: str, progress: Progress) -> None:
        with _told(pop, f"network of {service}"):
            progress(f"rules of {service}")
            switch = self._switch(pop)
            if service in switch.services():
                switch.program(service, ())
            progress(f"links of {service}")
            self._wan.leave(service, pop)
            for name in switch_names(self._machine):  # a link's other end may have nothing left either
                open_switch(self._machine, name, switch.datapath).retire()

    def verify(self, network: ServiceNetwork, instances: Mapping[str, str], progress: Progress) -> Connection:
        switches = {pop: self._switch(pop) for pop in network.pops}
        probes = Prober(self._machine, network, switches).probe_all(progress)
        for name, pop in instances.items():
            self._vim_of(pop).ready(name, progress, _READY_S)
        datapaths = {switch.datapath for switch in switches.values()}
        return Connection(
            dataplane="+".join(sorted(datapaths)), overlay=self._overlay(network), probes=probes
        )

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
