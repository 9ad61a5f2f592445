"""Terraform's own plan, to be shown before anything is done."""

from collections.abc import Sequence

from python_terraform import IsFlagged

from adaptors.vim.terraform import root
from adaptors.vim.terraform.reading import Quiet, Reader
from adaptors.vim.terraform.site import Site, told
from adaptors.vim.terraform.workspaces import Workspace
from domain.instances import InstanceSpec
from domain.models import Model


class PlannedChange(Model):
    """One change that Terraform plans."""

    component: str
    address: str
    """Of the resource, such as module.pop.aws_instance.instance["shop-web-1-1a2b3c4d"]."""
    action: str
    """create, update, replace or delete."""


def preview(site: Site, wanted: Sequence[InstanceSpec], unwanted: Sequence[str]) -> tuple[PlannedChange, ...]:
    """One run of Terraform for each component that changes, without a lock and without a trace."""
    call = site.call("preview", "changes")
    places = {place.directory: place for place in map(site.place, wanted)}
    for name in unwanted:
        found = Reader(site).find(call, name)
        if found is not None:
            places[found[0].directory] = found[0]
    changes: list[PlannedChange] = []
    for place in places.values():
        mine = {spec.name: spec for spec in wanted if site.place(spec).directory == place.directory}
        there = Reader(site).view(call, place).specs
        aim = {name: spec for name, spec in {**there, **mine}.items() if name not in unwanted}
        changes += _planned(site, place, aim)
    return tuple(changes)


def _planned(site: Site, place: Workspace, aim: dict[str, InstanceSpec]) -> list[PlannedChange]:
    call = site.call("preview", f"component {place.component} of {place.service}")
    cli = site.cli(call, place, aim)
    values = place.directory / "preview.json"
    with place.turn(Quiet):
        site.ready(cli, Quiet, told(aim.values()))
        root.save(values, root.values(aim, site.settings.variables))
        ended = cli.run(
            "plan",
            Quiet,
            log=place.directory / "preview.log",
            recorded=False,
            json=IsFlagged,
            lock=False,
            var_file=str(values),
            **({} if aim else {"destroy": IsFlagged}),
        )
    if not ended.ok:
        raise call.failed(f"terraform plan: {cli.words_of(ended)}")
    return [
        PlannedChange(component=place.component, address=each.address, action=each.action)
        for each in ended.log.messages
        if each.kind == "planned_change" and each.address.startswith("module.")
    ]
