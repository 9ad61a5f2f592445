"""Which networks of services a PoP has something of, by what its VIM says."""

from adaptors.vim.port import ConnectedVim, NetworkedVim, Vim


def networks_of(vim: Vim) -> frozenset[str] | None:
    """Their names; None where the VIM connects nothing."""
    if isinstance(vim, NetworkedVim):
        return vim.switch().networks()
    return vim.networks() if isinstance(vim, ConnectedVim) else None
