"""An orchestrator of the centralised design: it leads its requests, and takes over those of the dead."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from reliability.model.parameters import Parameters
from reliability.simulation.agenda import Act, Agenda
from reliability.simulation.beats import Listener
from reliability.simulation.runs import Run


@dataclass
class Entry:
    """What an orchestrator knows of a request."""

    leader: int
    done: int = 0
    """Tasks whose results it has."""
    over: bool = False


@dataclass
class Instance:
    """One of a microservice's."""

    alive: bool = True
    ears: list[Listener] = field(default_factory=list)
    """Of the orchestrators, by rank, for it."""


class Orchestrator:
    """One of several; all know all requests, and each is led by one."""

    def __init__(
        self,
        rank: int,
        z: Parameters,
        agenda: Agenda,
        services: Sequence[Sequence[Instance]],
        run: Run,
    ) -> None:
        """
        :param rank: its place in the order of the orchestrators' identifiers
        :param services: the instances of each task's microservice
        :param run: where to note what happens
        """
        self.rank, self.alive = rank, True
        self.ears: dict[int, Listener] = {}
        """For each other orchestrator, by rank."""
        self.peers: list[Orchestrator] = []
        """The others."""
        self._z, self._agenda, self._services, self._run = z, agenda, services, run
        self._log: dict[UUID, Entry] = {}
        self._begun: dict[UUID, float] = {}
        self._asked: dict[UUID, tuple[int, Instance]] = {}
        """Of what it leads: the task that is being done, and where."""

    def receive(self, request: UUID) -> None:
        """A request has come, as to all orchestrators."""
        if not self.alive:
            return
        self._begun[request] = self._agenda.now
        self._log[request] = entry = Entry(self._responsible(request))
        if entry.leader == self.rank:
            self._lead(request)

    def silent(self, rank: int) -> None:
        """Another one is taken for dead: what it led is shared out anew, and goes on."""
        if not self.alive:
            return
        self._run.silences += 1
        for request, entry in self._log.items():
            if entry.leader == rank and not entry.over:
                entry.leader = self._responsible(request)
                if entry.leader == self.rank:
                    self._lead(request)

    def abandoned(self, task: int, instance: Instance) -> None:
        """A microservice's instance is taken for dead: what it was doing is asked of another."""
        if not self.alive:
            return
        self._run.silences += 1
        for request, asked in list(self._asked.items()):
            if asked == (task, instance):
                self._ask(request, task)

    def learn(self, request: UUID, done: int) -> None:
        """A shared state has come."""
        if self.alive:
            entry = self._log[request]
            entry.done = max(entry.done, done)

    def forget(self, request: UUID) -> None:
        """The one that led a request says that it is done."""
        if self.alive:
            self._log[request].over = True

    def _responsible(self, request: UUID) -> int:
        """By modulo of the request's identifier, among those believed alive."""
        there = sorted([self.rank, *(rank for rank, ear in self.ears.items() if ear.believes)])
        return there[request.int % len(there)]

    def _lead(self, request: UUID) -> None:
        self._run.worked.setdefault(request, []).append(self.rank)
        done = self._log[request].done
        if done and self._z.shared == "prepared":
            self._go_on(request, done)
        else:
            self._later(self._z.t_o, partial(self._prepared, request, done))

    def _prepared(self, request: UUID, done: int) -> None:
        """The input of the next task is ready."""
        self._share(request, done, "prepared", partial(self._go_on, request, done))

    def _go_on(self, request: UUID, done: int) -> None:
        if done < self._z.n:
            self._ask(request, done)
            return
        self._run.durable.append((self._agenda.now, done))
        self._run.finish(request, self._agenda.now - self._begun[request])
        for peer in self.peers:
            self._agenda.after(self._z.l_hb, partial(peer.forget, request))

    def _ask(self, request: UUID, task: int) -> None:
        """Have an instance do a task; its answer comes if it lives until then."""
        z, instance = self._z, self._believed(task)
        takes = z.tasks[task] * (z.again if task < self._run.answered.get(request, 0) else 1.0)
        self._asked[request] = (task, instance)
        self._run.sent["operating"] += z.each(z.p_a)[task]

        def answer() -> None:
            if instance.alive:
                self._run.sent["operating"] += z.each(z.p_b)[task]
                self._later(z.each(z.l_b)[task], partial(self._answered, request, task, instance))

        self._agenda.after(z.each(z.l_a)[task] + takes, answer)

    def _believed(self, task: int) -> Instance:
        instances = self._services[task]
        return next((each for each in instances if each.ears[self.rank].believes), instances[0])

    def _answered(self, request: UUID, task: int, instance: Instance) -> None:
        if self._asked.get(request) != (task, instance):
            return  # somebody else does it again already
        del self._asked[request]
        done = task + 1
        self._run.answers.append(self._agenda.now)
        self._run.answered[request] = max(done, self._run.answered.get(request, 0))
        work_in = partial(self._later, self._z.t_o, partial(self._prepared, request, done))
        self._share(request, done, "answered", work_in)

    def _share(self, request: UUID, done: int, moment: str, then: Act) -> None:
        """Share the state where that is due, then go on."""
        z = self._z
        since = done - z.first_shared
        if moment != z.shared or since < 0 or since % z.s_p:
            then()
            return

        def send() -> None:
            self._run.durable.append((self._agenda.now, done))
            for peer in self.peers:
                self._run.sent["shared"] += z.s_z
                self._agenda.after(z.l_hb, partial(peer.learn, request, done))
            then()

        self._later(z.t_s, send)

    def _later(self, seconds: float, act: Act) -> None:
        """What this orchestrator does, if it lives until then."""
        self._agenda.after(seconds, lambda: act() if self.alive else None)
