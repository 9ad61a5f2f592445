"""What the PoPs really hold, read before it is compared with the ledger."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from activities.pops import Pops
from adaptors.network.listing import networks_of
from adaptors.vim.port import LeavingVim, Vim
from domain.errors import InterlaceError
from domain.names import NETWORKED_KINDS


@dataclass(frozen=True)
class World:
    """What one PoP holds."""

    pop: str
    instances: frozenset[str] = frozenset()
    """By the names of the resources."""
    remains: frozenset[str] = frozenset()
    """Instances that are not there, though something of them is."""
    networks: frozenset[str] | None = None
    """Those that it has something of; None where its VIM connects nothing."""
    silent: str = ""
    """Why it does not answer; empty where it does."""


_AT_ONCE = 8


def read_worlds(pops: Pops, names: Iterable[str]) -> tuple[World, ...]:
    """Ask every PoP; one that does not answer is no error."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="audit") as pool:
        return tuple(pool.map(lambda pop: _read(pops, pop), names))


def remains_at(vim: Vim) -> frozenset[str]:
    """Names of instances that a VIM has something of, but not themselves."""
    return vim.remains() if isinstance(vim, LeavingVim) else frozenset()


def _read(pops: Pops, pop: str) -> World:
    try:
        instances = frozenset(instance.name for instance in pops.vim(pop).list({}))
        if pops.kind(pop) in NETWORKED_KINDS:
            return World(pop, instances, networks=pops.networked(pop).switch().networks())
        remains = remains_at(pops.vim(pop))
        return World(pop, instances, remains, networks_of(pops.vim(pop)))
    except InterlaceError as error:
        return World(pop, silent=str(error))
