"""Which adaptor serves which kind of VIM."""

from collections.abc import Callable
from pathlib import Path

from adaptors.vim.emulator.vim import open_emulator
from adaptors.vim.loading import ONE_AT_A_TIME
from adaptors.vim.metering import metered
from adaptors.vim.modelled.vim import open_modelled
from adaptors.vim.port import Vim
from domain.errors import InputError
from domain.instances import PopAccess


def _open_kubernetes(access: PopAccess, home: Path) -> Vim:
    with ONE_AT_A_TIME:
        from adaptors.vim.kubernetes.vim import open_kubernetes
    return open_kubernetes(access, home)


def _open_openstack(access: PopAccess, home: Path) -> Vim:
    with ONE_AT_A_TIME:
        from adaptors.vim.openstack.vim import open_openstack  # to load its SDK takes hundreds of ms
    return open_openstack(access, home)


def _open_terraform(access: PopAccess, home: Path) -> Vim:
    with ONE_AT_A_TIME:
        from adaptors.vim.terraform.vim import open_terraform
    return open_terraform(access, home)


_OPENERS: dict[str, Callable[[PopAccess, Path], Vim]] = {
    "emulator": open_emulator,
    "kubernetes": _open_kubernetes,
    "modelled": open_modelled,
    "openstack": _open_openstack,
    "terraform": _open_terraform,
}


def open_vim(kind: str, access: PopAccess, home: Path) -> Vim:
    """The VIM of a PoP; `home` is where adaptors keep what must outlive the process."""
    opener = _OPENERS.get(kind)
    if opener is None:
        raise InputError(
            f"PoP {access.name}: no VIM adaptor {kind!r} (adaptors: {', '.join(sorted(_OPENERS))})"
        )
    return metered(opener(access, home), kind, access.name)
