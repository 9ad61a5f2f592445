"""What the paper concludes from Fig. 6: heartbeats, recovery and bandwidth."""

import random
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log
from statistics import correlation

from reliability.figures.claims import Claim, Ground, Verdict, holds
from reliability.figures.curves import RATES, TIME_OUTS, beating, but
from reliability.model import centralised, distributed
from reliability.model.measures import DESIGNS, Design, measures
from reliability.model.parameters import Parameters
from reliability.model.ranges import RANGES

MINIMAL = 0.05
"""A part of the bandwidth up to this is called minimal."""
SIGNIFICANT = 0.10
"""A difference from this on is called significant."""
_IMPROVED = 0.01
_DRAWN = 1000
_HEARTBEATS = {"centralised": centralised.heartbeat_bandwidth, "distributed": distributed.heartbeat_bandwidth}


def on_heartbeats(ground: Ground) -> Iterator[Claim]:
    """All of them."""
    z = ground.z
    yield _falls(z)
    yield _logarithmically(z)
    yield _diminishing(z)
    yield _no_more(z)
    yield _without_time_out(z)
    yield _minimal(z)
    yield _higher(z)


def _recovery(z: Parameters, design: Design, time_out: int, rates: Sequence[float] = RATES) -> list[float]:
    return [measures(beating(z, h_r, time_out), design).r_r for h_r in rates]


def _falls(z: Parameters) -> Claim:
    lines = [_recovery(z, design, time_out) for design in DESIGNS for time_out in TIME_OUTS]
    spans = ", ".join(f"{line[0]:.3f} to {line[-1]:.3f}" for line in lines)
    return Claim(
        where="Fig. 6",
        says="R_r falls with a rising heartbeat rate in every scenario",
        ours=f"from h_r = {RATES[0]:g} to {RATES[-1]:g}: {spans}",
        verdict=holds(all(a > b for line in lines for a, b in pairwise(line))),
    )


def _logarithmically(z: Parameters) -> Claim:
    line = _recovery(z, "centralised", TIME_OUTS[-1])
    by_logarithm = correlation(line, [log(h_r) for h_r in RATES]) ** 2
    by_inverse = correlation(line, [1 / h_r for h_r in RATES]) ** 2
    return Claim(
        where="Fig. 6",
        says="that fall is logarithmic",
        ours=f"a straight line in 1/h_r (R² = {by_inverse:.3f}), not in log h_r (R² = {by_logarithm:.3f})",
        verdict=holds(by_logarithm > by_inverse),
    )


def _diminishing(z: Parameters) -> Claim:
    low, one, high = _recovery(z, "centralised", TIME_OUTS[-1], (0.1, 1.0, 10.0))
    return Claim(
        where="Fig. 6",
        says="beyond h_r = 1 the gain in R_r diminishes",
        ours=f"h_r 0.1 to 1 gains {low - one:.3f}, 1 to 10 gains {one - high:.3f}",
        verdict=holds(one - high < low - one),
    )


def _no_more(z: Parameters) -> Claim:
    one, at_most = _recovery(z, "centralised", TIME_OUTS[-1], (1.0, 1e5))
    settled = next(h_r for h_r in (*RATES, 1e2, 1e3, 1e5) if _settled(z, h_r, at_most))
    return Claim(
        where="Fig. 6",
        says="beyond h_r = 1 the recovery time does not improve any more",
        ours=f"R_r = {one:.3f} at h_r = 1, {at_most:.3f} without end; within {_IMPROVED:.0%} of that from "
        f"h_r = {settled:.3g} on",
        verdict=holds(_settled(z, 1.0, at_most)),
    )


def _settled(z: Parameters, h_r: float, at_most: float) -> bool:
    [found] = _recovery(z, "centralised", TIME_OUTS[-1], (h_r,))
    return found <= at_most * (1 + _IMPROVED)


def _without_time_out(z: Parameters) -> Claim:
    found = [
        measures(beating(z, 2.0, time_out), design).b_tot for time_out in TIME_OUTS for design in DESIGNS
    ]
    return Claim(
        where="Fig. 6",
        says="B_tot does not depend on t_h",
        ours=f"{found[0]:.1f} and {found[1]:.1f} kB/s with each",
        verdict=holds(found[: len(DESIGNS)] == found[len(DESIGNS) :]),
    )


def _part(z: Parameters, design: Design, h_r: float) -> float:
    at = beating(z, h_r, TIME_OUTS[-1])
    return _HEARTBEATS[design](at) / measures(at, design).b_tot


def _minimal(z: Parameters) -> Claim:
    up_to = {
        design: max((h_r for h_r in RATES if _part(z, design, h_r) <= MINIMAL), default=0.0)
        for design in DESIGNS
    }
    told = "; ".join(
        f"{design} {_part(z, design, 2.0):.1%} at h_r = 2, {_part(z, design, RATES[-1]):.1%} at {RATES[-1]:g}"
        for design in DESIGNS
    )
    always = all(rate == RATES[-1] for rate in up_to.values())
    tightest = min(up_to, key=lambda design: up_to[design])
    return Claim(
        where="Fig. 6",
        says="heartbeats are a minimal part of B_tot in both designs",
        ours=told,
        verdict=Verdict.HOLDS if always else Verdict.ONLY_IF if all(up_to.values()) else Verdict.FAILS,
        condition=""
        if always
        else f"h_r is at most {up_to[tightest]:.2g} ({tightest}; minimal: {MINIMAL:.0%})",
    )


def _higher(z: Parameters) -> Claim:
    more = _excess(z)
    drawn = [_excess(each) for each in _within_ranges(z)]
    above = sum(each >= SIGNIFICANT for each in drawn) / len(drawn)
    below = sum(each < 0 for each in drawn) / len(drawn)
    return Claim(
        where="Fig. 6",
        says="B_tot is significantly higher in the distributed design",
        ours=f"{more:+.1%} here; over {_DRAWN} configurations from the paper's ranges: at least "
        f"{SIGNIFICANT:.0%} higher in {above:.0%}, lower in {below:.0%}",
        verdict=holds(above == 1) if above in (0, 1) else Verdict.ONLY_IF,
        condition="the state is clearly larger than what a task is sent and answers (s_z > P_a + P_b, at "
        "s_p = 1); the text does not say so",
    )


def _excess(z: Parameters) -> float:
    return measures(z, "distributed").b_tot / measures(z, "centralised").b_tot - 1


def _within_ranges(z: Parameters) -> Iterator[Parameters]:
    """The same configuration with sizes, times and latencies from the paper's ranges, by chance."""
    chance = random.Random(0)
    for _ in range(_DRAWN):
        drawn = {name: chance.uniform(*RANGES[name]) for name in ("t_m", "l_a", "l_b", "l_next", "l_hb")}
        sizes = {name: chance.uniform(*RANGES[name]) for name in ("s_z", "p_a", "p_b")}
        yield but(z, **drawn, **sizes)
