"""What the paper concludes from Fig. 7: the number of tasks, and how often the state is shared."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reliability.figures.claims import Claim, Ground, Verdict, holds
from reliability.figures.curves import PERIODS, TASKS, but, over_tasks
from reliability.model.measures import DESIGNS, Measures, measures
from reliability.model.parameters import Parameters, Printed

ALMOST = 0.03
"""Recovery ratios that differ by no more are called almost similar."""
_LONGEST = 0.5
"""Share of the longest task in the split that is tried beside the even one."""


def on_tasks(ground: Ground) -> Iterator[Claim]:
    """All of them."""
    z = ground.z
    yield _without_period(z)
    yield _more_sharing(z)
    yield _recovers_faster(z)
    yield _takes_longer(z)
    yield _similar(z)


def _falling(values: Sequence[float]) -> bool:
    return all(a > b for a, b in pairwise(values))


def _r_r(lines: Sequence[tuple[int, Measures]]) -> list[float]:
    return [found.r_r for _, found in lines]


def _without_period(z: Parameters) -> Claim:
    found = [measures(but(z, n=12, s_p=s_p, s_o=s_p), "centralised").r_a for s_p in PERIODS]
    same = max(found) - min(found) < 1e-9
    return Claim(
        where="Fig. 7",
        says="R_a does not depend on s_p",
        ours=f"{', '.join(f'{r_a:.4f}' for r_a in found)} for s_p = {', '.join(map(str, PERIODS))}; Eq. 2 "
        "has no term for sharing",
        verdict=Verdict.ONLY_IF if same else Verdict.FAILS,
        condition="a sharing holds nothing up (t_s = 0)",
    )


def _more_sharing(z: Parameters) -> Claim:
    lines = [_r_r(over_tasks(z, "centralised", s_p)) for s_p in PERIODS]
    at = TASKS.index(10)
    return Claim(
        where="Fig. 7",
        says="sharing more often (a lower s_p) lowers R_r",
        ours=f"{', '.join(f'{line[at]:.3f}' for line in lines)} at n = 10 for s_p = "
        f"{', '.join(map(str, PERIODS))}",
        verdict=holds(all(_falling(each) for each in zip(*lines, strict=True))),
    )


def _recovers_faster(z: Parameters) -> Claim:
    lines = [_r_r(over_tasks(z, "centralised", s_p)) for s_p in PERIODS]
    lines.append(_r_r(over_tasks(z, "distributed")))
    uneven = _r_r(over_tasks(but(z, longest=_LONGEST), "centralised", 1))
    spans = ", ".join(f"{line[0]:.3f} to {line[-1]:.3f}" for line in lines)
    return Claim(
        where="Fig. 7",
        says="R_r falls with a rising n in every scenario",
        ours=f"from n = {TASKS[0]} to {TASKS[-1]}: {spans}; but where one task keeps half of t_m, s_p = 1: "
        f"{uneven[0]:.3f} to {uneven[-1]:.3f}",
        verdict=holds(all(map(_falling, lines))),
    )


def _takes_longer(z: Parameters) -> Claim:
    cut = [[found.r_a for _, found in over_tasks(z, design)] for design in DESIGNS]
    each = z.t_m / z.n
    grown = [measures(but(z, n=n, t_m=n * each), "centralised").r_a for n in TASKS]
    rises = all(_falling([-value for value in line]) for line in cut)
    return Claim(
        where="Fig. 7",
        says="R_a rises with a rising n",
        ours=f"{', '.join(f'{line[0]:.3f} to {line[-1]:.3f}' for line in cut)} where t_m is cut finer; "
        f"{grown[0]:.3f} to {grown[-1]:.3f} where each task more is more work of {each:.3g} s",
        verdict=Verdict.ONLY_IF if rises else Verdict.FAILS,
        condition="n cuts the same work into more tasks; the text does not say whether t_m or t_i stays",
    )


def _similar(z: Parameters) -> Claim:
    corrected, printed = (_most_apart(z.model_copy(update={"printed": taken})) for taken in (_NONE, _THIRD))
    similar = corrected <= ALMOST
    return Claim(
        where="Fig. 7",
        says="R_r is almost similar in the distributed design and the centralised one with s_p = 1",
        ours=f"at most {corrected:.3f} apart with s_p tasks in Eq. 3, {printed:.3f} with the s_p + 2 printed",
        verdict=Verdict.FAILS if not similar else Verdict.HOLDS if printed <= ALMOST else Verdict.ONLY_IF,
        condition="Eq. 3 is corrected: as printed it contradicts the figure" if similar else "",
    )


_NONE: frozenset[Printed] = frozenset()
_THIRD: frozenset[Printed] = frozenset({3})


def _most_apart(z: Parameters) -> float:
    central, twins = (_r_r(over_tasks(z, design, 1)) for design in DESIGNS)
    return max(abs(a - b) for a, b in zip(central, twins, strict=True))
