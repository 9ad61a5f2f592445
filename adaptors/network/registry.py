"""Which adaptor connects the services on which kind of VIM."""

from pathlib import Path
from typing import Protocol

from adaptors.network.port import Network
from adaptors.vim.port import NetworkedVim, Vim
from domain.errors import InputError
from domain.names import CLOUD_KINDS, NETWORKED_KINDS


class Vims(Protocol):
    """The VIMs, by their PoPs."""

    def kind(self, pop: str) -> str:
        """Of its VIM."""

    def vim(self, pop: str) -> Vim:
        """Whatever it is."""

    def networked(self, pop: str) -> NetworkedVim:
        """One with a switch.

        :raises VimRefusedError: if it has none
        """


def open_network(kind: str, vims: Vims, home: Path) -> Network:
    """The network between the PoPs of one kind; `home` keeps what must outlive the process."""
    if kind in NETWORKED_KINDS:
        from adaptors.network.emulated import open_emulated

        return open_emulated(vims.networked, home)
    if kind in CLOUD_KINDS:
        from adaptors.network.clouds import CloudNetwork

        return CloudNetwork(vims)
    there = ", ".join((*NETWORKED_KINDS, *CLOUD_KINDS))
    raise InputError(f"no network adaptor for VIMs of kind {kind!r} (there are: {there})")
