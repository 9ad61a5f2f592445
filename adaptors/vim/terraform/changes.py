"""Creates, deletes and configures queue up; who has the turn does for all what they want in one round.

Who wants an instance leaves a wish in the workspace. By its turn it is mostly there: somebody else's round
has made it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from adaptors.vim.capacity import exhausted
from adaptors.vim.port import Progress
from adaptors.vim.terraform import recovering
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.reading import Reader, total
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.tidying import counting, tidy
from adaptors.vim.terraform.work import Work
from adaptors.vim.terraform.workspaces import Wish, Workspace
from domain.instances import InstanceSpec


class Changes:
    """The changes of one PoP's instances."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = Reader(site)

    def create(self, call: Call, spec: InstanceSpec, progress: Progress) -> None:
        """An instance runs.

        :raises VimRefusedError: for good: its secrets, its size, its module, its provider
        :raises VimUnavailableError: for now
        """
        place = self._site.place(spec)
        self._site.check_secrets(call, spec)
        with self._wished(call, place, spec, progress) as wish:
            progress(f"creating {call.resource}")
            with self._turn(call, place, progress) as work:
                work.make(wish)

    def delete(self, call: Call, place: Workspace, name: str, progress: Progress) -> None:
        """Nothing is left of an instance; that it is to go outlives this call."""
        place.remove(name)
        progress(f"deleting {call.resource}")
        with self._turn(call, place, progress) as work:
            work.remove(name)
            tidy(self._site, call, place, progress)

    def configure(self, call: Call, place: Workspace, spec: InstanceSpec, progress: Progress) -> None:
        """An instance that runs is as its spec says."""
        progress(f"configuring {call.resource}")
        with self._turn(call, place, progress) as work:
            work.configure(spec)

    @contextmanager
    def _turn(self, call: Call, place: Workspace, progress: Progress) -> Iterator[Work]:
        with place.turn(progress):
            recovering.settle(self._site, self._site.cli(call, place, place.journal()), progress)
            yield Work(self._site, call, place, progress)

    @contextmanager
    def _wished(self, call: Call, place: Workspace, spec: InstanceSpec, progress: Progress) -> Iterator[Wish]:
        with counting(self._site, progress):
            self._check_room(call, spec)
            wish = place.wish(spec)
        try:
            yield wish
        finally:
            place.withdraw(wish)

    def _check_room(self, call: Call, spec: InstanceSpec) -> None:
        held = self._reader.held(call)
        if spec.name in held:
            return
        broken = list(exhausted(spec.resources, total(held), self._site.access.capacity))
        if broken:
            raise call.refused("; ".join(broken))
