"""One round: bring a component to what it is to be, by a plan that changes nothing that nobody asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from python_terraform import IsFlagged

from adaptors.vim.port import Progress
from adaptors.vim.terraform import root
from adaptors.vim.terraform.cli import Cli, Ended
from adaptors.vim.terraform.messages import Message
from adaptors.vim.terraform.recovering import locked_out
from adaptors.vim.terraform.site import Site, told
from adaptors.vim.terraform.states import belongs
from domain.instances import InstanceSpec


@dataclass(frozen=True)
class Aim:
    """What a component is to be."""

    instances: Mapping[str, InstanceSpec]
    asked: frozenset[str]
    """Those that may change; all others are left as they are, however far they have drifted."""
    replaced: tuple[str, ...] = ()
    """Addresses of resources to be built anew."""
    in_place: frozenset[str] = frozenset()
    """Those that must not be replaced."""


class Round:
    """Plans and applies."""

    def __init__(self, site: Site, cli: Cli, aim: Aim, progress: Progress) -> None:
        self.aim = aim
        self._site = site
        self._cli = cli
        self._progress = progress

    def plan(self) -> Ended:
        """Save a plan that changes only what is asked for; code 2 where there is something to apply.

        :raises VimRefusedError: if the module is wrong, or what must stay in place would be replaced
        :raises VimUnavailableError: if the state is locked by somebody, or a run was cut off
        """
        self._lay_out()
        planned = self._planned()
        if planned.code != 2:
            return planned
        foreign, own = _parted(planned.log.messages, self.aim)
        self._check_in_place(own)
        if not foreign:
            return planned
        if not own:
            return Ended(0, planned.log)
        return self._planned(target=sorted({each.address for each in own}))

    def apply(self) -> Ended:
        """Apply the plan that was saved last; what came of it.

        :raises VimUnavailableError: as of `plan`
        """
        try:
            return self._applied()
        finally:
            self._site.changed(self._cli.place)

    def _lay_out(self) -> None:
        """The root module, and the values that it is to have."""
        instances = self.aim.instances
        self._site.ready(self._cli, self._progress, told(instances.values()))
        root.save(self._cli.place.values, root.values(instances, self._site.settings.variables))

    def _planned(self, **options: Any) -> Ended:
        """A saved plan; code 2 where it has changes."""
        if not self.aim.instances:
            options["destroy"] = IsFlagged
        if self.aim.replaced:
            options["replace"] = list(self.aim.replaced)
        place, settings = self._cli.place, self._site.settings
        for _ in range(2):
            ended = self._cli.run(
                "plan",
                self._progress,
                log=place.directory / "plan.log",
                json=IsFlagged,
                detailed_exitcode=IsFlagged,
                out=str(place.plan),
                var_file=str(place.values),
                lock_timeout=f"{settings.lock_timeout:g}s",
                parallelism=settings.parallelism,
                **options,
            )
            if not locked_out(self._cli, ended, self._progress):
                break
        return ended

    def _applied(self) -> Ended:
        place, settings = self._cli.place, self._site.settings
        for _ in range(2):
            ended = self._cli.run(
                "apply",
                self._progress,
                str(place.plan),
                json=IsFlagged,
                lock_timeout=f"{settings.lock_timeout:g}s",
                parallelism=settings.parallelism,
            )
            if not locked_out(self._cli, ended, self._progress):
                break
        return ended

    def _check_in_place(self, changes: Iterable[Message]) -> None:
        for change in changes:
            lost = change.action in ("replace", "delete")
            if lost and any(belongs(change.address, name) for name in self.aim.in_place):
                raise self._cli.call.refused(
                    f"Terraform would {change.action} {change.address}: with this module its config cannot "
                    "be changed in place (vim.settings.replace_on_configure: true lets it be replaced)"
                )


def _parted(messages: Iterable[Message], aim: Aim) -> tuple[list[Message], list[Message]]:
    """Planned changes: those of instances that nobody asked for, and all others."""
    changes = [each for each in messages if each.kind == "planned_change"]
    left = [name for name in aim.instances if name not in aim.asked]
    foreign = [each for each in changes if any(belongs(each.address, name) for name in left)]
    return foreign, [each for each in changes if each not in foreign]
