"""The adaptors of the PoPs, as the catalogue says to reach them."""

from copy import copy
from pathlib import Path

from activities.tracing import traced_network, traced_vim
from adaptors.network.port import Network
from adaptors.network.registry import open_network
from adaptors.vim.port import HostedVim, NetworkedVim, Vim
from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain.errors import UnknownError, VimRefusedError
from domain.infrastructure import Infrastructure, PhysicalLink, Pop
from domain.instances import PopAccess


class Pops:
    """Opens VIMs and networks by the names of PoPs."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self._home = home
        self._read: Infrastructure | None = None

    def at_once(self) -> "Pops":
        """The same, with the infrastructure read only once: for one activity."""
        snapshot = copy(self)
        snapshot._read = self._catalogue.infrastructure.get()
        return snapshot

    def of_kind(self, kind: str) -> tuple[str, ...]:
        """The PoPs whose VIMs are of one kind, by name."""
        return tuple(name for name, pop in sorted(self._infrastructure.pops.items()) if pop.vim.kind == kind)

    def kind(self, pop: str) -> str:
        """The kind of a PoP's VIM."""
        return self._known(pop).vim.kind

    def link(self, name: str) -> PhysicalLink:
        """A physical link.

        :raises UnknownError: if the infrastructure has none of this name
        """
        found = self._infrastructure.links.get(name)
        if found is None:
            raise UnknownError(f"link {name} is not part of the infrastructure")
        return found

    def vim(self, pop: str) -> Vim:
        """The VIM of a PoP."""
        known = self._known(pop)
        access = PopAccess(
            name=pop, capacity=known.capacity, settings=known.vim.settings, credential=known.vim.credential
        )
        return traced_vim(open_vim(known.vim.kind, access, self._home), known.vim.kind, pop)

    def networked(self, pop: str) -> NetworkedVim:
        """The VIM of a PoP that has a switch.

        :raises VimRefusedError: if it has none
        """
        vim = self.vim(pop)
        if not isinstance(vim, NetworkedVim):
            raise VimRefusedError(f"PoP {pop}: its VIM, {self.kind(pop)}, has no switch to connect services")
        return vim

    def hosted(self, pop: str) -> HostedVim:
        """The VIM of a PoP that has hosts of its own.

        :raises VimRefusedError: if it can neither resize an instance nor move it to another host
        """
        vim = self.vim(pop)
        if not isinstance(vim, HostedVim):
            raise VimRefusedError(
                f"PoP {pop}: its VIM, {self.kind(pop)}, cannot resize instances, nor move them to other hosts"
            )
        return vim

    def network(self, kind: str) -> Network:
        """What connects services on VIMs of one kind."""
        return traced_network(open_network(kind, self, self._home), kind)

    @property
    def _infrastructure(self) -> Infrastructure:
        return self._read or self._catalogue.infrastructure.get()

    def _known(self, pop: str) -> Pop:
        found = self._infrastructure.pops.get(pop)
        if found is None:
            raise UnknownError(f"PoP {pop} is not part of the infrastructure")
        return found
