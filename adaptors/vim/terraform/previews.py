"""Terraform's own plan, to be shown before anything is done."""

from collections.abc import Sequence

from python_terraform import IsFlagged

from adaptors.vim.port import Progress
from adaptors.vim.terraform import root
from adaptors.vim.terraform.cli import Cli, Ended
from adaptors.vim.terraform.reading import Reader
from adaptors.vim.terraform.site import Site, told
from adaptors.vim.terraform.tidying import tidy
from adaptors.vim.terraform.workspaces import Workspace
from domain.instances import InstanceSpec
from domain.operation_plans import VimChange

_FILE = "preview"


def preview(
    site: Site, wanted: Sequence[InstanceSpec], unwanted: Sequence[str], progress: Progress
) -> tuple[VimChange, ...]:
    """One run of Terraform for each component that changes, without a lock and without a trace."""
    call = site.call("preview", "changes")
    places = {place.directory: place for place in map(site.place, wanted)}
    for name in unwanted:
        found = Reader(site).find(call, name)
        if found is not None:
            places[found[0].directory] = found[0]
    changes: list[VimChange] = []
    for place in places.values():
        mine = {spec.name: spec for spec in wanted if site.place(spec).directory == place.directory}
        there = Reader(site).view(call, place).specs
        aim = {name: spec for name, spec in {**there, **mine}.items() if name not in unwanted}
        changes += _planned(site, place, aim, progress)
    return tuple(changes)


def _planned(
    site: Site, place: Workspace, aim: dict[str, InstanceSpec], progress: Progress
) -> list[VimChange]:
    call = site.call("preview", f"component {place.component} of {place.service}")
    cli = site.cli(call, place, aim)
    is_new = not place.directory.exists()
    with place.turn(progress):
        try:
            ended = _plan(site, cli, aim, progress)
        finally:
            for path in place.directory.glob(f"{_FILE}.*"):
                path.unlink()
            if is_new:
                tidy(site, call, place, progress)
    if not ended.ok:
        raise call.failed(f"terraform plan: {cli.words_of(ended)}")
    return [
        VimChange(pop=site.access.name, component=place.component, address=each.address, action=each.action)
        for each in ended.log.messages
        if each.kind == "planned_change" and each.address.startswith("module.")
    ]


def _plan(site: Site, cli: Cli, aim: dict[str, InstanceSpec], progress: Progress) -> Ended:
    directory = cli.place.directory
    values = directory / f"{_FILE}.json"
    site.ready(cli, progress, told(aim.values()))
    root.save(values, root.values(aim, site.settings.variables))
    return cli.run(
        "plan",
        progress,
        log=directory / f"{_FILE}.log",
        recorded=False,
        json=IsFlagged,
        lock=False,
        var_file=str(values),
        **({} if aim else {"destroy": IsFlagged}),
    )
