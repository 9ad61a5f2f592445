"""The distributed design, event by event: microservices with twins, each handing the state on."""

import random
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from reliability.model import distributed
from reliability.model.parameters import Parameters
from reliability.simulation.agenda import Agenda, Turn
from reliability.simulation.beats import Listener, Sender
from reliability.simulation.runs import Fault, Request, Run, Setting, before, horizon, latencies, passing

TWINS = 2


def simulate(
    z: Parameters, asked: Sequence[Request], faults: Sequence[Fault] = (), setting: Setting | None = None
) -> Run:
    """Carry out requests while something dies, until all are done or nobody is left to do them.

    :param faults: of microservices: each names its task
    """
    return _World(z, asked, faults, setting or Setting()).run()


class _Twin:
    """One of the two instances of a microservice."""

    def __init__(self, world: "_World", task: int, side: int) -> None:
        self.alive = True
        self.ear: Listener
        """For the other."""
        self._world, self._task, self._side = world, task, side
        self._log: dict[UUID, bool] = {}
        """Requests that have come, and whether they are done or being done here."""

    def receive(self, request: UUID) -> None:
        """The state of a request has come, as to both; one that comes again is not new."""
        if not self.alive or request in self._log:
            return
        self._log[request] = False
        if request.int % TWINS == self._side or not self.ear.believes:
            self._work(request)

    def silent(self) -> None:
        """The other is taken for dead: what it has not finished is done here."""
        if not self.alive:
            return
        self._world.found.silences += 1
        for request, settled in list(self._log.items()):
            if not settled:
                self._work(request)

    def settle(self, request: UUID) -> None:
        """The other says that it has finished."""
        self._log[request] = True

    def _work(self, request: UUID) -> None:
        self._log[request] = True
        self._world.found.worked.setdefault(request, []).append(self._task)

        def done() -> None:
            if self.alive:
                self._world.hand_on(self._task, self._side, request)

        self._world.agenda.after(self._world.z.tasks[self._task], done)


class _World:
    def __init__(
        self, z: Parameters, asked: Sequence[Request], faults: Sequence[Fault], setting: Setting
    ) -> None:
        self.z, self._asked, self._faults, self._setting = z, asked, faults, setting
        self._chance = random.Random(setting.seed)
        slowest = max(z.beating, key=lambda beat: 2 / beat.h_r + beat.l_hb)
        self.agenda, self.found = Agenda(before(1 / slowest.h_r, slowest.l_hb)), Run()
        self._twins = [[_Twin(self, task, side) for side in range(TWINS)] for task in range(z.n)]
        self._begun: dict[UUID, float] = {}

    def run(self) -> Run:
        for task in range(self.z.n):
            for side in range(TWINS):
                self._listen(task, side)
        for fault in self._faults:
            self.agenda.at(fault.at, partial(self._die, fault), Turn.DEATH)
        for request in self._asked:
            self.agenda.at(request.at, partial(self._ask, request))
        longest = distributed.completion(self.z) + distributed.lost(self.z)
        end = horizon(self._asked, longest, max(beat.t_h for beat in self.z.beating))
        self.agenda.run(lambda: len(self.found.finished) == len(self._asked), end)
        return self.found

    def hand_on(self, task: int, side: int, request: UUID) -> None:
        """A task is done: first to both of the next, then to the twin. The other way round, a death between
        the two would lose the request: the twin would think it done, and nobody would have it."""
        self.found.durable.append((self.agenda.now, task + 1))
        if task + 1 == self.z.n:
            self.found.finish(request, self.agenda.now - self._begun[request])
        else:
            self._deliver(task + 1, request)
        self.found.sent["finished"] += self.z.p_c
        twin = self._twins[task][1 - side]
        self.agenda.after(self.z.beating[task].l_hb, partial(twin.settle, request))

    def _ask(self, request: Request) -> None:
        self._begun[request.uuid] = self.agenda.now
        self._deliver(0, request.uuid)

    def _deliver(self, task: int, request: UUID) -> None:
        for kind, twin in zip(("operating", "shared"), self._twins[task], strict=True):
            self.found.sent[kind] += self.z.states[task]
            self.agenda.after(self.z.each(self.z.l_next)[task], partial(twin.receive, request))

    def _listen(self, task: int, side: int) -> None:
        """One listens to the other's heartbeats."""
        beat, one, other = self.z.beating[task], self._twins[task][side], self._twins[task][1 - side]
        one.ear = Listener(self.agenda, beat.t_h, one.silent)
        death = next(
            (each.at for each in self._faults if (each.task, each.instance) == (task, 1 - side)), None
        )
        sender = Sender(
            self.agenda,
            (one.ear,),
            lambda: other.alive,
            latencies(beat.l_hb, self._setting, self._chance),
            partial(self.found.beaten, "heartbeats", self.z.h_s, self.agenda),
        )
        sender.begin(1 / beat.h_r, passing(death, 1 / beat.h_r, self._setting, self._chance))

    def _die(self, fault: Fault) -> None:
        self._twins[fault.task or 0][fault.instance].alive = False
