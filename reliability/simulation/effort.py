"""How much there is to simulate: heartbeats, above all."""

from domain.errors import InputError
from reliability.model import centralised, distributed
from reliability.model.measures import Design
from reliability.model.parameters import Parameters

MOST_BEATS = 5e6
"""Half a minute's work."""
_TWINS = 2


def refuse_endless(z: Parameters, design: Design, runs: int) -> None:
    """:raises InputError: if that many runs of one request would take too long"""
    beats = runs * (_centralised(z) if design == "centralised" else _distributed(z))
    if beats > MOST_BEATS:
        raise InputError(
            f"h_r, n: simulating {runs} faults in the {design} design would send {beats:.2g} heartbeats, and "
            f"{MOST_BEATS:.2g} are the most; fewer heartbeats per second, or fewer tasks"
        )


def _centralised(z: Parameters) -> float:
    """Heartbeats of one run, by listeners."""
    others = z.orchestrators * (z.orchestrators - 1)
    instances = z.n * z.replicas * z.orchestrators if z.replicas > 1 else 0
    return (others + instances) * z.h_r * (centralised.completion(z) + centralised.lost(z))


def _distributed(z: Parameters) -> float:
    rates = _TWINS * sum(each.h_r for each in z.beating)
    return rates * (distributed.completion(z) + distributed.lost(z))
