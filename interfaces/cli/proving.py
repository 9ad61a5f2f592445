"""A proof from its reference runs to its outcomes: labs do, `reliability` judges."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from domain.errors import InterlaceError
from domain.names import OperationKind
from lab.proving.brood import Brood
from lab.proving.estate import furnish
from lab.proving.facts import facts_of
from lab.proving.lane import Ended, Lane
from reliability.cases import Case, cases, last_step, of_undo
from reliability.outcomes import Outcome, Proof
from reliability.points import Passage, Point, Strike, begun, passed
from reliability.subjects import SUBJECTS, Subject
from reliability.worlds import Seen, differences, seen

_PREPARED_AT_ONCE = 6
_REFERENCE_WITHIN_S = 60.0
_BEYOND_REFERENCE_S = 60.0
"""After so much more than the reference took, an operation counts as stuck."""


class ReferenceError(InterlaceError):
    """An operation does not even do what it should when nothing dies."""


class DifferenceError(InterlaceError):
    """A run ended otherwise than the reference."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        super().__init__("; ".join(outcome.differences))


@dataclass(frozen=True)
class Run:
    """One operation carried out, whatever happened to it."""

    ended: Ended
    passages: tuple[Passage, ...]
    there: Seen


@dataclass(frozen=True)
class Reference:
    """How an operation goes when nothing dies: forward, and back after a failure at its last step."""

    forward: Run
    undo: Run | None
    failed_at: Point | None

    def cases(self, kind: OperationKind) -> tuple[Case, ...]:
        """One for each point that was passed."""
        undo: tuple[Point, ...] = ()
        if self.undo and self.failed_at:
            undo = of_undo(passed(self.undo.passages), self.failed_at)
        return cases(kind, passed(self.forward.passages), undo)


