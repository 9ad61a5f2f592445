"""What is scarce: vcpus and memory of PoPs where more instances would be than there is room for."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.infrastructure import Resources
from domain.plans import GraphInstance
from placement.candidates import suits
from placement.moves.batch import Wish
from placement.moves.layout import Estate, Layout
from placement.objective import Aim

KINDS = ("vcpus", "memory")
_MIB_IN_GIB = 1024
_LARGEST = 300_000
"""Choices in the linear program."""
_NOTHING = Resources.of(0, 0, 0)

Scarce = tuple[str, str]
"""PoP, and vcpus or memory."""
Prices = Mapping[Scarce, float]
"""Per vcpu or GiB and hour, as the objective counts."""
Choice = tuple[int, GraphInstance, str, float]
"""The number of an instance, the instance, a PoP, and what it counts there."""


def amount(resources: Resources, kind: str) -> float:
    """Vcpus, or GiB of memory."""
    return resources.vcpus if kind == "vcpus" else resources.memory / _MIB_IN_GIB


def free(estate: Estate, key: Scarce) -> float:
    """What those that may move have for themselves."""
    pop, kind = key
    held = estate.base.pops.get(pop, _NOTHING)
    return max(0.0, amount(estate.infrastructure.pops[pop].capacity, kind) - amount(held, kind))


def first_prices(estate: Estate, layout: Layout, limits: Wish, time_limit_s: float) -> dict[Scarce, float]:
    """The dual prices of capacity where instances are placed in parts, and without their links.

    None where they are too many, or the time ran out: then nothing is scarce at first.
    """
    choices = [*_choices(estate, layout, limits)]
    if not 0 < len(choices) <= _LARGEST:
        return {}
    keys = [(pop, kind) for pop in estate.infrastructure.pops for kind in KINDS]
    solved = _solved(choices, keys, [free(estate, key) for key in keys], time_limit_s)
    if not solved.success:
        return {}
    duals = zip(keys, solved.ineqlin.marginals, strict=True)
    return {key: -float(dual) for key, dual in duals if dual < 0}


def _solved(choices: list[Choice], keys: list[Scarce], room: list[float], time_limit_s: float) -> Any:
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    rows = {key: number for number, key in enumerate(keys)}
    entries = [
        (rows[pop, kind], column, amount(part.resources, kind))
        for column, (_, part, pop, _) in enumerate(choices)
        for kind in KINDS
    ]
    of_row, of_column, much = zip(*entries, strict=True)
    members = [number for number, *_ in choices]
    ones = [1.0] * len(choices)
    return linprog(
        [value for *_, value in choices],
        A_ub=coo_array((much, (of_row, of_column)), shape=(len(keys), len(choices))),
        b_ub=room,
        A_eq=coo_array((ones, (members, range(len(choices)))), shape=(members[-1] + 1, len(choices))),
        b_eq=[1.0] * (members[-1] + 1),
        method="highs",
        options={"time_limit": time_limit_s},
    )


def _choices(estate: Estate, layout: Layout, limits: Wish) -> Iterator[Choice]:
    number = -1
    for name, spot in layout.items():
        aim = Aim(estate.graphs[name], estate.infrastructure, estate.standing(name))
        movable = estate.movable(name)
        for part in estate.graphs[name].instances:
            if part.name not in movable:
                continue
            number += 1
            closed = (limits.closed - {spot.placements[part.name]}) | limits.left
            for pop, at in estate.infrastructure.pops.items():
                if pop not in closed and suits(part, pop, at, estate.infrastructure):
                    yield number, part, pop, aim.at(part, pop)
