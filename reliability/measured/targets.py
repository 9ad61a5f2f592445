"""What the measurement is held to."""

from collections.abc import Iterator, Sequence
from statistics import median

from domain.models import Model
from reliability.measured.prediction import Row, papers_best
from reliability.measured.readings import Calibration, Measured
from reliability.model.measures import measures

ADDED_TIME = 1.03
LEAST_T_M_S = 10.0
"""Shorter operations have more overhead in proportion, so they are not judged."""
ERROR = 0.10


class Target(Model):
    """One number to reach."""

    what: str
    ours: str
    met: bool | None
    """None: it cannot be judged by what was measured."""

    @property
    def verdict(self) -> str:
        """In a word."""
        return "not judged" if self.met is None else "met" if self.met else "MISSED"


def targets(found: Measured, rows: Sequence[Row]) -> list[Target]:
    """All, with what became of each."""
    calibrations = {each.kind: each for each in found.calibrations}
    return [
        *_added_time(found),
        *(_recovery(calibrations[kind], found.task_s, rows) for kind in calibrations),
        *_errors(rows),
    ]


def _added_time(found: Measured) -> Iterator[Target]:
    for pair in found.pairs:
        t_m, t_c = median(pair.t_m), median(pair.t_c)
        yield Target(
            what=f"{pair.kind}: R_a at most {ADDED_TIME:g}, where t_m is {LEAST_T_M_S:g} s or more",
            ours=f"{pair.ratio:.4f} (t_m {_spread(pair.t_m)}, t_c {_spread(pair.t_c)} s)",
            met=t_c / t_m <= ADDED_TIME if t_m >= LEAST_T_M_S else None,
        )


def _recovery(calibration: Calibration, task_s: float, rows: Sequence[Row]) -> Target:
    """Of settings with somebody to take over at once, and a checkpoint after each step."""
    bound = measures(papers_best(calibration, task_s), "centralised")
    compared = [
        each
        for each in rows
        if each.reading.kind == calibration.kind
        and each.reading.setting.s_p == 1
        and each.reading.setting.workers > 1
    ]
    what = (
        f"{calibration.kind}: R_r at most {bound.r_r:.3f}, the paper's centralised design with s_p = 1, "
        "h_r = 2, t_h = 3 h_i"
    )
    if not compared:
        return Target(what=what, ours="nothing with s_p = 1 and two workers was measured", met=None)
    best = min(compared, key=lambda each: each.r_r)
    others = ", ".join(
        f"{each.r_r:.3f} at {each.reading.setting.beat}" for each in compared if each is not best
    )
    return Target(
        what=what,
        ours=f"{best.r_r:.3f} with heartbeats {best.reading.setting.beat} s"
        + (f"; {others}" if others else "")
        + f"; lost {_lost(best):.2f} s, the paper's design {bound.t_l:.2f} s",
        met=best.r_r <= bound.r_r,
    )


def _lost(row: Row) -> float:
    return max(row.reading.t_r) - median(row.reading.t_c)


_ERRORS = {
    "r_a": "R_a of Eq. 2",
    "equation_3": "R_r of Eq. 3, where all since the checkpoint is done again",
    "r_r": "R_r, where what was done is found",
}


def _errors(rows: Sequence[Row]) -> Iterator[Target]:
    for name, what in _ERRORS.items():
        found = [each.errors[name] for each in rows]
        within = sum(abs(each) <= ERROR for each in found)
        yield Target(
            what=f"{what}: within {ERROR:.0%} of what was measured"
            + (" (only for comparison)" if name == "equation_3" else ""),
            ours=f"{min(found):+.1%} to {max(found):+.1%}; {within} of {len(found)} are within",
            met=within == len(found) if name != "equation_3" else None,
        )


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"
