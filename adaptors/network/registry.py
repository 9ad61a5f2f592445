"""Which adaptor connects the services on which kind of VIM."""

from collections.abc import Callable
from pathlib import Path

from adaptors.network.emulated import OpenVim, open_emulated
from adaptors.network.port import Network
from domain.errors import InputError

_OPENERS: dict[str, Callable[[OpenVim, Path], Network]] = {"emulator": open_emulated}


def open_network(kind: str, vim_of: OpenVim, home: Path) -> Network:
    """The network between the PoPs of one kind; `home` keeps what must outlive the process."""
    opener = _OPENERS.get(kind)
    if opener is None:
        raise InputError(f"no network adaptor for VIMs of kind {kind!r} (there are: {', '.join(_OPENERS)})")
    return opener(vim_of, home)
