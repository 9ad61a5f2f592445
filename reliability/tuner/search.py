"""The search: of all heartbeat intervals and checkpoint periods, the cheapest that keeps every limit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from domain.errors import InputError
from domain.models import Model
from reliability.model.measures import Measures, Units, Weights, cost, measures
from reliability.model.parameters import Parameters, Positive, parameters
from reliability.tuner.knobs import Knobs, Patience, knobs, time_out

INTERVALS_S = (
    *(0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
    *(1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 60.0),
)
"""Heartbeat intervals that are tried: under the first, beats are more load than news."""
_PERIODS = 30
"""Most checkpoint periods that are tried."""
_SEARCHED = ("t_h", "s_o", "beats")
LEAST_REPLICAS = 2
"""Of each worker: where one alone dies, nobody goes on."""


Ratio = Annotated[float, Field(gt=1, le=1e6)]
"""No workflow takes less time with a fault than without, or with an orchestrator than in a monolith."""


class Limits(Model):
    """What must be kept; none: whatever it comes to."""

    r_r: Ratio | None = None
    r_a: Ratio | None = None
    b_tot: Positive | None = None
    q_r: Positive | None = None


class Asked(Model):
    """What is tuned, for whom."""

    z: Parameters
    """The workflow: tasks, sizes, latencies. What is set of h_r and s_p is kept."""
    fixed: frozenset[str] = frozenset()
    """Parameters that were set, and are not to be looked for."""
    limits: Limits
    weights: Weights = Weights()
    units: Units = Units()
    patience: Patience = Patience()


class Candidate(Model):
    """One configuration."""

    z: Parameters
    measures: Measures
    cost: float


class Binding(Model):
    """What keeps a target from being reached."""

    what: str
    why: str
    """With numbers, and what would help."""


class Tuned(Model):
    """The answer."""

    reached: bool
    best: Candidate
    """The cheapest that keeps all limits; else the one that comes nearest."""
    knobs: Knobs
    binding: tuple[Binding, ...] = ()
    """Where none keeps all."""
    tried: int


def tune(asked: Asked) -> Tuned:
    """Look at every configuration.

    :raises InputError: if something was set that follows from what is looked for
    """
    for field in sorted(asked.fixed & {*_SEARCHED}):
        raise InputError(f"{field}: tune works that out from the heartbeat interval; h_r and s_p may be set")
    found = list(_candidates(asked))
    kept = [each for each in found if not _broken(each.measures, asked.limits)]
    if kept:
        best = min(kept, key=lambda each: each.cost)
        return Tuned(reached=True, best=best, knobs=knobs(best.z, asked.patience), tried=len(found))
    nearest = min(found, key=lambda each: (_excess(each.measures, asked.limits), each.cost))
    return Tuned(
        reached=False,
        best=nearest,
        knobs=knobs(nearest.z, asked.patience),
        binding=tuple(_bindings(asked, found)),
        tried=len(found),
    )


def _candidates(asked: Asked) -> Iterator[Candidate]:
    base = asked.z.model_dump()
    base["replicas"] = max(asked.z.replicas, LEAST_REPLICAS)
    intervals = (asked.z.h_i,) if "h_r" in asked.fixed else INTERVALS_S
    for s_p in _periods(asked):
        for h_i in intervals:
            searched = {"h_r": 1 / h_i, "t_h": time_out(h_i, asked.patience), "s_p": s_p}
            if "h_m" not in asked.fixed:  # one activity of a request runs at a time, and only it beats
                searched["h_m"] = asked.z.h_s / h_i
            z = parameters({**base, **searched}, "tune")
            found = measures(z, "centralised")
            yield Candidate(z=z, measures=found, cost=cost(found, asked.weights, asked.units))


def _periods(asked: Asked) -> Sequence[int]:
    """All, or where they are many, some ever further apart."""
    n = asked.z.n
    if "s_p" in asked.fixed:
        return (asked.z.s_p,)
    if n <= _PERIODS:
        return range(1, n + 1)
    return sorted({round(n ** (step / (_PERIODS - 1))) for step in range(_PERIODS)})


def _broken(found: Measures, limits: Limits) -> list[str]:
    """The measures that are over their limit."""
    return [
        name
        for name in Limits.model_fields
        if (limit := getattr(limits, name)) is not None and getattr(found, name) > limit
    ]


def _excess(found: Measures, limits: Limits) -> float:
    """By how much limits are overstepped, in parts of themselves, all together."""
    return float(sum(getattr(found, name) / getattr(limits, name) - 1 for name in _broken(found, limits)))


def _bindings(asked: Asked, found: Sequence[Candidate]) -> Iterator[Binding]:
    """What no configuration keeps even alone; else which limits shut each other out."""
    alone = [name for name in Limits.model_fields if _never(name, asked.limits, found)]
    for name in alone:
        yield Binding(what=name, why=_least(name, asked, found))
    if alone:
        return
    for name in Limits.model_fields:
        if (limit := getattr(asked.limits, name)) is None:
            continue
        others = asked.limits.model_copy(update={name: None})
        left = [each for each in found if not _broken(each.measures, others)]
        if left:
            least = min(getattr(each.measures, name) for each in left)
            yield Binding(
                what=name, why=f"at most {limit:g} was asked, {least:.4g} is the least beside the others"
            )


def _never(name: str, limits: Limits, found: Sequence[Candidate]) -> bool:
    limit = getattr(limits, name)
    return limit is not None and all(getattr(each.measures, name) > limit for each in found)


def _least(name: str, asked: Asked, found: Sequence[Candidate]) -> str:
    least = min(found, key=lambda each: float(getattr(each.measures, name)))
    value, limit = getattr(least.measures, name), getattr(asked.limits, name)
    return f"{value:.4g} is the least there is, {limit:g} was asked; {_WHY[name](least)}"


def _why_recovery(least: Candidate) -> str:
    z = least.z
    noticing, work = z.l_hb + z.time_out, least.measures.t_l - z.l_hb - z.time_out
    whose = "the longest task" if z.s_p == 1 else f"{z.s_p} tasks between two checkpoints"
    helps = "cut that task" if z.s_p == 1 else "share more often"
    return (
        f"of {least.measures.t_l:.3g} s lost, {work:.3g} s are {whose}, done again, and {noticing:.3g} s "
        f"pass until the death is noticed and acted upon: {helps if work > noticing else 'beat more often'}"
    )


_WHY: Mapping[str, Callable[[Candidate], str]] = {
    "r_r": _why_recovery,
    "r_a": lambda least: (
        f"{least.measures.t_c - sum(least.z.tasks):.3g} s are between n = {least.z.n} tasks: fewer tasks, "
        "or less t_o, l_a and l_b for each"
    ),
    "b_tot": lambda least: "fewer or smaller messages (p_a, p_b, s_z)",
    "q_r": lambda least: f"n = {least.z.n} microservices with {least.z.replicas} instances each: fewer tasks",
}