@dataclass
class Campaign:
    """The proofs of several operations in the same lanes."""

    lanes: Sequence[Lane]
    directory: Path
    only: str
    say: Callable[[str], None]
    _services: int = field(default=0)

    async def points(self, kind: OperationKind) -> tuple[Case, ...]:
        """The cases of an operation, without carrying them out."""
        reference = await self._reference(SUBJECTS[kind])
        return self._wanted(reference.cases(kind))

    async def prove(self, kind: OperationKind) -> Proof:
        """Carry out every case.

        :raises DifferenceError: at the first run that ends otherwise
        """
        began = time.monotonic()
        subject = SUBJECTS[kind]
        reference = await self._reference(subject)
        wanted = self._wanted(reference.cases(kind))
        outcomes: dict[Case, Outcome] = {}
        shares = [wanted[number :: len(self.lanes)] for number in range(len(self.lanes))]
        await _all_or_first_failure(
            self._carry_out(lane, subject, reference, share, outcomes, len(wanted))
            for lane, share in zip(self.lanes, shares, strict=True)
        )
        return Proof(
            kind=kind,
            vim=self.lanes[0].vim,
            reference_s=reference.forward.ended.seconds,
            undo_reference_s=reference.undo.ended.seconds if reference.undo else None,
            outcomes=tuple(outcomes[case] for case in wanted),
            seconds=time.monotonic() - began,
        )

    def _wanted(self, found: Iterable[Case]) -> tuple[Case, ...]:
        return tuple(case for case in found if self.only in str(case))

    async def _reference(self, subject: Subject) -> Reference:
        lane = self.lanes[0]
        forward, undo = await self._prepared(lane, subject, 2)
        await self._run(lane, subject, forward)  # what a process does for the first time takes longer
        forward_run = await self._run(lane, subject, await self._one(lane, subject))
        _require(forward_run, "COMPLETED", subject)
        failed_at = last_step(passed(forward_run.passages)) if subject.undone else None
        if failed_at is None:
            return Reference(forward_run, None, None)
        undo_run = await self._run(lane, subject, undo, failed_at=failed_at)
        _require(undo_run, "FAILED", subject)
        return Reference(forward_run, undo_run, failed_at)

    async def _one(self, lane: Lane, subject: Subject) -> str:
        return (await self._prepared(lane, subject, 1))[0]

    async def _prepared(self, lane: Lane, subject: Subject, count: int) -> list[str]:
        """Names of services that are ready for the operation."""
        names = [self._name(subject.kind) for _ in range(count)]
        turns = asyncio.Semaphore(_PREPARED_AT_ONCE)

        async def prepare(service: str) -> None:
            request = subject.preparation(service)
            if request is None:
                return
            async with turns:
                ended = await lane.carry_out(OperationKind.INSTANTIATE, request, _REFERENCE_WITHIN_S * 2)
            if ended.status != "COMPLETED":
                raise ReferenceError(f"{service} cannot be instantiated for the proof: {ended.failure}")
            lane.watch.forget(service)

        await asyncio.gather(*(prepare(service) for service in names))
        return names

    def _name(self, kind: OperationKind) -> str:
        self._services += 1
        return f"proven-{kind.lower()}-{self._services:04}"

    async def _carry_out(
        self,
        lane: Lane,
        subject: Subject,
        reference: Reference,
        share: Sequence[Case],
        outcomes: dict[Case, Outcome],
        total: int,
    ) -> None:
        services = await self._prepared(lane, subject, len(share))
        for case, service in zip(share, services, strict=True):
            outcome = await self._outcome(lane, subject, reference, case, service)
            outcomes[case] = outcome
            verdict = "same" if outcome.same else "DIFFERENT"
            self.say(f"[{len(outcomes)}/{total}] {case}: {verdict}, {outcome.lost_s:.1f} s lost")
            if not outcome.same:
                raise DifferenceError(outcome)

    async def _outcome(
        self, lane: Lane, subject: Subject, reference: Reference, case: Case, service: str
    ) -> Outcome:
        known = reference.undo if case.undone else reference.forward
        assert known
        await lane.settled()
        server = lane.server_pid if case.victim == "server" else None
        lane.watch.arm(service, Strike(point=case.point, victim=case.victim, server_pid=server))
        failed_at = reference.failed_at if case.undone else None
        run = await self._run(lane, subject, service, failed_at, known.ended.seconds + _BEYOND_REFERENCE_S)
        found = list(_differences(known, run))
        if lane.watch.struck(service) is None:
            found.insert(0, "the point was never reached, so nothing died")
        return Outcome(
            case=case,
            differences=tuple(found),
            lost_s=max(0.0, run.ended.seconds - known.ended.seconds),
            retries=max(0, begun(run.passages) - begun(known.passages)),
            lab=str(lane.home),
        )

    async def _run(
        self,
        lane: Lane,
        subject: Subject,
        service: str,
        failed_at: Point | None = None,
        within_s: float = _REFERENCE_WITHIN_S,
    ) -> Run:
        if failed_at:
            lane.watch.fail(service, failed_at)
        ended = await lane.carry_out(subject.kind, subject.request(service), within_s)
        facts = facts_of(lane.home, lane.catalogue, service)
        running = await lane.running(service)
        there = seen({**facts.sections, "workflows running": running}, facts.names)
        return Run(ended, lane.watch.passages(service), there)


@asynccontextmanager
async def campaign(vim: str, lanes: int, only: str, say: Callable[[str], None]) -> AsyncIterator[Campaign]:
    """Labs for a campaign; they are removed unless it fails."""
    directory = Path(tempfile.mkdtemp(prefix="interlace-prove-"))
    async with Brood(directory / "nursery.log") as brood:
        made = [Lane(directory / f"lane-{number}", vim, brood) for number in range(1, lanes + 1)]
        try:
            await asyncio.gather(*(lane.start() for lane in made))
            for lane in made:
                furnish(lane.catalogue, vim)
            yield Campaign(made, directory, only, say)
        finally:
            await asyncio.gather(*(lane.stop() for lane in made))
    shutil.rmtree(directory)


async def _all_or_first_failure(parts: Iterable[Coroutine[object, None, None]]) -> None:
    """Run them side by side; the first failure ends all, and is raised as it is."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _require(run: Run, status: str, subject: Subject) -> None:
    if run.ended.status != status:
        raise ReferenceError(
            f"{subject.kind}: the reference run ended {run.ended.status}, not {status}: {run.ended.failure}"
        )


def _differences(reference: Run, run: Run) -> Iterable[str]:
    if reference.ended.status != run.ended.status:
        yield f"it ended {run.ended.status} instead of {reference.ended.status}: {run.ended.failure}"
    yield from differences(reference.there, run.there)
