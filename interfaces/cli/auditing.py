"""The ledger against the world: what is lost, what has leaked, what was left over."""

from pathlib import Path
from typing import Literal

from adaptors.vim.registry import open_vim
from catalogue.store import Catalogue
from domain.errors import UnknownError, VimUnavailableError
from domain.instances import PopAccess, VimInstance
from domain.models import Model
from domain.phases import ResourceState
from domain.records import ResourceRecord


class Finding(Model):
    """One difference."""

    problem: Literal["lost", "leaked", "leftover", "unknown"]
    resource: str
    pop: str
    detail: str


class Report(Model):
    """All differences."""

    pops: int
    resources: int
    findings: tuple[Finding, ...]


def audit(catalogue: Catalogue, home: Path) -> Report:
    """Compare every PoP's instances with the ledger, by name. Reads only."""
    entries = catalogue.ledger.all()
    try:
        infrastructure = catalogue.infrastructure.get()
    except UnknownError:
        return Report(pops=0, resources=len(entries), findings=())
    findings: list[Finding] = []
    for name, pop in infrastructure.pops.items():
        access = PopAccess(
            name=name, capacity=pop.capacity, settings=pop.vim.settings, credential=pop.vim.credential
        )
        known = [entry for entry in entries if entry.pop == name]
        try:
            world = open_vim(pop.vim.kind, access, home).list({})
        except VimUnavailableError as error:
            findings.append(Finding(problem="unknown", resource="*", pop=name, detail=str(error)))
            continue
        findings += _differences(name, known, world)
    return Report(pops=len(infrastructure.pops), resources=len(entries), findings=tuple(findings))


def _differences(pop: str, known: list[ResourceRecord], world: tuple[VimInstance, ...]) -> list[Finding]:
    real = {instance.name for instance in world}
    named = {entry.resource_name for entry in known}
    lost = [e for e in known if e.state is ResourceState.CREATED and e.resource_name not in real]
    left = [e for e in known if e.state is ResourceState.LEFTOVER]
    return [
        *(
            Finding(
                problem="lost", resource=e.resource_name, pop=pop, detail=f"of {e.service}, not in the VIM"
            )
            for e in lost
        ),
        *(
            Finding(problem="leaked", resource=name, pop=pop, detail="in the VIM, but not in the ledger")
            for name in sorted(real - named)
        ),
        *(
            Finding(problem="leftover", resource=e.resource_name, pop=pop, detail=e.reason or "")
            for e in left
        ),
    ]
