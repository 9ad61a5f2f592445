"""What a PoP has, read without starting Terraform wherever its states are files."""

from collections.abc import Iterator, Mapping

from adaptors.vim.port import Progress
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.instances import View, view
from adaptors.vim.terraform.recovering import before, goes_on, restore
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.states import BrokenStateError
from adaptors.vim.terraform.workspaces import Workspace
from domain.infrastructure import Resources
from domain.instances import VimInstance


class Reader:
    """Looks at one PoP's components."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def view(self, call: Call, place: Workspace) -> View:
        """One component.

        :raises VimUnavailableError: if its state cannot be read now
        """
        for _ in range(2):
            try:
                return view(place, self._site.state(call, place))
            except BrokenStateError:
                with place.turn(_unheard):
                    if goes_on(place):  # it writes where it is: nobody may take that away
                        return view(place, before(self._site, place))
                    restore(self._site, place)
        raise call.unavailable(f"the state of {place.directory.name} is torn, and there is none before it")

    def views(self, call: Call) -> Iterator[tuple[Workspace, View]]:
        """All of them."""
        for place in self._site.places():
            yield place, self.view(call, place)

    def find(self, call: Call, name: str) -> tuple[Workspace, View] | None:
        """Where there is anything of an instance, if only that it is to go."""
        for place, seen in self.views(call):
            if name in seen.specs or name in seen.removals:
                return place, seen
        return None

    def shown(self, seen: View, name: str) -> VimInstance:
        return seen.instance(name, self._site.settings.traits(seen.specs[name].image))

    def list(self, call: Call, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        """Those that carry all of these tags, by name."""
        found = [
            self.shown(seen, name)
            for _, seen in self.views(call)
            for name, spec in seen.specs.items()
            if tags.items() <= spec.tags.items()
        ]
        return tuple(sorted(found, key=lambda one: one.name))

    def held(self, call: Call) -> dict[str, Resources]:
        """What each instance takes, also of those that somebody is about to build."""
        held: dict[str, Resources] = {}
        for place, seen in self.views(call):
            held |= {name: spec.resources for name, spec in seen.specs.items()}
            held |= {wish.spec.name: wish.spec.resources for wish in place.wishes()}
        return held


def total(held: Mapping[str, Resources]) -> Resources:
    return sum(held.values(), Resources.of(0, 0, 0))


def _unheard(_: str) -> None:
    """A read tells nobody what it waits for."""


Quiet: Progress = _unheard
