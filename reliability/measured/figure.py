"""Measured against predicted, as a figure like the paper's."""

from collections.abc import Callable, Iterator, Sequence
from statistics import mean

from reliability.figures.curves import Curve, Figure, Line
from reliability.measured.prediction import Row

_ADDED: tuple[tuple[str, Callable[[Row], float], Line], ...] = (
    ("R_a", lambda each: each.r_a, "full"),
    ("R_a, predicted", lambda each: each.r_a_predicted, "dashed"),
)


def figure(rows: Sequence[Row], scale: float) -> Figure:
    """R_r by the steps to a checkpoint, a colour for each number of workers and heartbeat setting.

    R_a is beside it. Means over the operations. Full: measured; dashed: predicted.
    """
    kinds = sorted({each.reading.kind.value for each in rows})
    return Figure(
        number=9,
        title="Interlace as it runs, and as the model predicts it",
        note=f"Mean of {', '.join(kinds)}; the paper's times by {scale:.3g}. Full: measured, dashed: "
        "predicted. At a/b/c s: heartbeat interval, its time-out, the sticky time-out",
        along="steps to a checkpoint, s_p",
        left="recovery ratio R_r",
        right="added time ratio R_a",
        curves=tuple(_curves(rows)),
    )


def _curves(rows: Sequence[Row]) -> Iterator[Curve]:
    groups = sorted({_group(each) for each in rows})
    for colour, group in enumerate(groups):
        mine = [each for each in rows if _group(each) == group]
        name = f"R_r, {group[0]} worker{'s' if group[0] > 1 else ''}, {group[1]} s"
        yield Curve(name=name, points=_points(mine, lambda each: each.r_r), colour=colour, dots=True)
        yield Curve(
            name=f"{name}, predicted",
            points=_points(mine, lambda each: each.r_r_predicted),
            colour=colour,
            line="dashed",
            dots=True,
        )
    for name, value, line in _ADDED:
        points = _points(rows, value)
        yield Curve(name=name, points=points, colour=len(groups), line=line, right=True, dots=True)


def _group(row: Row) -> tuple[int, str]:
    return row.reading.setting.workers, row.reading.setting.beat


def _points(rows: Sequence[Row], value: Callable[[Row], float]) -> tuple[tuple[float, float], ...]:
    periods = sorted({each.reading.setting.s_p for each in rows})
    return tuple(
        (float(s_p), mean(value(each) for each in rows if each.reading.setting.s_p == s_p)) for s_p in periods
    )
