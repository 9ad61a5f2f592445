"""Why a service cannot be placed, and what would make it fit."""

from collections.abc import Iterator
from typing import Literal

from domain.models import Model

_LISTED = 12
"""So many requirements of a conflict are told to people."""

RequirementKind = Literal[
    "capability",
    "licence",
    "allowed-pops",
    "forbidden-pops",
    "allowed-regions",
    "forbidden-regions",
    "stays",
    "kept-off",
    "resources",
    "affinity",
    "anti-affinity",
    "link",
    "bandwidth",
    "latency",
    "chain-latency",
    "endpoint",
    "budget",
]
"""stays: an operation leaves an instance where it runs. kept-off: an operation keeps it from PoPs. link: its
two ends must be joined at all."""


class Requirement(Model):
    """One thing that was asked for."""

    kind: RequirementKind
    subject: str
    """A component, an instance, a virtual link, a chain, an endpoint, or a group's members."""
    text: str
    facts: tuple[str, ...] = ()
    """What the infrastructure has to say to it: which PoPs it leaves, and why these fail."""
    path: str = ""
    """Of the field in the descriptor; empty where an operation asks for it, not the descriptor."""

    def sentence(self) -> str:
        """The text with its facts."""
        return f"{self.text}: {'; '.join(self.facts)}" if self.facts else self.text


class Change(Model):
    """One thing that is to be asked for differently, or to be there."""

    document: Literal["service", "infrastructure", "operation"] = "service"
    """Whose it is: the descriptor's, the infrastructure's, or what an operation has decided."""
    where: str
    """The field's path in that document."""
    before: str
    after: str
    """Both as the document would have it; names are separated by commas."""
    text: str


class Relaxation(Model):
    """Changes that together make the service fit; solved again with them."""

    changes: tuple[Change, ...]
    cost_per_hour: float
    """Of the placement that they lead to."""
    size: float
    """How much they give up: 0.1 is a tenth of a quantity, 1 and more a whole requirement."""

    @property
    def text(self) -> str:
        """All changes in words."""
        return "; and ".join(change.text for change in self.changes)


class Explanation(Model):
    """Whether a service can be placed and, where it cannot, what stands against what."""

    feasible: bool
    cost_per_hour: float | None = None
    """Of the placement, where there is one."""
    currency: str = "EUR"
    conflict: tuple[Requirement, ...] = ()
    """Cannot be had together, whatever else is given up."""
    minimal: bool = False
    """Proven: without any one of the conflict's requirements, the others can be had together."""
    further: tuple[tuple[Requirement, ...], ...] = ()
    """More conflicts, which share no requirement with the first nor with each other."""
    relaxations: tuple[Relaxation, ...] = ()
    """The smallest changes first."""
    cut_short: bool = False
    """The time ran out: there may be a smaller conflict, and more or smaller relaxations."""
    reason: str = ""
    """In one sentence, as the placement itself refuses; where there is no conflict, all that is known."""

    def text(self, shown: int = 5) -> str:
        """For people, over several lines, which are Markdown too.

        :param shown: so many relaxations at most
        """
        return "\n".join(self._lines(shown))

    def _lines(self, shown: int) -> Iterator[str]:
        if self.feasible:
            yield f"it fits: {self.cost_per_hour or 0.0:.4f} {self.currency} per hour"
            return
        yield from self._conflicts()
        yield from self._ways_out(shown)
        if self.cut_short:
            yield ""
            yield "the time ran out: there may be a smaller conflict, or smaller changes"

    def _conflicts(self) -> Iterator[str]:
        if not self.conflict:
            yield self.reason
            return
        if len(self.conflict) > _LISTED and not self.minimal:
            yield self.reason or "it does not fit"
            yield f"the conflict is among {len(self.conflict)} requirements; the time was too short for less"
            return
        yield "these cannot be had together:" if len(self.conflict) > 1 else "this cannot be had:"
        yield from _listed(self.conflict)
        for other in self.further:
            yield ""
            yield "and apart from that:"
            yield from _listed(other)

    def _ways_out(self, shown: int) -> Iterator[str]:
        if self.relaxations:
            yield ""
            yield "it would fit with any one of:"
        for each in self.relaxations[:shown]:
            yield f"  - {each.text} ({each.cost_per_hour:.4f} {self.currency} per hour)"
        if len(self.relaxations) > shown:
            yield f"  and {len(self.relaxations) - shown} more"


def _listed(conflict: tuple[Requirement, ...]) -> Iterator[str]:
    yield from (f"  - {each.sentence()}" for each in conflict[:_LISTED])
    if len(conflict) > _LISTED:
        yield f"  and {len(conflict) - _LISTED} more"
