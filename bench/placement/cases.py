"""The instances of the benchmark: what is placed where, wholly given by a few words and a seed."""

import random
from dataclasses import dataclass
from itertools import product

import networkx as nx

from bench.placement.services import SHAPES, Shape, service
from bench.placement.worlds import TIGHTNESSES, TOPOLOGIES, Tightness, world
from domain.infrastructure import Infrastructure
from domain.models import Model
from domain.plans import ServiceGraph
from placement import topology
from placement.topology import Usage

COMPONENTS = (3, 6, 10, 20)
_ALLOWED: dict[Tightness, tuple[float, float]] = {"loose": (2.5, 4.0), "tight": (1.05, 1.8)}
"""Latency allowed along the chain, by that of the quickest way between its ends."""
_LEAST_MS = 1.0


class Case(Model):
    """One instance; `task` makes it, the same each time."""

    size: int
    topology: str
    components: int
    shape: Shape
    tightness: Tightness
    seed: int

    @property
    def name(self) -> str:
        where = self.topology.rsplit("/", 1)[-1]
        return f"{where}/{self.components}/{self.shape}/{self.tightness}/{self.seed}"


@dataclass(frozen=True)
class Task:
    """What a contender is given."""

    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage


def cases(sizes: tuple[int, ...], components: tuple[int, ...], seeds: tuple[int, ...]) -> list[Case]:
    """All combinations, in an order shuffled round by round: what is done of a round is a fair part of it."""
    found = []
    for seed in seeds:
        names = {size: TOPOLOGIES[size][seed % len(TOPOLOGIES[size])] for size in sizes}
        batch = [
            Case(size=size, topology=names[size], components=count, shape=shape, tightness=tight, seed=seed)
            for size, count, shape, tight in product(sizes, components, SHAPES, TIGHTNESSES)
        ]
        random.Random(seed).shuffle(batch)
        found += batch
    return found


def task(case: Case) -> Task:
    """The instance itself; nothing looks at whether it has a solution."""
    dice = random.Random(f"service {case.name}")
    where = world(case.topology, case.tightness, case.seed)
    ends = _ends(where.infrastructure, dice)
    quickest = _quickest_ms(where.infrastructure, *ends)
    allowed = max(_LEAST_MS, quickest * dice.uniform(*_ALLOWED[case.tightness]))
    graph = service(case.shape, case.components, ends, round(allowed, 3), dice)
    return Task(graph, where.infrastructure, where.usage)


def _ends(infrastructure: Infrastructure, dice: random.Random) -> tuple[str, str]:
    one, other = dice.sample(sorted(infrastructure.pops), 2)
    return one, other


def _quickest_ms(infrastructure: Infrastructure, one: str, other: str) -> float:
    ways = topology.build(infrastructure, Usage())
    found: float = nx.shortest_path_length(ways, one, other, weight="latency_ms")
    return found
