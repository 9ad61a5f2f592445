"""A proof from its reference runs to its outcomes: labs do, `reliability` judges."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from adaptors.machine.abilities import examine
from domain.errors import InputError, InterlaceError
from domain.names import NETWORKED_KINDS, OperationKind
from interfaces.cli import emulated
from interfaces.cli.proof_runs import (
    WITHIN_S,
    Reference,
    ReferenceError,
    outcome,
    require,
    require_same,
    require_undone,
    run,
)
from lab.proving.brood import Brood
from lab.proving.estate import furnish
from lab.proving.lane import Lane
from reliability.cases import Case, Choice, brief_cases, calling_cases, cases, last_step, main_cases
from reliability.outcomes import Outcome, Proof
from reliability.points import passed
from reliability.subjects import SUBJECTS, Subject

_PREPARED_AT_ONCE = 6
_TRIES_MORE = 2
"""Where nothing died, and all else was as in the reference."""


class DifferenceError(InterlaceError):
    """A run ended otherwise than the reference."""

    def __init__(self, found: Outcome) -> None:
        self.outcome = found
        super().__init__("; ".join(found.differences))


@dataclass
class Campaign:
    """The proofs of several operations in the same lanes."""

    lanes: Sequence[Lane]
    only: str
    say: Callable[[str], None]
    quick: bool = False
    """Every kind of point once, instead of every point."""
    _services: int = field(default=0)

    async def points(self, kind: OperationKind) -> tuple[Case, ...]:
        """The cases of an operation, without carrying them out."""
        return self._wanted((await self._reference(SUBJECTS[kind])).cases(kind))

    async def prove(self, kind: OperationKind) -> Proof:
        """Carry out every case.

        :raises DifferenceError: at the first run that ends otherwise
        """
        began, subject = time.monotonic(), SUBJECTS[kind]
        reference = await self._reference(subject)
        wanted = self._wanted(reference.cases(kind))
        outcomes: dict[Case, Outcome] = {}
        await all_or_first_failure(
            self._carry_out(
                lane, subject, reference, wanted[number :: len(self.lanes)], outcomes, len(wanted)
            )
            for number, lane in enumerate(self.lanes)
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
        warm, steady, undone = await self.prepared(lane, subject, 3)
        first = await run(lane, subject, warm)  # what a process does for the first time takes longer
        require(first, "COMPLETED", subject)
        forward = await run(lane, subject, steady)
        require_same(first, forward, subject)
        failed_at = last_step(passed(forward.passages)) if subject.undone else None
        if failed_at is None:
            return Reference(forward, self._choice())
        undo = await run(lane, subject, undone, failed_at=failed_at)
        require(undo, "FAILED", subject)
        require_undone(undo, subject)
        return Reference(forward, self._choice(), undo, failed_at)

    def _choice(self) -> Choice:
        if self.lanes[0].packets:
            return calling_cases if self.quick else main_cases
        return brief_cases if self.quick else cases

    async def prepared(self, lane: Lane, subject: Subject, count: int) -> list[str]:
        """Names of services that are ready for the operation."""
        names = [self._name(subject.kind) for _ in range(count)]
        turns = asyncio.Semaphore(_PREPARED_AT_ONCE)

        async def prepare(service: str) -> None:
            request = subject.preparation(service)
            if request is None:
                return
            async with turns:
                ended = await lane.carry_out(OperationKind.INSTANTIATE, request, 2 * WITHIN_S)
            if ended.status != "COMPLETED":
                raise ReferenceError(f"{service} cannot be instantiated for the proof: {ended.failure}")
            lane.watch.forget(service)

        await asyncio.gather(*(prepare(service) for service in names))
        return names

    async def _cleared(self, lane: Lane, service: str) -> None:
        """Real instances take real resources: those of a run make room for the next."""
        if lane.packets and lane.catalogue.ledger.of_service(service):
            request = SUBJECTS[OperationKind.TERMINATE].request(service)
            await lane.carry_out(OperationKind.TERMINATE, request, 2 * WITHIN_S)

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
        ready = [] if lane.packets else await self.prepared(lane, subject, len(share))
        for case in share:
            service = ready.pop() if ready else (await self.prepared(lane, subject, 1))[0]
            found = await self._outcome(lane, subject, reference, case, service)
            outcomes[case] = found
            verdict = "same" if found.same else "DIFFERENT"
            self.say(f"[{len(outcomes)}/{total}] {case}: {verdict}, {found.lost_s:.1f} s lost")
            if not found.same:
                raise DifferenceError(found)
            await self._cleared(lane, found.service)

    async def _outcome(
        self, lane: Lane, subject: Subject, reference: Reference, case: Case, service: str
    ) -> Outcome:
        """Of the first try in which something died, or that ended otherwise than the reference."""
        found = await outcome(lane, subject, reference, case, service)
        for _ in range(_TRIES_MORE):
            if found.reached or len(found.differences) > 1:
                break
            self.say(f"{case}: passed before anything could die there; once more")
            await self._cleared(lane, found.service)
            [service] = await self.prepared(lane, subject, 1)
            found = await outcome(lane, subject, reference, case, service)
        return found


@asynccontextmanager
async def campaign(
    vim: str, lanes: int, only: str, say: Callable[[str], None], quick: bool = False
) -> AsyncIterator[Campaign]:
    """Labs for a campaign; they are removed unless there is something to be found in them."""
    directory = Path(tempfile.mkdtemp(prefix="interlace-prove-"))
    if vim in NETWORKED_KINDS and not (abilities := examine(directory)[0]).datapaths:
        raise InputError(f"no emulator here: {abilities.why}")
    try:
        async with _labs(directory, vim, lanes) as made:
            yield Campaign(made, only, say, quick)
    except Exception:
        raise
    except BaseException:  # somebody does not want to know any more
        shutil.rmtree(directory)
        raise
    shutil.rmtree(directory)


@asynccontextmanager
async def _labs(directory: Path, vim: str, lanes: int) -> AsyncIterator[Sequence[Lane]]:
    """Lanes that are up and furnished; when they end, nothing of them is left on the machine but files."""
    async with Brood(directory / "nursery.log") as brood:
        made = [Lane(directory / f"lane-{number}", brood, vim) for number in range(1, lanes + 1)]
        try:
            await all_or_first_failure(lane.start() for lane in made)
            for lane in made:
                furnish(lane.catalogue, vim)
            yield made
        finally:
            await asyncio.gather(*(lane.stop() for lane in made))
            for lane in made:
                if lane.packets:
                    emulated.remove_all(lane.home)
                else:
                    emulated.forget(lane.home)  # an audit makes a place for what it might find


async def all_or_first_failure(parts: Iterable[Coroutine[object, None, None]]) -> None:
    """Run them side by side; the first failure ends all, and is raised as it is."""
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
