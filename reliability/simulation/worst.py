"""The worst that one death does to a request, searched for in the simulations."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from reliability.model.measures import Design
from reliability.model.parameters import Parameters
from reliability.simulation import centralised, distributed
from reliability.simulation.effort import refuse_endless
from reliability.simulation.runs import Fault, Request, Run, Setting, requests

_SIMULATIONS = MappingProxyType({"centralised": centralised.simulate, "distributed": distributed.simulate})
Simulation = Callable[[Parameters, Sequence[Request], Sequence[Fault], Setting | None], Run]


@dataclass(frozen=True)
class Worst:
    """The worst that was found."""

    t_c: float
    """Seconds without a fault."""
    t_r: float
    """Seconds with the worst one."""
    fault: Fault


def worst(z: Parameters, design: Design, seed: int = 0, chances: int = 5, jitter: float = 0.0) -> Worst:
    """Kill whoever has a request in hand: before each moment at which work becomes safe, and by chance.

    :param chances: how many moments by chance are tried beside the others
    :param jitter: share of their latency by which heartbeats may come earlier
    :raises InputError: if that is too much to simulate
    """
    refuse_endless(z, design, runs=(2 if z.again < 1 else 1) * z.n + 2 + chances)
    simulate: Simulation = _SIMULATIONS[design]
    [request] = requests(1, seed)
    calm = simulate(z, [request], (), Setting(seed, jitter))
    t_c = calm.finished[request.uuid]
    chance = random.Random(seed)
    tried = [(fault, Setting(seed, jitter)) for fault in _before_safety(z, design, request, calm)]
    tried += [
        (fault, Setting(seed + number + 1, jitter, beat_at_death=False))
        for number, fault in enumerate(_by_chance(z, design, request, chance, t_c, chances))
    ]
    took = [
        (simulate(z, [request], [fault], setting).finished[request.uuid], fault) for fault, setting in tried
    ]
    t_r, fault = max(took, key=lambda each: each[0])
    return Worst(t_c, t_r, fault)


def _before_safety(z: Parameters, design: Design, request: Request, calm: Run) -> Iterator[Fault]:
    if design == "centralised":
        leader = centralised.led_by(z, request)
        yield from (Fault(at, None, leader) for at, _ in calm.durable)
        if z.again < 1:  # what is in hand costs most, even where something else was to be shared later
            yield from (Fault(at, None, leader) for at in calm.answers)
        return
    side = request.uuid.int % distributed.TWINS
    yield from (Fault(at, done - 1, side) for at, done in calm.durable)


def _by_chance(
    z: Parameters, design: Design, request: Request, chance: random.Random, t_c: float, count: int
) -> Iterator[Fault]:
    for _ in range(count):
        at = chance.uniform(0, t_c)
        if design == "centralised":
            yield Fault(at, None, centralised.led_by(z, request))
        else:
            yield Fault(at, chance.randrange(z.n), request.uuid.int % distributed.TWINS)
