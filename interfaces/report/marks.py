"""What was decided and raised, as marks over all charts. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from domain.names import OperationKind
from domain.watching import AlarmRecord, Decision, Severity
from interfaces.report.scales import Times

SEVERITIES = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.WARNING)
"""The worst first."""
_NUMBERS = re.compile(r"\b(\d+) to (\d+)\b")


@dataclass(frozen=True)
class Sort:
    """A sort of decisions: how it looks, and what it is called."""

    look: str
    words: str
    shape: str
    """A path round (0, 0), some 12 wide."""


OUT = Sort("out", "scaled out", "M0 -6L6.5 5.5H-6.5Z")
IN = Sort("in", "scaled in", "M0 6L6.5 -5.5H-6.5Z")
HEALED = Sort("heal", "healed", "M-2.2 -6.5H2.2V-2.2H6.5V2.2H2.2V6.5H-2.2V2.2H-6.5V-2.2H-2.2Z")
MOVED = Sort("move", "moved", "M-6.5 -2.4H0V-6.5L7 0L0 6.5V2.4H-6.5Z")
OTHER = Sort("other", "other", "M0 -6.5L6.5 0L0 6.5L-6.5 0Z")
SORTS = (OUT, IN, HEALED, MOVED, OTHER)


def sort_of(decision: Decision) -> Sort:
    """By the operation; of a scaling, by the numbers that it tells of."""
    if decision.kind is OperationKind.SCALE and (found := _NUMBERS.search(decision.what)):
        return OUT if int(found[2]) > int(found[1]) else IN
    return {OperationKind.HEAL: HEALED, OperationKind.MIGRATE: MOVED}.get(decision.kind, OTHER)


def failed(decision: Decision) -> bool:
    """Whether nothing good came of it."""
    return decision.outcome in ("failed", "refused", "skipped")


@dataclass(frozen=True)
class Band:
    """A part of the time, and the worst that was wrong in it."""

    left: float
    right: float
    severity: Severity


def bands(alarms: Iterable[AlarmRecord], times: Times) -> tuple[Band, ...]:
    """Where alarms were active; where several were, the worst counts."""
    spans = [(times.x(start), times.x(end), each.severity) for each, start, end in spans_of(alarms, times)]
    edges = sorted({x for left, right, _ in spans for x in (left, right)})
    found: list[Band] = []
    for left, right in pairwise(edges):
        here = [severity for start, end, severity in spans if start <= left and right <= end]
        if not here:
            continue
        worst = min(here, key=SEVERITIES.index)
        if found and found[-1].right == left and found[-1].severity == worst:
            left = found.pop().left
        found.append(Band(left, right, worst))
    return tuple(found)


def spans_of(alarms: Iterable[AlarmRecord], times: Times) -> Iterator[tuple[AlarmRecord, float, float]]:
    """Alarms that were active within these times, from when until when."""
    for each in alarms:
        start = each.raised_at.timestamp()
        end = each.cleared_at.timestamp() if each.cleared_at else times.end
        if start <= times.end and end >= times.start:
            yield each, max(start, times.start), min(end, times.end)


def ended(at: datetime | None, times: Times) -> float:
    """When something ended; what has not goes on."""
    return at.timestamp() if at else times.end
