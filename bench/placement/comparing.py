"""Figures from outcomes: ratios, agreements, misses."""

import math
import statistics
from collections.abc import Iterable, Iterator

from bench.placement.contenders import HIGHS, OURS
from bench.placement.outcomes import Outcome, Verdict

_SAME = 1e-6

Pair = tuple[Outcome, Outcome]
"""Ours, and another's answer to the same case."""


def of(outcomes: Iterable[Outcome], contender: str) -> list[Outcome]:
    """The answers of one contender that was asked."""
    return [
        outcome
        for outcome in outcomes
        if outcome.contender == contender and outcome.verdict is not Verdict.SKIPPED
    ]


def pairs(outcomes: list[Outcome], other: str) -> list[Pair]:
    """Ours beside another's, of all cases that both were asked."""
    theirs = {outcome.case.name: outcome for outcome in of(outcomes, other)}
    return [(ours, theirs[ours.case.name]) for ours in of(outcomes, OURS) if ours.case.name in theirs]


def speedups(found: Iterable[Pair]) -> list[float]:
    """How many times longer the other took; where it was late, at least so."""
    return [theirs.wall_s / ours.wall_s for ours, theirs in found]


def savings(found: Iterable[Pair]) -> list[float]:
    """How many times more CPU time the other took, with all solvers."""
    return [theirs.cpu_s / max(1e-3, ours.cpu_s) for ours, theirs in found if theirs.cpu_s]


def mean(ratios: list[float]) -> float:
    """The geometric one."""
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios)) if ratios else math.nan


def finished(outcomes: list[Outcome]) -> list[Pair]:
    """Ours beside the full program by HiGHS, where that ended with a proof."""
    return [pair for pair in pairs(outcomes, HIGHS) if pair[1].proven]


def same_verdict(pair: Pair) -> bool:
    """Whether both have a placement, or both a proof that there is none."""
    ours, theirs = pair
    return ours.placed if theirs.placed else ours.verdict is theirs.verdict


def same_optimum(pair: Pair) -> bool:
    """Whether both found placements that cost the same."""
    ours, theirs = (outcome.cost_per_hour for outcome in pair)
    return (
        ours is not None and theirs is not None and math.isclose(ours, theirs, rel_tol=_SAME, abs_tol=_SAME)
    )


def differing(outcomes: list[Outcome]) -> Iterator[str]:
    """What ours answers otherwise than the full program where that ended."""
    for pair in finished(outcomes):
        ours, theirs = pair
        if not same_verdict(pair) or (theirs.placed and not same_optimum(pair)):
            yield f"{ours.case.name}: {_answer(ours)}, the full program says {_answer(theirs)}"


def _answer(outcome: Outcome) -> str:
    cost = "" if outcome.cost_per_hour is None else f" at {outcome.cost_per_hour:.6f} per hour"
    return f"{outcome.verdict.value}{cost} after {outcome.wall_s:.1f} s"


def missed(outcomes: list[Outcome], other: str) -> tuple[int, int]:
    """(cases that the other does not place rightly, of how many that ours places)."""
    placeable = [theirs for ours, theirs in pairs(outcomes, other) if ours.placed]
    return sum(not theirs.placed or bool(theirs.violations) for theirs in placeable), len(placeable)


def extra_cost(outcomes: list[Outcome], other: str) -> list[float]:
    """How much dearer the other's right placements are, as a share of ours."""
    return [
        theirs.cost_per_hour / ours.cost_per_hour - 1
        for ours, theirs in pairs(outcomes, other)
        if ours.cost_per_hour and theirs.cost_per_hour is not None and not theirs.violations
    ]


def build_share(outcomes: Iterable[Outcome]) -> float:
    """Of the time of ours, how much went into making PuLP models."""
    ours = of(outcomes, OURS)
    return sum(outcome.build_s for outcome in ours) / max(1e-9, sum(outcome.wall_s for outcome in ours))
