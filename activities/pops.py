"""The adaptors of the PoPs, as the catalogue says to reach them."""

from pathlib import Path

from adaptors.network.port import Network
from adaptors.network.registry import open_network
from adaptors.vim.port import NetworkedVim, Vim
from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain.errors import VimRefusedError
from domain.instances import PopAccess


class Pops:
    """Opens VIMs and networks by the names of PoPs."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self._home = home

    def kind(self, pop: str) -> str:
        """The kind of a PoP's VIM."""
        return self._catalogue.infrastructure.get().pops[pop].vim.kind

    def vim(self, pop: str) -> Vim:
        """The VIM of a PoP."""
        known = self._catalogue.infrastructure.get().pops[pop]
        access = PopAccess(
            name=pop, capacity=known.capacity, settings=known.vim.settings, credential=known.vim.credential
        )
        return open_vim(known.vim.kind, access, self._home)

    def networked(self, pop: str) -> NetworkedVim:
        """The VIM of a PoP that has a switch.

        :raises VimRefusedError: if it has none
        """
        vim = self.vim(pop)
        if not isinstance(vim, NetworkedVim):
            raise VimRefusedError(f"PoP {pop}: its VIM, {self.kind(pop)}, has no switch to connect services")
        return vim

    def network(self, kind: str) -> Network:
        """What connects services on VIMs of one kind."""
        return open_network(kind, self.networked, self._home)
