"""What others use of a cloud: read from its VIM, so that nothing is placed where there is no room."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from threading import Lock

from activities.pops import Pops
from adaptors.vim.port import Vim
from catalogue.store import Catalogue
from domain.errors import InterlaceError, UnknownError
from domain.infrastructure import Pop, Resources
from domain.names import CLOUD_KINDS

_FRESH_S = 15.0
_ANSWER_S = 5.0
_AT_ONCE = 8


class OthersUse:
    """Keeps the catalogue's knowledge of it fresh; one for each process."""

    def __init__(self, catalogue: Catalogue, pops: Pops) -> None:
        self._catalogue = catalogue
        self._pops = pops
        self._lock = Lock()
        self._read_at: dict[str, float] = {}

    def refresh(self) -> None:
        """Ask the clouds that were not asked lately; one that does not answer keeps what was last read."""
        try:
            known = self._catalogue.infrastructure.get().pops
        except UnknownError:
            return
        due = self._due(name for name, pop in known.items() if pop.vim.kind in CLOUD_KINDS)
        if due:
            self._note({name: known[name] for name in due})

    def _due(self, clouds: Iterable[str]) -> list[str]:
        """Those to be asked by this call; another one at the same time does not ask them again."""
        now = time.monotonic()
        with self._lock:
            found = [name for name in clouds if now - self._read_at.get(name, -_FRESH_S) >= _FRESH_S]
            self._read_at.update(dict.fromkeys(found, now))
        return found

    def _note(self, clouds: dict[str, Pop]) -> None:
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="capacity")
        pops = self._pops.at_once()
        asked = {
            pool.submit(copy_context().run, _answer, pops.vim, name, pop): name
            for name, pop in clouds.items()
        }
        done, _ = wait(asked, timeout=_ANSWER_S)
        pool.shutdown(wait=False, cancel_futures=True)
        answers = {asked[each]: each.result() for each in done}
        found = {name: use for name, use in answers.items() if use is not None}
        known = self._catalogue.infrastructure.others()
        if news := {name: use for name, use in found.items() if known.get(name) != use}:
            self._catalogue.infrastructure.note_others(news)


def used_by_others(vim: Vim, declared: Resources) -> Resources:
    """What of a PoP's declared capacity cannot be had: it is in others' use, or not there at all."""
    before = vim.list({})
    total, used = vim.capacity()
    ours = Resources.of(0, 0, 0)
    for instance in {each.name: each for each in (*before, *vim.list({}))}.values():
        ours += instance.resources  # what came or went meanwhile is ours, too
    return Resources.of(
        max(0, used.vcpus - ours.vcpus) + max(0, declared.vcpus - total.vcpus),
        max(0, used.memory - ours.memory) + max(0, declared.memory - total.memory),
        max(0, used.disk - ours.disk) + max(0, declared.disk - total.disk),
    )


def _answer(vim_of: Callable[[str], Vim], name: str, pop: Pop) -> Resources | None:
    try:
        return used_by_others(vim_of(name), pop.capacity)
    except InterlaceError:
        return None
