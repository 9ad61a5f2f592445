"""What is left of a component that has nothing any more."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from adaptors.vim.port import Progress
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.reading import Reader
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.workspaces import Workspace, turn


def tidy(site: Site, call: Call, place: Workspace, progress: Progress) -> None:
    """Of a component that is gone nothing stays; its old states hold secrets too. Its turn must be held."""
    if site.settings.backend is not None:
        return
    with counting(site, progress):
        view = Reader(site).view(call, place)
        if not (view.specs or view.state.addresses or view.removals or place.wishes()):
            shutil.rmtree(place.directory)


@contextmanager
def counting(site: Site, progress: Progress) -> Iterator[None]:
    """Nobody else wishes for anything at the PoP meanwhile."""
    with turn(site.directory / ".locks" / "capacity", progress, "waiting for the PoP's capacity"):
        yield
