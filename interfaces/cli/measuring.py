"""The recovery model held against the running system: labs are timed, `reliability` predicts and compares."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from temporalio.service import RPCError

from domain.names import OperationKind
from interfaces.cli.measuring_grid import Found, Wanted, checkpoints_of, profile_of, tasks_of
from interfaces.cli.proving import all_or_first_failure
from lab.proving.brood import Brood
from lab.recovering.beats import heartbeat_bytes
from lab.recovering.estate import furnish
from lab.recovering.ground import Ground
from lab.recovering.script import Script
from lab.recovering.subjects import SUBJECTS, Subject
from lab.recovering.timing import Stroke, Timed, TimingError, prepare, timed
from reliability.measured.readings import Calibration, Measured, Pair, Reading, ServerCrash, Setting

_BEFORE_END_S = 0.1
"""A worker dies so shortly before its task would be done: nearer, it might be done already."""
_TRIES = 8
"""Further ones, where no worker had both the task and the workflow: at two workers, half of all tasks."""
_AT_ONCE = 4
Say = Callable[[str], None]


@dataclass
class Campaign:
    """All measurements."""

    grounds: Sequence[Ground]
    wanted: Wanted
    say: Say
    found: Found = field(default_factory=Found)
    _services: int = 0
    _beat_bytes: int = 0

    async def run(self) -> Measured:
        """One thing after the other where times are compared; then the grid, in all labs."""
        ground = self.grounds[0]
        self._look()
        self._beat_bytes = await heartbeat_bytes(ground.client)
        base = self.wanted.settings[0]
        await ground.serve(profile_of(base), base.workers)
        async with Script(ground.home) as script:
            for kind in self.wanted.kinds:
                await self._calibrate(ground, script, SUBJECTS[kind])
                self._look()
            for kind in self.wanted.kinds:
                await self._pair(ground, script, SUBJECTS[kind])
                self._look()
        settings = iter(self.wanted.settings)
        await all_or_first_failure(self._lane(each, settings) for each in self.grounds)
        self._look()
        return self.found.measured(self.wanted)

    async def _calibrate(self, ground: Ground, script: Script, subject: Subject) -> None:
        """Tasks without length, by script and workflow in turn; the first of each is not counted."""
        rounds = self.wanted.repeat + 2
        services = await self._prepared(ground, subject, 2 * rounds)
        furnish(ground.catalogue, 0.0)
        done = [
            (
                await script.carry_out(subject.kind, subject.request(services.pop())),
                await timed(ground, subject, services.pop()),
            )
            for _ in range(rounds)
        ][1:]
        scripts = tuple(each.seconds for each, _ in done)
        workflows = tuple(each.seconds for _, each in done)
        self.found.calibrations.append(
            Calibration(
                kind=subject.kind,
                again=subject.again,
                script_s=scripts,
                workflow_s=workflows,
                tasks=tasks_of([each for each, _ in done], subject),
            )
        )
        self.say(
            f"{subject.kind}, tasks of no length: {median(scripts):.3f} s by script, "
            f"{median(workflows):.3f} s by workflow"
        )

    async def _pair(self, ground: Ground, script: Script, subject: Subject) -> None:
        services = await self._prepared(ground, subject, 2 * self.wanted.repeat)
        furnish(ground.catalogue, self.wanted.task_s)
        t_m: list[float] = []
        t_c: list[float] = []
        for number in range(self.wanted.repeat):
            t_m.append((await script.carry_out(subject.kind, subject.request(services.pop()))).seconds)
            t_c.append((await timed(ground, subject, services.pop())).seconds)
            self.say(
                f"[{number + 1}/{self.wanted.repeat}] {subject.kind}: t_m {t_m[-1]:.2f} s by script, "
                f"t_c {t_c[-1]:.2f} s by workflow"
            )
        self.found.pairs.append(Pair(kind=subject.kind, t_m=tuple(t_m), t_c=tuple(t_c)))

    async def _lane(self, ground: Ground, settings: Iterable[Setting]) -> None:
        for setting in settings:
            await ground.serve(profile_of(setting), setting.workers)
            replaced_s = await ground.replaced_s() if setting.workers == 1 else None
            await self._warm(ground)
            for kind in self.wanted.kinds:
                await self._read(ground, SUBJECTS[kind], setting, replaced_s)
            self._look()

    async def _warm(self, ground: Ground) -> None:
        """What a worker loads with its first operation is nothing that a checkpoint costs."""
        try:
            await self._prepared(ground, SUBJECTS[OperationKind.MIGRATE], _AT_ONCE)
        except (TimingError, RPCError) as error:
            self.say(f"the workers were not warmed up: {error}")

    async def _read(
        self, ground: Ground, subject: Subject, setting: Setting, replaced_s: float | None
    ) -> None:
        try:
            services = await self._prepared(ground, subject, 2 + self.wanted.moments + _TRIES)
            furnish(ground.catalogue, self.wanted.task_s)
            calm = await timed(ground, subject, services.pop())
            t_r = [
                await self._struck(ground, subject, services, setting, moment)
                for moment in range(self.wanted.moments)
            ]
            self._note(subject, setting, calm, t_r, replaced_s)
            if setting == self.wanted.settings[0]:
                await self._crash_server(ground, subject, setting, services.pop(), calm.seconds)
        except (TimingError, RPCError) as error:
            where = f"{subject.kind}, workers {setting.workers}, s_p {setting.s_p}, {setting.beat} s"
            self.found.failures.append(f"{where}: {error}")
            self.say(f"NOT MEASURED: {self.found.failures[-1]}")

    def _note(
        self, subject: Subject, setting: Setting, calm: Timed, t_r: Sequence[float], replaced_s: float | None
    ) -> None:
        reading = Reading(
            kind=subject.kind,
            setting=setting,
            t_c=(calm.seconds,),
            t_r=tuple(t_r),
            replaced_s=replaced_s,
            heartbeats=calm.heartbeats,
            history_bytes=calm.history_bytes,
            heartbeat_bytes=self._beat_bytes,
        )
        self.found.readings.append(reading)
        self._tell(reading)
        if setting == next(each for each in self.wanted.settings if each.s_p == setting.s_p):
            self.found.checkpoints.append(checkpoints_of(subject, setting, calm))

    async def _struck(
        self, ground: Ground, subject: Subject, services: list[str], setting: Setting, moment: int
    ) -> float:
        """t_r, at one of several moments within a heartbeat interval."""
        before = _BEFORE_END_S + moment * setting.heartbeat_s / self.wanted.moments
        stroke = self._stroke(subject, setting, before)
        while services:
            await ground.settled()
            told = await timed(ground, subject, services.pop(), stroke)
            if told.struck:
                return told.seconds
        raise TimingError("no worker could be killed that had a task and the workflow's state, in any try")

    async def _crash_server(
        self, ground: Ground, subject: Subject, setting: Setting, service: str, t_c: float
    ) -> None:
        stroke = self._stroke(subject, setting, _BEFORE_END_S, server=True)
        await ground.settled()
        told = await timed(ground, subject, service, stroke)
        await ground.settled()
        self.found.crashes.append(ServerCrash(kind=subject.kind, t_c=t_c, t_r=told.seconds))
        self.say(f"{subject.kind}, the Temporal server killed: {told.seconds:.2f} s instead of {t_c:.2f} s")

    def _stroke(
        self, subject: Subject, setting: Setting, before_end_s: float, server: bool = False
    ) -> Stroke:
        tasks = next(each.tasks for each in self.found.calibrations if each.kind is subject.kind)
        beside = median(each.seconds for each in tasks if each.long)
        return Stroke(
            before_end_s=before_end_s,
            task_s=self.wanted.task_s + beside / 2,
            fused=setting.s_p,
            server=server,
        )

    async def _prepared(self, ground: Ground, subject: Subject, count: int) -> list[str]:
        """Names of services that are ready for the operation; to make them takes no time."""
        names = [self._name(subject.kind) for _ in range(count)]
        turns = asyncio.Semaphore(_AT_ONCE)

        async def made(service: str) -> None:
            request = subject.preparation(service)
            if request is not None:
                async with turns:
                    await prepare(ground.client, request)

        furnish(ground.catalogue, 0.0)
        await all_or_first_failure(made(each) for each in names)
        return names

    def _name(self, kind: OperationKind) -> str:
        self._services += 1
        return f"measured-{kind.lower()}-{self._services:04}"

    def _look(self) -> None:
        self.found.load.append(round(os.getloadavg()[0], 2))

    def _tell(self, reading: Reading) -> None:
        setting, done = reading.setting, len(self.found.readings) + len(self.found.failures)
        total = len(self.wanted.settings) * len(self.wanted.kinds)
        self.say(
            f"[{done}/{total}] {reading.kind}, workers {setting.workers}, s_p {setting.s_p}, "
            f"{setting.beat} s: t_c {reading.t_c[0]:.2f} s, t_r {max(reading.t_r):.2f} s"
        )


@asynccontextmanager
async def campaign(wanted: Wanted, say: Say) -> AsyncIterator[Campaign]:
    """Labs for a campaign; nothing of them is left when it ends, however it ends."""
    directory = Path(tempfile.mkdtemp(prefix="interlace-measure-"))
    try:
        async with Brood(directory / "nursery.log") as brood:
            count = min(wanted.lanes, len(wanted.settings))
            grounds = [Ground(directory / f"lane-{number}", brood) for number in range(1, count + 1)]
            try:
                await all_or_first_failure(each.start() for each in grounds)
                yield Campaign(grounds, wanted, say)
            finally:
                await asyncio.gather(*(each.stop() for each in grounds))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
