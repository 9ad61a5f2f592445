"""What the paper concludes from Fig. 8: the cheapest number of tasks."""

from collections.abc import Callable, Iterator, Mapping

from reliability.figures.claims import Claim, Ground, Verdict, holds
from reliability.figures.curves import TASKS, WEIGHTS, costs, over_tasks
from reliability.model.measures import DESIGNS, Design, Measures, Units, Weights

_BEST = range(5, 9)
"""Between 5 and 8."""
_RATIOS = tuple(10 ** (step / 20) for step in range(-60, 41))
"""How much resources weigh for each 1 that the ratios weigh, from 0.001 to 100."""
Lines = Mapping[Design, tuple[tuple[int, Measures], ...]]


def on_costs(ground: Ground) -> Iterator[Claim]:
    """All of them."""
    lines = {design: over_tasks(ground.z, design) for design in DESIGNS}
    yield _between(lines, ground.units)
    yield _most(lines, ground.units)
    yield _least(lines, ground.units)


def _cheapest(lines: Lines, weights: Weights, units: Units) -> list[int]:
    """Number of tasks, in each design."""
    return [min(costs(line, weights, units), key=lambda each: each[1])[0] for line in lines.values()]


def _where(lines: Lines, units: Units, so: Callable[[list[int]], bool]) -> list[float]:
    """The ratios of the two weights at which it is so."""
    return [
        ratio
        for ratio in _RATIOS
        if so(_cheapest(lines, Weights(r_a=1, r_r=1, b_tot=ratio, q_r=ratio), units))
    ]


def _units(units: Units) -> str:
    ratios = "" if units.r_a == units.r_r == 1 else f"{units.r_a:.3g} of R_a, {units.r_r:.3g} of R_r, "
    return f"per {ratios}{units.b_tot:.3g} kB/s and {units.q_r:.3g} processes"


def _between(lines: Lines, units: Units) -> Claim:
    found = _cheapest(lines, WEIGHTS["availability and recovery"], units)
    so = _where(lines, units, lambda best: all(n in _BEST for n in best))
    within = (
        f"gamma = delta is between {so[0]:.2g} and {so[-1]:.2g} of alpha = beta ({_units(units)}); the "
        "text gives neither weights nor units"
        if so
        else ""
    )
    return Claim(
        where="Fig. 8",
        says="where R_a and R_r are favoured, the best n is between 5 and 8 in both designs",
        ours=f"{_told(found)} at alpha = beta = 1, gamma = delta = 0.1",
        verdict=Verdict.ONLY_IF if so else Verdict.FAILS,
        condition=within,
    )


def _most(lines: Lines, units: Units) -> Claim:
    found = _cheapest(lines, WEIGHTS["recovery alone"], units)
    return Claim(
        where="Fig. 8",
        says=f"where R_r alone counts, the best n is {TASKS[-1]}, the most there are, in both designs",
        ours=_told(found),
        verdict=holds(all(n == TASKS[-1] for n in found)),
    )


def _least(lines: Lines, units: Units) -> Claim:
    found = _cheapest(lines, WEIGHTS["resources"], units)
    so = _where(lines, units, lambda best: all(n == TASKS[0] for n in best))
    enough = f"; so from gamma = delta = {so[0]:.2g} of alpha = beta on ({_units(units)})" if so else ""
    return Claim(
        where="Fig. 8",
        says=f"where resources are favoured, the best n is {TASKS[0]}, the fewest there are",
        ours=f"{_told(found)} at alpha = beta = 0.1, gamma = delta = 1{enough}",
        verdict=holds(all(n == TASKS[0] for n in found)),
    )


def _told(found: list[int]) -> str:
    return ", ".join(f"{n} ({design})" for design, n in zip(DESIGNS, found, strict=True))
