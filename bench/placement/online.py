"""Requests that come and go on one infrastructure: who accepts how many of the same ones, and at what cost.

Requests come as a Poisson process and stay for exponential times. What a contender accepts takes capacity
until it ends; what it cannot place, it refuses, and nothing is tried again. Each has an infrastructure
of its own.
"""

import random
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Literal

from bench.measurements import percentile
from bench.placement.cases import Case, Task, task
from bench.placement.contenders import BEST, NEAREST, OURS, contender
from bench.placement.services import SHAPES
from bench.placement.worlds import TIGHTNESSES, priced
from bench.tables import ROW, at_least, at_most, show
from domain.errors import InfeasibleError, TemporaryError
from domain.infrastructure import Infrastructure, Resources
from domain.plans import Plan, ServiceGraph
from placement.check import violations
from placement.topology import Usage

CONTENDERS = (OURS, NEAREST, BEST)
Mix = Literal["mixed", "demanding"]
MIXES: tuple[Mix, ...] = ("mixed", "demanding")
"""All shapes, loose and tight; or chains with tight latencies, where half of the functions need a capability
that two of five PoPs have."""

_CAPABILITIES = ("dpdk", "gpu", "sriov", "tpm")
_TOPOLOGY = "sndlib/germany50"
_PER_HOUR = 20.0
_MEAN_HOURS = 6.0
_LIMIT_S = 10.0
_COMPONENTS = (3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Request:
    """A service that somebody wants from an hour on, for some hours."""

    number: int
    at_h: float
    hours: float
    task: Task


@dataclass
class Tally:
    """What came of all requests with one contender."""

    name: str
    seconds: list[float] = field(default_factory=list)
    costs: dict[int, float] = field(default_factory=dict)
    """Accepted request -> cost per hour."""
    hours: dict[int, float] = field(default_factory=dict)
    """Accepted request -> how long it stays."""
    wrong: int = 0
    late: int = 0

    def hourly(self, numbers: Iterable[int] | None = None) -> float:
        """Cost of an accepted request per hour, weighted by how long each stays."""
        chosen = list(self.costs if numbers is None else numbers)
        total = sum(self.hours[number] for number in chosen)
        return sum(self.costs[number] * self.hours[number] for number in chosen) / total if total else 0.0


def requests(count: int, seed: int, mix: Mix = "mixed") -> list[Request]:
    """So many, the same for the same seed."""
    dice = random.Random(f"online {mix} {seed}")
    where, at_h = priced(_TOPOLOGY, seed), 0.0
    if mix == "demanding":
        where = _equipped(where, dice)
    found = []
    for number in range(count):
        at_h += dice.expovariate(_PER_HOUR)
        graph = task(_case(mix, seed * 1_000_000 + number, dice)).graph
        graph = _demanding(graph, dice) if mix == "demanding" else graph
        found.append(Request(number, at_h, dice.expovariate(1 / _MEAN_HOURS), Task(graph, where, Usage())))
    return found


def _case(mix: Mix, seed: int, dice: random.Random) -> Case:
    return Case(
        size=50,
        topology=_TOPOLOGY,
        components=dice.choice(_COMPONENTS),
        shape=dice.choice(SHAPES) if mix == "mixed" else "chain",
        tightness=dice.choice(TIGHTNESSES) if mix == "mixed" else "tight",
        seed=seed,
    )


def _equipped(infrastructure: Infrastructure, dice: random.Random) -> Infrastructure:
    """With each capability at two of five PoPs."""
    pops = {
        name: pop.model_copy(
            update={"capabilities": frozenset(each for each in _CAPABILITIES if dice.random() < 0.4)}
        )
        for name, pop in infrastructure.pops.items()
    }
    return infrastructure.model_copy(update={"pops": pops})


def _demanding(graph: ServiceGraph, dice: random.Random) -> ServiceGraph:
    """Half of its functions need a capability."""
    parts = tuple(
        part.model_copy(
            update={"requires": frozenset({dice.choice(_CAPABILITIES)} if dice.random() < 0.5 else ())}
        )
        for part in graph.instances
    )
    return graph.model_copy(update={"instances": parts})


def compared(count: int, seed: int, mix: Mix, names: tuple[str, ...] = CONTENDERS) -> list[Tally]:
    """The same requests to each."""
    wanted = requests(count, seed, mix)
    return [served(name, wanted) for name in names]


def served(name: str, wanted: list[Request]) -> Tally:
    """All requests in their order, by one contender."""
    tally, taken, leaving = Tally(name), _Taken(), list[tuple[float, int, Plan, Task]]()
    place = contender(name).place
    for request in wanted:
        while leaving and leaving[0][0] <= request.at_h:
            _, _, plan, gone = heappop(leaving)
            taken.add(plan, gone, -1)
        now = Task(request.task.graph, request.task.infrastructure, taken.usage())
        plan_or_none = _answer(place, now, tally)
        if plan_or_none is not None:
            tally.costs[request.number] = plan_or_none.cost_per_hour
            tally.hours[request.number] = request.hours
            taken.add(plan_or_none, now, 1)
            heappush(leaving, (request.at_h + request.hours, request.number, plan_or_none, now))
    return tally


def _answer(place: Callable[[Task, float], Plan], now: Task, tally: Tally) -> Plan | None:
    started = time.perf_counter()
    try:
        plan = place(now, _LIMIT_S)
    except InfeasibleError:
        return None
    except TemporaryError:
        tally.late += 1
        return None
    finally:
        tally.seconds.append(time.perf_counter() - started)
    if violations(plan, now.graph, now.infrastructure, now.usage):
        tally.wrong += 1
        return None
    return plan


class _Taken:
    """What the accepted requests hold."""

    def __init__(self) -> None:
        self._pops: dict[str, tuple[int, int, int]] = {}
        self._links: dict[str, float] = {}

    def add(self, plan: Plan, given: Task, sign: int) -> None:
        for part in given.graph.instances:
            needs, pop = part.resources, plan.placements[part.name]
            held = self._pops.get(pop, (0, 0, 0))
            more = needs.vcpus, needs.memory, needs.disk
            self._pops[pop] = (held[0] + sign * more[0], held[1] + sign * more[1], held[2] + sign * more[2])
        for route in plan.routes:
            for name in route.physical_links:
                self._links[name] = self._links.get(name, 0.0) + sign * route.bandwidth_mbps

    def usage(self) -> Usage:
        return Usage(
            pops={name: Resources.of(*held) for name, held in self._pops.items()},
            links={name: max(0.0, round(mbps, 6)) for name, mbps in self._links.items()},
        )


def report(tallies: list[Tally], mix: Mix) -> None:
    """Print the table."""
    show(row for tally in tallies for row in _rows(tally, tallies))
    print(
        f"{len(tallies[0].seconds)} {mix} requests on {_TOPOLOGY}, {_PER_HOUR:g} an hour,"
        f" each for {_MEAN_HOURS:g} hours in the mean; the time to solve delays nobody"
    )


def _rows(tally: Tally, tallies: list[Tally]) -> list[ROW]:
    ours = tallies[0]
    ms = [second * 1000 for second in tally.seconds]
    accepted = f"{len(tally.costs)} of {len(tally.seconds)}"
    rows: list[ROW] = [
        (f"{tally.name}: accepted", accepted, "-", "-"),
        (f"{tally.name}: cost of a request per hour", f"{tally.hourly():.4f}", "-", "-"),
        (
            f"{tally.name}: ms a request, median and p95",
            f"{statistics.median(ms):.1f}, {percentile(ms, 0.95):.1f}",
            "-",
            "-",
        ),
        (f"{tally.name}: late, wrong", f"{tally.late}, {tally.wrong}", "-", "-"),
    ]
    return rows if tally is ours else [*rows, *_beside(ours, tally)]


def _beside(ours: Tally, other: Tally) -> list[ROW]:
    more = 100 * (len(ours.costs) / max(1, len(other.costs)) - 1)
    both = sorted(ours.costs.keys() & other.costs.keys())
    overall = ours.hourly() / other.hourly() if other.hourly() else 0.0
    shared = ours.hourly(both) / other.hourly(both) if both else 0.0
    nearest, none = other.name == NEAREST, ("-", "-")
    return [
        (
            f"ours accepts more than {other.name}",
            f"{more:+.0f} %",
            *(at_least(more, 30, "%") if nearest else none),
        ),
        (
            f"cost of ours by {other.name}, all accepted",
            f"{overall:.3f}",
            *(at_most(overall, 1.0, "") if nearest else none),
        ),
        (
            f"cost of ours by {other.name}, of the {len(both)} of both",
            f"{shared:.3f}",
            *(at_most(shared, 1.0, "") if nearest else none),
        ),
    ]
