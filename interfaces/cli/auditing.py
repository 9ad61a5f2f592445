"""The ledger against the world: what is lost, what has leaked, what was left over, what nothing explains."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from activities.pops import Pops
from catalogue.store import Catalogue
from domain.errors import UnknownError
from domain.models import Model
from domain.phases import ResourceKind, ResourceState, ServiceState
from domain.records import ResourceRecord
from interfaces.cli.worlds import World, read_worlds

_IDLE = "switch of PoP "
"""How the emulator tells of a switch that no service uses."""


class Finding(Model):
    """One difference."""

    problem: Literal["lost", "leaked", "leftover", "unknown", "stray", "unwatched"]
    resource: str
    pop: str | None
    """None for what is on this machine, but at no PoP."""
    detail: str
    kind: ResourceKind = ResourceKind.INSTANCE
    service: str | None = None
    """Whose it is, where that is known."""

    def __str__(self) -> str:
        where = f" on {self.pop}" if self.pop else ""
        return f"{self.problem:9} {self.resource}{where}{': ' if self.detail else ''}{self.detail}"


class Report(Model):
    """All differences."""

    pops: int
    resources: int
    findings: tuple[Finding, ...]
    idle: tuple[str, ...] = ()
    """What is kept for the next service, which is no difference."""
    note: str = ""
    """Why much is lost at once, where that is known."""


@dataclass(frozen=True)
class _Books:
    """The ledger before and after the world was read; what changed meanwhile is some operation's business."""

    before: tuple[ResourceRecord, ...]
    after: tuple[ResourceRecord, ...]

    def ever(self, kind: ResourceKind, pop: str) -> list[ResourceRecord]:
        """What was in either."""
        return [each for each in (*self.before, *self.after) if (each.kind, each.pop) == (kind, pop)]

    def steady(self, pop: str) -> list[ResourceRecord]:
        """What was there before and after, in the same state."""
        known = {(each.resource_name, each.pop, each.state) for each in self.before}
        return [e for e in self.after if e.pop == pop and (e.resource_name, pop, e.state) in known]


def audit(catalogue: Catalogue, home: Path) -> Report:
    """Compare instances and networks of every PoP with the ledger, and look for strays. Reads only."""
    before = catalogue.ledger.all()
    try:
        names = tuple(catalogue.infrastructure.get().pops)
    except UnknownError:
        names = ()
    worlds = read_worlds(Pops(catalogue, home), names)
    books = _Books(before, catalogue.ledger.all())
    findings = [finding for world in worlds for finding in _differences(catalogue, books, world)]
    idle, strays = _strays(catalogue, home, findings)
    findings += [Finding(problem="stray", resource=words, pop=None, detail="") for words in strays]
    return Report(
        pops=len(names),
        resources=len(books.after),
        findings=tuple(findings),
        idle=tuple(idle),
        note=_note(home) if any(each.problem == "lost" for each in findings) else "",
    )


def _differences(catalogue: Catalogue, books: _Books, world: World) -> Iterator[Finding]:
    if world.silent:
        yield Finding(problem="unknown", resource="*", pop=world.pop, detail=world.silent)
        return
    for entry in books.steady(world.pop):
        if entry.state is ResourceState.LEFTOVER:
            yield _about("leftover", entry, entry.reason or "")
        elif entry.state is ResourceState.CREATED and _is_lost(catalogue, entry, world):
            yield _about("lost", entry, f"of {entry.service}, not in the VIM")
    named = {entry.resource_name for entry in books.ever(ResourceKind.INSTANCE, world.pop)}
    for name in sorted(world.instances - named):
        yield Finding(
            problem="leaked", resource=name, pop=world.pop, detail="in the VIM, but not in the ledger"
        )
    for name in sorted(world.remains - world.instances - named):
        yield Finding(
            problem="leaked",
            resource=name,
            pop=world.pop,
            detail="not in the VIM, nor in the ledger, but something of it is left: a port or a volume",
        )
    intended = {entry.resource_name for entry in books.ever(ResourceKind.NETWORK, world.pop)}
    for name in sorted((world.networks or frozenset()) - intended):
        yield Finding(
            problem="leaked",
            resource=name,
            pop=world.pop,
            detail="the PoP has some of it, but it is not in the ledger",
            kind=ResourceKind.NETWORK,
        )


def _about(problem: Literal["lost", "leftover"], entry: ResourceRecord, detail: str) -> Finding:
    return Finding(
        problem=problem,
        resource=entry.resource_name,
        pop=entry.pop,
        detail=detail,
        kind=entry.kind,
        service=entry.service,
    )


def _is_lost(catalogue: Catalogue, entry: ResourceRecord, world: World) -> bool:
    """What an operation works on comes and goes: of that nothing is called lost."""
    if catalogue.operations.holder(entry.service):
        return False
    if entry.kind is ResourceKind.INSTANCE:
        return entry.resource_name not in world.instances
    if world.networks is None or entry.resource_name in world.networks:
        return False
    record = next((each for each in catalogue.services.list() if each.name == entry.service), None)
    if record is None or record.state is not ServiceState.ACTIVE:
        return False
    network = catalogue.services.network(entry.service)
    return network is not None and world.pop in network.pops and network.pops[world.pop].is_programmed


def _note(home: Path) -> str:
    from interfaces.cli import emulated

    return emulated.gone(home)


def _strays(catalogue: Catalogue, home: Path, told: list[Finding]) -> tuple[list[str], list[str]]:
    """What is idle, and what nothing explains."""
    from interfaces.cli import emulated

    if not emulated.is_used(catalogue, home):
        return [], []
    leaked = [each.resource for each in told if each.problem == "leaked"]
    found = emulated.strays(catalogue, home, leaked)
    idle = [words for words in found if words.startswith(_IDLE)]
    return idle, [words for words in found if words not in idle]
