"""What is simulated, and what came of it."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from reliability.simulation.agenda import Agenda


@dataclass(frozen=True)
class Request:
    """A workflow that somebody asks for."""

    uuid: UUID
    at: float = 0.0
    """When it arrives, in s."""


@dataclass(frozen=True)
class Fault:
    """A death for good."""

    at: float
    """When, in s: after a heartbeat of that very moment, before anything else."""
    task: int | None = None
    """Of the microservice that dies, from 0. None: an orchestrator."""
    instance: int = 0
    """Which of its instances; of orchestrators, by rank."""


@dataclass(frozen=True)
class Setting:
    """What differs from run to run of the same configuration."""

    seed: int = 0
    jitter: float = 0.0
    """Heartbeats take between (1 - jitter) and 1 times their latency."""
    beat_at_death: bool = True
    """Whoever dies has just sent a heartbeat: the worst moment. Else its beats fall by chance."""


@dataclass
class Run:
    """What came of a simulation."""

    finished: dict[UUID, float] = field(default_factory=dict)
    """How long each request took until it was done first, in s."""
    worked: dict[UUID, list[int]] = field(default_factory=dict)
    """By whom each request was worked on, in turn: ranks of orchestrators, or tasks of microservices."""
    sent: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    """kB by kind of message."""
    durable: list[tuple[float, int]] = field(default_factory=list)
    """When, in s, how many tasks were safe from one death: just before it, most is to lose."""
    answered: dict[UUID, int] = field(default_factory=dict)
    """How many tasks of each request were answered, shared or not: another asks for some of them again."""
    answers: list[float] = field(default_factory=list)
    """When tasks were answered, in s."""
    silences: int = 0
    """How often somebody was taken for dead."""

    def finish(self, request: UUID, took: float) -> None:
        """A request is done, perhaps once more."""
        self.finished.setdefault(request, took)

    def beaten(self, kind: str, size: float, agenda: Agenda, listeners: int) -> None:
        """Heartbeats were sent; those before the first request do not count."""
        if agenda.now >= 0:
            self.sent[kind] += size * listeners


def requests(count: int, seed: int, apart: float = 0.0) -> list[Request]:
    """So many, with identifiers by chance, each so many seconds after the one before."""
    chance = random.Random(seed)
    return [Request(uuid(chance), number * apart) for number in range(count)]


def uuid(chance: random.Random) -> UUID:
    """One by chance, the same for the same seed."""
    return UUID(int=chance.getrandbits(128), version=4)


def before(interval: float, under_way: float) -> float:
    """When heartbeats begin, in s: so that each listener has heard one when the first request comes, at 0."""
    return -under_way - 2 * interval


def passing(death: float | None, interval: float, setting: Setting, chance: random.Random) -> float:
    """A moment at which somebody beats: where it is to be the worst, that of its death."""
    phase = chance.random() * interval
    return death if death is not None and setting.beat_at_death else phase


def horizon(asked: Sequence[Request], longest: float, time_out: float) -> float:
    """When to give up: no single fault delays anything so much, in s."""
    return max(each.at for each in asked) + 3 * longest + 10 * time_out


def latencies(base: float, setting: Setting, chance: random.Random) -> Callable[[], float]:
    """Of heartbeats, in s."""
    return lambda: base * (1 - setting.jitter * chance.random())
