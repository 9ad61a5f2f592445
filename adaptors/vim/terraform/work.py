"""What is done to a component in one turn."""

import time
from collections.abc import Callable, Iterable, Mapping

from adaptors.vim.port import Progress
from adaptors.vim.terraform import drifting
from adaptors.vim.terraform.calls import Call
from adaptors.vim.terraform.cli import Cli, Ended
from adaptors.vim.terraform.instances import View, differences
from adaptors.vim.terraform.reading import Reader
from adaptors.vim.terraform.rounds import Aim, Round
from adaptors.vim.terraform.site import Site
from adaptors.vim.terraform.states import belongs
from adaptors.vim.terraform.workspaces import Applied, Drift, Failure, Wish, Workspace
from domain.instances import InstanceSpec, InstanceStatus

_Wanted = Mapping[str, InstanceSpec]

_ALONE_S = 0.03
"""How long a change waits for others to go with it; laying out its workspace counts."""
_COMPANY_S = 0.1
"""And for more of them, where there are some, again and again."""
_GATHER_MOST_S = 1.5
_PLANS = 4
"""How often a round is planned at most, as more come meanwhile."""


class Work:
    """Has the component to itself; what earlier runs left is made good already."""

    def __init__(self, site: Site, call: Call, place: Workspace, progress: Progress) -> None:
        self._site = site
        self._reader = Reader(site)
        self._call = call
        self._place = place
        self._progress = progress

    def make(self, wish: Wish) -> None:
        """The instance of a wish runs; what others wait for is made with it."""
        name = wish.spec.name
        if name in self._place.removals():
            self.remove(name)
        view = self._view()
        self._admit(view, wish.spec)
        if self._done(view, wish):
            return
        replaced: tuple[str, ...] = ()
        if view.state.complete(name):
            found = self._look(view, wish.since)
            if name not in found.ills:
                return
            replaced = self._to_rebuild(view, name) if name in found.failed else ()
        self._build(wish.spec, replaced)

    def remove(self, name: str) -> None:
        """Nothing is left of an instance that is marked to go; others go with it."""
        if name in self._view().specs:
            self._gather()
            ended = self._round(self._wanted)
            if name in self._view().specs:
                ended = self._round(dict)
            if name in self._view().specs:
                raise self._failed(name, ended)
        self._place.removed(name)

    def configure(self, spec: InstanceSpec) -> None:
        """An instance that runs is as its spec says, or as before."""
        name = spec.name
        view = self._view()
        if view.status(name) is not InstanceStatus.RUNNING:
            raise self._call.refused(view.ailment(name) or "it does not run")
        old = view.specs[name]
        if spec == old and self._place.applied() is not None:
            return
        in_place = frozenset() if self._site.settings.replace_on_configure else frozenset({name})
        ended = self._round(lambda: {name: spec}, in_place=in_place)
        if not ended.ok:
            self._round(lambda: {name: old}, in_place=in_place)
            raise self._failed(name, ended)

    def _build(self, spec: InstanceSpec, replaced: tuple[str, ...]) -> None:
        """With all that others wait for; alone, where that failed and this one was not the reason."""
        company: set[str] = set()

        def wanted() -> _Wanted:
            found = {**self._wanted(), spec.name: spec}
            company.update(found)
            return found

        self._gather()
        ended = self._round(wanted, replaced)
        if not self._built(spec.name, ended) and len(company) > 1 and spec.name not in self._place.failures():
            ended = self._round(lambda: {spec.name: spec}, replaced)
        if self._built(spec.name, ended):
            return
        if ended.ok:
            raise self._call.refused(
                f"Terraform applied the module, but its output instances has no address of {spec.name}"
            )
        raise self._failed(spec.name, ended)

    def _built(self, name: str, ended: Ended) -> bool:
        return ended.ok and self._view().state.complete(name)

    def _gather(self) -> None:
        """Let those who come at the same time go with the next round."""
        began, known = time.monotonic(), 1
        self._site.ready(self._cli({}), self._progress)
        pause_s = max(0.0, began + _ALONE_S - time.monotonic())
        while time.monotonic() < began + _GATHER_MOST_S:
            time.sleep(pause_s)
            asked = len(self._place.wishes()) + len(self._place.removals())
            if asked <= known:
                return
            self._progress("others come along")
            known, pause_s = asked, _COMPANY_S

    def _round(
        self,
        wanted: Callable[[], _Wanted],
        replaced: tuple[str, ...] = (),
        in_place: frozenset[str] = frozenset(),
    ) -> Ended:
        """One round of Terraform for what is wanted, and for all that is to go.

        Who comes while it is planned goes with it: to plan again costs less than a round of their own.
        """
        self._place.forget(Applied)
        try:
            began, last, ended = self._planned(lambda: self._aim(self._view(), wanted(), replaced, in_place))
            if ended.code == 2:
                ended = last.apply()
        finally:
            self._place.plan.unlink(missing_ok=True)
        self._note(last.aim, ended, began)
        return ended

    def _planned(self, aims: Callable[[], Aim]) -> tuple[float, Round, Ended]:
        """The round that was planned last, since when it was to be, and how its plan ended."""
        began, aim = time.time(), aims()
        for left in reversed(range(_PLANS)):
            last = Round(self._site, self._cli(aim.instances), aim, self._progress)
            ended = last.plan()
            now, newer = time.time(), aims()
            if ended.code != 2 or not left or newer == aim:
                break
            began, aim = now, newer
        return began, last, ended

    def _aim(self, view: View, wanted: _Wanted, replaced: tuple[str, ...], in_place: frozenset[str]) -> Aim:
        """What is there, what is wanted, and nothing that is to go.

        What a round failed to build, and nobody waits for any more, goes too.
        """
        failed = self._place.failures().keys() - wanted.keys()
        given_up = {name for name in failed if not view.state.complete(name)}
        stay = {name: spec for name, spec in view.specs.items() if name not in view.removals | given_up}
        asked = frozenset({*wanted, *(view.specs.keys() - stay.keys())})
        return Aim(instances={**stay, **wanted}, asked=asked, replaced=replaced, in_place=in_place)

    def _wanted(self) -> dict[str, InstanceSpec]:
        """What is waited for, and is not taken by an instance of another spec."""
        view = self._view()
        return {
            wish.spec.name: wish.spec
            for wish in self._place.wishes()
            if wish.spec.name not in view.removals and not _taken(view, wish.spec)
        }

    def _note(self, aim: Aim, ended: Ended, began: float) -> None:
        """Why which of them failed; of those that did not, nothing."""
        failures = {name: each for name, each in self._place.failures().items() if name in aim.instances}
        for name in aim.asked & aim.instances.keys():
            words = _words(ended, name)
            failures.pop(name, None)
            if words:
                failures[name] = Failure(words=words, at=time.time())
        self._place.note_failures(failures)
        if ended.ok:
            self._place.note(Applied(began=began))
            self._place.forget(Drift)

    def _admit(self, view: View, spec: InstanceSpec) -> None:
        """Refuse what cannot be: another spec under a name that is taken, an address that is asked for."""
        if spec.name in view.specs:
            if fields := _taken(view, spec):
                words = ", ".join(fields)
                raise self._call.refused(f"the name is taken by an instance of another spec: {words} differ")
        elif spec.addresses:
            raise self._call.refused(
                f"addresses {', '.join(spec.addresses.values())} are asked for, "
                "but where Terraform serves a PoP, its cloud gives them"
            )

    def _done(self, view: View, wish: Wish) -> bool:
        """Whether somebody else's round has made this since it was wished for.

        :raises VimRefusedError, VimUnavailableError: if it failed to
        """
        name = wish.spec.name
        failure = self._place.failures().get(name)
        if failure is not None and failure.at >= wish.since:
            raise self._call.failed(failure.words)
        applied = self._place.applied()
        made = view.state.complete(name) and view.ailment(name) is None
        return made and applied is not None and applied.began >= wish.since

    def _look(self, view: View, since: float) -> Drift:
        return drifting.look(self._site, self._cli(view.specs), view.state, self._progress, since)

    def _to_rebuild(self, view: View, name: str) -> tuple[str, ...]:
        kinds = self._site.settings.rebuild
        addresses = view.state.of(name)
        return tuple(each for each in addresses if not kinds or any(f".{kind}." in each for kind in kinds))

    def _failed(self, name: str, ended: Ended) -> Exception:
        configuration = all(each.configuration for each in ended.troubles)
        words = _words(ended, name) or self._cli({}).words_of(ended)
        return self._call.failed(words, lasting=bool(ended.troubles) and configuration)

    def _cli(self, instances: Mapping[str, InstanceSpec]) -> Cli:
        return self._site.cli(self._call, self._place, instances)

    def _view(self) -> View:
        return self._reader.view(self._call, self._place)


def _taken(view: View, spec: InstanceSpec) -> list[str]:
    """The fields in which an instance that has the name already is another."""
    made_from = view.specs.get(spec.name)
    if made_from is None:
        return []
    address = str(view.state.outputs.get(spec.name, {}).get("address") or "")
    return differences(made_from, spec, address)


def _words(ended: Ended, name: str) -> str:
    """What Terraform says is wrong with one instance."""
    own: Iterable[str] = (each.words for each in ended.troubles if belongs(each.address, name))
    return "; ".join(dict.fromkeys(own))
