"""The centralised design, event by event: orchestrators by modulo, shared states, takeovers."""

import random
from collections.abc import Iterable, Sequence
from functools import partial

from reliability.model import centralised
from reliability.model.parameters import Parameters
from reliability.simulation.agenda import Agenda, Turn
from reliability.simulation.beats import Listener, Sender
from reliability.simulation.leading import Instance, Orchestrator
from reliability.simulation.runs import (
    Fault,
    Request,
    Run,
    Setting,
    before,
    horizon,
    latencies,
    passing,
)


def simulate(
    z: Parameters, asked: Sequence[Request], faults: Sequence[Fault] = (), setting: Setting | None = None
) -> Run:
    """Carry out requests while something dies, until all are done or nobody is left to do them."""
    return _World(z, asked, faults, setting or Setting()).run()


class _World:
    """All orchestrators and microservices. Orchestrators are known by rank."""

    def __init__(
        self, z: Parameters, asked: Sequence[Request], faults: Sequence[Fault], setting: Setting
    ) -> None:
        self._z, self._asked, self._faults, self._setting = z, asked, faults, setting
        self._chance = random.Random(setting.seed)
        self._agenda, self._run = Agenda(before(z.h_i, z.l_hb)), Run()
        self._services = [[Instance() for _ in range(z.replicas)] for _ in range(z.n)]
        self._orchestrators = [
            Orchestrator(rank, z, self._agenda, self._services, self._run) for rank in range(z.orchestrators)
        ]

    def run(self) -> Run:
        for each in self._orchestrators:
            self._introduce(each)
        for task, instances in enumerate(self._services):
            for number, instance in enumerate(instances):
                self._watch(task, number, instance)
        for fault in self._faults:
            self._agenda.at(fault.at, partial(self._die, fault), Turn.DEATH)
        for request in self._asked:
            for each in self._orchestrators:
                self._agenda.at(request.at, partial(each.receive, request.uuid))
        longest = centralised.completion(self._z) + centralised.lost(self._z)
        end = horizon(self._asked, longest, self._z.time_out)
        self._agenda.run(lambda: len(self._run.finished) == len(self._asked), end)
        return self._run

    def _introduce(self, one: Orchestrator) -> None:
        """The others listen to its heartbeats."""
        one.peers = [other for other in self._orchestrators if other is not one]
        for other in one.peers:
            other.ears[one.rank] = Listener(self._agenda, self._z.time_out, partial(other.silent, one.rank))
        self._send(one, [other.ears[one.rank] for other in one.peers], None, one.rank)

    def _watch(self, task: int, number: int, instance: Instance) -> None:
        """All orchestrators listen to its heartbeats; but none comes of one that nobody could replace."""
        instance.ears = [
            Listener(self._agenda, self._z.time_out, partial(each.abandoned, task, instance))
            for each in self._orchestrators
        ]
        if self._z.replicas > 1:
            self._send(instance, instance.ears, task, number)

    def _send(
        self, who: Orchestrator | Instance, listeners: Iterable[Listener], task: int | None, number: int
    ) -> None:
        kind = "heartbeats" if task is None else "heartbeats of microservices"
        beats = Sender(
            self._agenda,
            tuple(listeners),
            lambda: who.alive,
            latencies(self._z.l_hb, self._setting, self._chance),
            partial(self._run.beaten, kind, self._z.h_s, self._agenda),
        )
        death = next((each.at for each in self._faults if (each.task, each.instance) == (task, number)), None)
        beats.begin(self._z.h_i, passing(death, self._z.h_i, self._setting, self._chance))

    def _die(self, fault: Fault) -> None:
        one = self._orchestrators if fault.task is None else self._services[fault.task]
        one[fault.instance].alive = False


def led_by(z: Parameters, request: Request) -> int:
    """The rank of the orchestrator that leads a request while all live."""
    return request.uuid.int % z.orchestrators
