"""`interlace audit --fix`: delete what leaked, what was left over, and what nothing explains."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from activities.pops import Pops
from catalogue.store import Catalogue
from domain.errors import InterlaceError, VimUnavailableError
from domain.phases import OperationState, ResourceKind
from domain.records import ResourceRecord
from interfaces.cli import emulated
from interfaces.cli.auditing import Finding, Report
from interfaces.cli.worlds import remains_at

Say = Callable[[str], None]


def mend(catalogue: Catalogue, home: Path, report: Report, say: Say) -> None:
    """Delete what no service and no operation under way needs; `say` hears of each thing."""
    mender = _Mender(catalogue, home, say)
    for finding in report.findings:
        if finding.problem == "leaked":
            mender.delete_leaked(finding)
    for entry in catalogue.ledger.leftovers():
        mender.try_leftover(entry)
    if report.idle or any(finding.problem in ("stray", "leaked") for finding in report.findings):
        mender.sweep()


class _Mender:
    def __init__(self, catalogue: Catalogue, home: Path, say: Say) -> None:
        self._catalogue = catalogue
        self._home = home
        self._pops = Pops(catalogue, home)
        self._say = say

    def delete_leaked(self, finding: Finding) -> None:
        """It has leaked only if the ledger, read after the world, still knows nothing of it."""
        assert finding.pop is not None
        if self._is_known(finding):
            return
        with _told(self._say, f"{finding.resource} on {finding.pop} (leaked)"):
            if finding.kind is ResourceKind.NETWORK:
                self._remove_network(finding.resource, finding.pop)
            else:
                self._delete(finding.resource, finding.pop)

    def try_leftover(self, entry: ResourceRecord) -> None:
        """Once more, as the sweep does."""
        with _told(self._say, f"{entry.resource_name} on {entry.pop} (left over)"):
            if entry.kind is ResourceKind.INSTANCE:
                self._delete(entry.resource_name, entry.pop)
            else:
                self._remove_network(entry.resource_name, entry.pop)
            self._catalogue.ledger.gone(entry.resource_name, entry.pop)

    def sweep(self) -> None:
        """Away with strays; while an operation is at work, what looks idle may be what it just made."""
        busy = [o for o in self._catalogue.operations.list() if o.state is OperationState.PROCESSING]
        if busy:
            names = ", ".join(sorted({f"{each.kind} of {each.service}" for each in busy}))
            self._say(f"strays are kept while operations are under way ({names}); run it again afterwards")
            return
        if emulated.is_used(self._catalogue, self._home):
            for line in emulated.sweep(self._catalogue, self._home):
                self._say(f"removed  {line} (stray)")

    def _delete(self, name: str, pop: str) -> None:
        """For good: a VIM that accepts a delete and does nothing is not believed."""
        vim = self._pops.vim(pop)
        vim.delete(name, _quiet)
        if any(each.name == name for each in vim.list({})):
            raise VimUnavailableError(f"PoP {pop} accepted the delete, but it is still there")
        if name in remains_at(vim):
            raise VimUnavailableError(f"PoP {pop} accepted the delete, but something of it is still there")

    def _remove_network(self, name: str, pop: str) -> None:
        self._pops.network(self._pops.kind(pop)).remove(name, pop, _quiet)

    def _is_known(self, finding: Finding) -> bool:
        entries = self._catalogue.ledger.all()
        return any((each.resource_name, each.pop) == (finding.resource, finding.pop) for each in entries)


@contextmanager
def _told(say: Say, what: str) -> Iterator[None]:
    """Says what came of removing something; an error of ours ends only this one removal."""
    try:
        yield
    except (InterlaceError, KeyError) as error:
        gone = "its PoP is no longer in the infrastructure"
        say(f"remains  {what}: {gone if isinstance(error, KeyError) else error}")
    else:
        say(f"removed  {what}")


def _quiet(_: str) -> None:
    """Nobody watches."""
