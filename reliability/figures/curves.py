"""Figs. 6, 7 and 8 as numbers. What the text does not say of them is a constant here."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from domain.errors import InputError
from domain.models import Model
from reliability.model.measures import (
    DESIGNS,
    Design,
    Measures,
    Units,
    Weights,
    cost,
    measures,
)
from reliability.model.parameters import Parameters, parameters

Line = Literal["full", "dashed", "dotted"]

RATES = tuple(round(10 ** (step / 20), 4) for step in range(-20, 21))
"""Heartbeats per second along Fig. 6: the text names none but 1 and 2."""
TASKS = tuple(range(3, 21))
"""Numbers of tasks along Figs. 7 and 8: the text names 3 as the lowest, and 20."""
PERIODS = (3, 2, 1)
"""Sharing periods of Fig. 7."""
TIME_OUTS = (5, 3)
"""Of Fig. 6, in heartbeat intervals."""
WEIGHTS: Mapping[str, Weights] = {
    "availability and recovery": Weights(r_a=1, r_r=1, b_tot=0.1, q_r=0.1),
    "recovery alone": Weights(r_a=0, r_r=1, b_tot=0, q_r=0),
    "resources": Weights(r_a=0.1, r_r=0.1, b_tot=1, q_r=1),
}
"""Of Fig. 8: the text says which are high and which low, not how much. Ten to one here."""
_LINES: Mapping[Design, Line] = {"centralised": "full", "distributed": "dashed"}
_FIXED_LENGTH = ("t_i", "l_a", "l_b", "l_next", "p_a", "p_b", "p_next", "beats")


class Curve(Model):
    """One line of a figure."""

    name: str
    points: tuple[tuple[float, float], ...]
    colour: int
    line: Line = "full"
    """Dashed: in Figs. 6 and 8 the distributed design, in Fig. 7 R_a. Dotted: what covers another line."""
    marked: tuple[float, float] | None = None
    """A point that matters: in Fig. 8 the cheapest."""
    right: bool = False
    """By the axis on the right."""
    dots: bool = False
    """Whether each point is shown: what was measured is known there and nowhere between."""


class Figure(Model):
    """One of the paper's."""

    number: int
    title: str
    note: str
    """What else is so in it."""
    along: str
    """What the x axis is, with its unit."""
    left: str
    right: str = ""
    logarithmic: bool = False
    """Whether the x axis is."""
    curves: tuple[Curve, ...]


def figures(z: Parameters, units: Units) -> tuple[Figure, ...]:
    """All three, round one configuration: what a figure varies is not taken from it."""
    return (figure_6(z), figure_7(z), figure_8(z, units))


def refuse_fixed(z: Parameters) -> None:
    """:raises InputError: if a configuration says something of each task"""
    for field in _FIXED_LENGTH:
        if isinstance(getattr(z, field), tuple):
            raise InputError(
                f"{field}: values for each of {z.n} tasks, but the figures vary the number of tasks; "
                "one value for all (of t_i: t_m, and perhaps longest)"
            )


def but(z: Parameters, **changes: Any) -> Parameters:
    """The same configuration with something else.

    :raises DocumentError: if that cannot be
    """
    what = ", ".join(f"{name} = {value:g}" for name, value in changes.items())
    return parameters({**z.model_dump(), **changes}, f"with {what}")


def beating(z: Parameters, h_r: float, time_out: float) -> Parameters:
    """The same with another heartbeat rate, and a time-out in heartbeat intervals."""
    return but(z, h_r=h_r, t_h=time_out / h_r)


def figure_6(z: Parameters) -> Figure:
    """R_r and B_tot over the heartbeat rate."""

    def line(
        design: Design, time_out: int, of: Callable[[Measures], float]
    ) -> tuple[tuple[float, float], ...]:
        return tuple((h_r, of(measures(beating(z, h_r, time_out), design))) for h_r in RATES)

    curves = [
        Curve(
            name=f"R_r, {design}, t_h = {time_out} h_i",
            points=line(design, time_out, lambda found: found.r_r),
            colour=colour,
            line=_LINES[design],
        )
        for colour, time_out in enumerate(TIME_OUTS)
        for design in DESIGNS
    ]
    curves += [
        Curve(
            name=f"B_tot, {design}",
            points=line(design, TIME_OUTS[-1], lambda found: found.b_tot),
            colour=2,
            line=_LINES[design],
            right=True,
        )
        for design in DESIGNS
    ]
    return Figure(
        number=6,
        title="Recovery ratio and bandwidth over the heartbeat rate",
        note=f"n = {z.n}, t_m = {z.t_m:g} s, s_p = {z.s_p}",
        along="heartbeats per second, h_r",
        left="recovery ratio R_r",
        right="bandwidth B_tot, kB/s",
        logarithmic=True,
        curves=tuple(curves),
    )


def over_tasks(z: Parameters, design: Design, s_p: int | None = None) -> tuple[tuple[int, Measures], ...]:
    """What a workflow cut into ever more tasks comes to.

    :param s_p: another sharing period than the configuration's
    """
    return tuple((n, measures(but(z, n=n, s_p=s_p or z.s_p), design)) for n in TASKS)


def figure_7(z: Parameters) -> Figure:
    """R_r and R_a over the number of tasks."""
    central = [(f"centralised, s_p = {s_p}", over_tasks(z, "centralised", s_p)) for s_p in PERIODS]
    lines = [*central, ("distributed", over_tasks(z, "distributed", 1))]
    recovery = [
        Curve(
            name=f"R_r, {name}",
            points=tuple((n, each.r_r) for n, each in line),
            colour=colour,
            line="dotted" if name == "distributed" else "full",
        )
        for colour, (name, line) in enumerate(lines)
    ]
    added = [
        Curve(
            name=f"R_a, {name}",
            points=tuple((n, each.r_a) for n, each in line),
            colour=colour,
            line="dashed",
        )
        for name, colour, line in (
            ("centralised", 0, central[0][1]),
            ("distributed", len(PERIODS), lines[-1][1]),
        )
    ]
    return Figure(
        number=7,
        title="Recovery ratio and added time ratio over the number of tasks",
        note=f"t_m = {z.t_m:g} s, cut finer; h_r = {z.h_r:g}, t_h = {z.time_out:g} s",
        along="tasks of a workflow, n",
        left="R_r, R_a",
        curves=(*recovery, *added),
    )


def costs(
    lines: Sequence[tuple[int, Measures]], weights: Weights, units: Units
) -> tuple[tuple[int, float], ...]:
    """Eq. 10 of measures over the number of tasks."""
    return tuple((n, cost(found, weights, units)) for n, found in lines)


def figure_8(z: Parameters, units: Units) -> Figure:
    """The cost over the number of tasks, by what is weighed most."""
    lines = {design: over_tasks(z, design) for design in DESIGNS}
    return Figure(
        number=8,
        title="Cost over the number of tasks",
        note=f"dots, brackets: cheapest n; a cost of 1 is {units.b_tot:g} kB/s or {units.q_r:g} processes",
        along="tasks of a workflow, n",
        left="cost C(z)",
        curves=tuple(
            _cost_curve(f"{name}, {design}", costs(lines[design], weights, units), colour, _LINES[design])
            for colour, (name, weights) in enumerate(WEIGHTS.items())
            for design in DESIGNS
        ),
    )


def _cost_curve(name: str, points: tuple[tuple[int, float], ...], colour: int, line: Line) -> Curve:
    cheapest = min(points, key=lambda each: each[1])
    return Curve(name=name, points=points, colour=colour, line=line, marked=cheapest)
