"""The VIM of one PoP that Terraform serves."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from adaptors.vim.port import Progress
from adaptors.vim.terraform import drifting, recovering
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.changes import Changes
from adaptors.vim.terraform.instances import View
from adaptors.vim.terraform.previews import preview
from adaptors.vim.terraform.reading import Quiet, Reader, total
from adaptors.vim.terraform.settings import settings_of
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.workspaces import Workspace
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess, VimInstance
from domain.operation_plans import VimChange
from domain.steering import ImageTraits

_FRESH_S = 1.0
"""A look that is not older serves all who ask."""


class TerraformVim:
    """Serves the ports `Vim` and `PreviewingVim`; all that it knows is in its home, so any may share one."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._reader = Reader(site)
        self._changes = Changes(site)

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        call = self._site.call("create", f"instance {spec.name}")
        if spec.pop != self._site.access.name:
            raise call.refused(f"the instance is meant for PoP {spec.pop}")
        self._changes.create(call, spec, progress)
        made = self._reader.find(call, spec.name)
        if made is None or spec.name not in made[1].specs:
            raise call.unavailable("the instance was deleted while it was being built")
        return self._reader.shown(made[1], spec.name)

    def read(self, name: str) -> VimInstance | None:
        found = self._reader.find(self._site.call("read", f"instance {name}"), name)
        return self._reader.shown(found[1], name) if found and name in found[1].specs else None

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        wanted = ", ".join(f"{key}={value}" for key, value in tags.items()) or "any tags"
        return self._reader.list(self._site.call("list", f"instances with {wanted}"), tags)

    def delete(self, name: str, progress: Progress) -> None:
        call = self._site.call("delete", f"instance {name}")
        progress(f"looking for instance {name}")
        found = self._reader.find(call, name)
        if found is not None:
            self._changes.delete(call, found[0], name, progress)

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        call = self._site.call("configure", f"instance {name}")
        found = self._reader.find(call, name)
        if found is None or name not in found[1].specs:
            raise call.refused("there is none of this name")
        spec = found[1].specs[name].model_copy(update={"config": dict(config)})
        self._changes.configure(call, found[0], spec, progress)

    def capacity(self) -> tuple[Resources, Resources]:
        held = self._reader.held(self._site.call("capacity", "of the PoP"))
        return self._site.access.capacity, total(held)

    def ailment(self, name: str) -> str | None:
        call = self._site.call("look at", f"instance {name}")
        found = self._reader.find(call, name)
        if found is None:
            return "it is not there"
        place, view = found
        if not view.state.complete(name) or name in view.removals:
            return view.ailment(name)
        return self._looked_at(call, place, view, name)

    def traits(self, image: str) -> ImageTraits:
        return self._site.settings.traits(image)

    def preview(
        self, wanted: Sequence[InstanceSpec], unwanted: Sequence[str], progress: Progress
    ) -> tuple[VimChange, ...]:
        return preview(self._site, wanted, unwanted, progress)

    def _looked_at(self, call: Call, place: Workspace, view: View, name: str) -> str | None:
        """While a change is under way, Terraform cannot look: what is known must do."""
        with place.turn_if_free() as free:
            if not free:
                return view.ailment(name)
            if recovering.goes_on(place):
                return view.ailment(name)
            cli = self._site.cli(call, place, view.specs)
            recovering.settle(self._site, cli, Quiet)
            fresh = self._reader.view(call, place)
            drifting.look(self._site, cli, fresh.state, Quiet, time.time() - _FRESH_S)
            return self._reader.view(call, place).ailment(name)


def open_terraform(access: PopAccess, home: Path) -> TerraformVim:
    """The VIM of a PoP; what it keeps is below `home`/terraform.

    :raises InputError: with every setting that is wrong
    """
    return TerraformVim(Site(access, settings_of(access), home.resolve()))
