"""One run of an operation in a lane, and what is known of it afterwards."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

from domain.errors import InterlaceError
from domain.names import OperationKind
from interfaces.cli.auditing import audit
from lab.proving.facts import facts_of
from lab.proving.lane import Ended, Lane
from lab.proving.mishaps import crash_instance
from lab.proving.traffic import Traffic
from reliability.cases import Case, Choice, of_undo
from reliability.outcomes import Outcome
from reliability.points import Passage, Point, Strike, begun, passed
from reliability.subjects import Subject
from reliability.worlds import Seen, differences, seen, unlike_before

_USED_FURTHER_S = 0.5
"""That users go on after the operation."""

_LOOKS = 4

WITHIN_S = 180.0
"""How long an operation may take; beyond the reference's own time, where there is one."""


class ReferenceError(InterlaceError):
    """An operation does not even do what it should when nothing dies."""


@dataclass(frozen=True)
class Run:
    """One operation carried out, whatever happened to it."""

    before: Seen
    ended: Ended
    passages: tuple[Passage, ...]
    after: Seen
    complaint: str | None = None
    """Of its users, where there are any."""


@dataclass(frozen=True)
class Reference:
    """How an operation goes when nothing dies: forward, and back after a failure at its last step."""

    forward: Run
    choice: Choice
    """Which points are proven."""
    undo: Run | None = None
    failed_at: Point | None = None

    def cases(self, kind: OperationKind) -> tuple[Case, ...]:
        """One for each point that was passed, or for each that is chosen of them."""
        forward, undo = passed(self.forward.passages), tuple[Point, ...]()
        if self.undo and self.failed_at:
            undo = of_undo(passed(self.undo.passages), self.failed_at)
        return self.choice(kind, forward, undo)


async def run(
    lane: Lane,
    subject: Subject,
    service: str,
    failed_at: Point | None = None,
    within_s: float = WITHIN_S,
) -> Run:
    """Carry the operation out on a service that is prepared for it."""
    before = await _look(lane, service)
    for instance in subject.crashed:
        crash_instance(lane.home, lane.catalogue, service, instance)
    if failed_at:
        lane.watch.fail(service, failed_at)
    users = Traffic(lane.home, lane.catalogue, service) if subject.prepared and lane.packets else None
    if users:
        await users.begin()
    ended = await lane.carry_out(subject.kind, subject.asked(service, lane.packets), within_s)
    complaint = await _complaint(lane, service, users)
    return Run(before, ended, lane.watch.passages(service), await _look(lane, service), complaint)


async def _complaint(lane: Lane, service: str, users: Traffic | None) -> str | None:
    """What users say, who began before the operation or begin now; nothing where there is no service."""
    if users is None:
        if not lane.packets or not lane.catalogue.ledger.of_service(service):
            return None
        users = Traffic(lane.home, lane.catalogue, service)
        await users.begin()
    await asyncio.sleep(_USED_FURTHER_S)
    return (await users.end()).complaint()


async def outcome(lane: Lane, subject: Subject, reference: Reference, case: Case, service: str) -> Outcome:
    """Carry the operation out while something dies, and compare what is there with the reference's."""
    known = reference.undo if case.undone else reference.forward
    assert known
    await lane.settled()
    server = lane.server_pid if case.victim == "server" else None
    lane.watch.arm(service, Strike(point=case.point, victim=case.victim, server_pid=server))
    failed_at = reference.failed_at if case.undone else None
    mine = await run(lane, subject, service, failed_at, known.ended.seconds + WITHIN_S)
    found = list(unlike(known, mine))
    reached = lane.watch.struck(service) is not None
    if not reached:
        found.insert(0, "the point was never reached, so nothing died")
    return Outcome(
        case=case,
        differences=tuple(found),
        reached=reached,
        lost_s=max(0.0, mine.ended.seconds - known.ended.seconds),
        retries=max(0, begun(mine.passages) - begun(known.passages)),
        lab=str(lane.home),
        service=service,
    )


def unlike(reference: Run, other: Run) -> Iterator[str]:
    """Where a run ended otherwise than the reference."""
    if reference.ended.status != other.ended.status:
        yield f"it ended {other.ended.status} instead of {reference.ended.status}: {other.ended.failure}"
    if reference.complaint != other.complaint:
        yield f"users: {other.complaint or 'all is well'} instead of {reference.complaint or 'all is well'}"
    yield from differences(reference.after, other.after)


def require(run: Run, status: str, subject: Subject) -> None:
    """Make sure that a reference run is worth to be compared with.

    :raises ReferenceError: if it ended otherwise than it should
    """
    if run.complaint:
        raise ReferenceError(f"{subject.kind}: without a crash users already say: {run.complaint}")
    if run.ended.status != status:
        how = f"ended {run.ended.status}, not {status}: {run.ended.failure}"
        raise ReferenceError(f"{subject.kind}: a run without a crash {how}")


def require_same(first: Run, second: Run, subject: Subject) -> None:
    """Make sure that the operation comes to the same each time.

    :raises ReferenceError: if it does not
    """
    if found := list(unlike(first, second)):
        raise ReferenceError(f"{subject.kind}: two runs without a crash differ: {'; '.join(found)}")


def require_undone(undo: Run, subject: Subject) -> None:
    """Make sure that after the undo all is as before.

    :raises ReferenceError: if it is not
    """
    if found := list(unlike_before(undo.before, undo.after)):
        raise ReferenceError(
            f"{subject.kind}: after its undo the service is not as before: {'; '.join(found)}"
        )


async def _look(lane: Lane, service: str) -> Seen:
    facts = facts_of(lane.home, lane.catalogue, service)
    running = await lane.running(service)
    more = {"workflows running": running, "audit of the lab": await _audited(lane)}
    return seen({**facts.sections, **more}, facts.names)


async def _audited(lane: Lane) -> list[str]:
    """What lasts of what an audit finds: a worker that starts makes things to try, and removes them."""
    found: set[str] = set()
    for number in range(_LOOKS):
        now = {str(finding) for finding in audit(lane.catalogue, lane.home).findings}
        found = now & found if number else now
        if not found:
            break
        await asyncio.sleep(1.0)
    return sorted(found)
