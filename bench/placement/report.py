"""The tables: who took how long, who agrees, who misses what, and the targets."""

import statistics
from collections.abc import Callable

from rich import box
from rich.console import Console
from rich.table import Table

from bench.measurements import percentile
from bench.placement import comparing
from bench.placement.contenders import ALL, CBC, GREEDY, HIGHS, OURS, PEERS, TENOR
from bench.placement.outcomes import Outcome
from bench.tables import ROW, at_least, at_most, show

_WIDTH = 118
_LARGE = 200
_COLUMNS = "PoPs|who|cases|p50|p95|CPU p50|p95|proven|late|by ours|least|wrong"


def report(outcomes: list[Outcome]) -> None:
    """Print all of them."""
    _times(outcomes)
    show([*_agreement(outcomes), *_speed(outcomes), *_others(outcomes)])
    for text in comparing.differing(outcomes):
        print(f"differs: {text}")


def _times(outcomes: list[Outcome]) -> None:
    """By size class and contender."""
    table = Table(*_COLUMNS.split("|"), box=box.SIMPLE)
    for size in sorted({outcome.case.size for outcome in outcomes}):
        here = [outcome for outcome in outcomes if outcome.case.size == size]
        for name in ALL:
            if comparing.of(here, name):
                table.add_row(str(size), *_line(here, name))
    Console(width=_WIDTH).print(table)
    print(
        "p50, p95: of wall seconds, then of CPU seconds, solvers' included; proven: an optimum, or that\n"
        "there is none; late: no proof in time, counted as the limit; by ours: geometric mean of its wall\n"
        "by ours, and the least; wrong: answers that break a constraint (of peers: those they lack)"
    )


def _line(here: list[Outcome], name: str) -> list[str]:
    asked = comparing.of(here, name)
    walls, cpu = [outcome.wall_s for outcome in asked], [outcome.cpu_s for outcome in asked]
    ratios = comparing.speedups(comparing.pairs(here, name))
    return [
        name,
        str(len(asked)),
        f"{statistics.median(walls):.3f}",
        f"{percentile(walls, 0.95):.3f}",
        f"{statistics.median(cpu):.3f}",
        f"{percentile(cpu, 0.95):.3f}",
        "" if name in GREEDY else str(sum(outcome.proven for outcome in asked)),
        "" if name in GREEDY else str(sum(not outcome.proven for outcome in asked)),
        f"{comparing.mean(ratios):.2f}" if name != OURS and ratios else "",
        f"{min(ratios):.2f}" if name != OURS and ratios else "",
        str(sum(bool(outcome.violations) for outcome in asked)),
    ]


def _agreement(outcomes: list[Outcome]) -> list[ROW]:
    finished = comparing.finished(outcomes)
    placed = [pair for pair in finished if pair[1].placed]
    verdicts = sum(map(comparing.same_verdict, finished))
    optima = sum(map(comparing.same_optimum, placed))
    wrong = sum(len(outcome.violations) for outcome in comparing.of(outcomes, OURS))
    more = [pair for pair in comparing.pairs(outcomes, HIGHS) if pair[0].proven and not pair[1].proven]
    return [
        (
            "same verdict as the full program",
            f"{verdicts} of {len(finished)}",
            *_all(verdicts, len(finished)),
        ),
        ("same optimum as the full program", f"{optima} of {len(placed)}", *_all(optima, len(placed))),
        ("violations that the checker finds in ours", str(wrong), *at_most(wrong, 0, "")),
        ("proven by ours, not by the full program in time", str(len(more)), "-", "-"),
    ]


def _all(count: int, of: int) -> tuple[str, str]:
    return "all", "met" if count == of else "MISSED"


def _speed(outcomes: list[Outcome]) -> list[ROW]:
    return [
        *_ratios(outcomes, "full program, HiGHS", HIGHS, 5.0),
        *_ratios(outcomes, "full program, CBC", CBC, None),
        *_within(outcomes, 100, 10, 0.5, 0.3),
        *_within(outcomes, 100, 10, 0.95, 1.0),
        *_within(outcomes, 778, 10, 0.95, 5.0),
        *_tenor(outcomes),
        _build(outcomes),
    ]


def _ratios(outcomes: list[Outcome], what: str, name: str, target: float | None) -> list[ROW]:
    ratios = comparing.speedups(comparing.pairs(outcomes, name))
    if not ratios:
        return []
    middle, slowest = comparing.mean(ratios), 1 / min(ratios)
    verdicts = (at_least(middle, target), at_most(slowest, 1.5, "")) if target else (("-", "-"), ("-", "-"))
    cpu = comparing.mean(comparing.savings(comparing.pairs(outcomes, name)))
    return [
        (f"{what} by ours, geometric mean of {len(ratios)}", f"{middle:.2f}", *verdicts[0]),
        (f"{what} by ours, of CPU seconds", f"{cpu:.2f}", "-", "-"),
        (f"ours by {what}, worst", f"{slowest:.2f}", *verdicts[1]),
    ]


def _within(outcomes: list[Outcome], size: int, components: int, share: float, target: float) -> list[ROW]:
    walls = [
        outcome.wall_s
        for outcome in comparing.of(outcomes, OURS)
        if (outcome.case.size, outcome.case.components) == (size, components)
    ]
    if not walls:
        return []
    seconds = percentile(walls, share)
    what = f"{size} PoPs, {components} components, p{share * 100:.0f} of {len(walls)}"
    return [(what, f"{seconds:.2f} s", *at_most(seconds, target, "s"))]


def _tenor(outcomes: list[Outcome]) -> list[ROW]:
    rows: list[ROW] = []
    sizes: list[tuple[str, Callable[[int], bool], float]] = [
        (f"TeNOR's model by ours, from {_LARGE} PoPs on", lambda size: size >= _LARGE, 3.0),
        (f"TeNOR's model by ours, below {_LARGE} PoPs", lambda size: size < _LARGE, 1.0),
    ]
    for what, holds, target in sizes:
        found = [pair for pair in comparing.pairs(outcomes, TENOR) if holds(pair[0].case.size)]
        if ratios := comparing.speedups(found):
            middle = comparing.mean(ratios)
            rows.append(
                (f"{what}, geometric mean of {len(ratios)}", f"{middle:.2f}", *at_least(middle, target))
            )
            rows.append((f"{what}, least", f"{min(ratios):.2f}", *at_least(min(ratios), 1.0)))
        if kept := comparing.speedups(pair for pair in found if not pair[1].violations):
            told = f"{what}, least of {len(kept)} whose answer keeps the rules"
            rows.append((told, f"{min(kept):.2f}", "-", "-"))
    return rows


def _build(outcomes: list[Outcome]) -> ROW:
    share = comparing.build_share(outcomes) * 100
    return ("making PuLP models, of the time of ours", f"{share:.0f} %", *at_most(share, 30, "%"))


def _others(outcomes: list[Outcome]) -> list[ROW]:
    """What greedy placements and peers miss of what ours places, and how much dearer the rest is."""
    rows: list[ROW] = []
    for name in (*GREEDY, *PEERS):
        misses, placeable = comparing.missed(outcomes, name)
        extra = comparing.extra_cost(outcomes, name)
        if placeable:
            rows.append((f"{name}: not placed, or wrongly", f"{misses} of {placeable}", "-", "-"))
        if extra:
            dearer = f"{statistics.median(extra):.1%}, {max(extra):.1%}"
            rows.append((f"{name}: dearer where placed rightly, median and most", dearer, "-", "-"))
    return rows
