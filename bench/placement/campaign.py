"""All cases by all contenders, in turns, with what is done already left out."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.placement import contenders
from bench.placement.cases import Case
from bench.placement.outcomes import Outcome, Verdict, append, read
from bench.placement.runners import Runner, runners

_LARGE = 778
_PATIENCE = 2
_NEVER_SKIPPED = (contenders.OURS, contenders.HIGHS, *contenders.GREEDY)

Say = Callable[[str], None]


def _printed(text: str) -> None:
    print(text, flush=True)


def run(
    cases: Sequence[Case],
    names: tuple[str, ...],
    limit_s: float,
    path: Path | None = None,
    minutes: float = float("inf"),
    say: Say = _printed,
) -> list[Outcome]:
    """The outcomes of all, those in `path` included; each case is either asked of all or of none.

    :param limit_s: for each answer; twice as long at 778 PoPs
    :param minutes: no case is begun after so many
    """
    found = read(path) if path else []
    done = {(outcome.case.name, outcome.contender) for outcome in found}
    end = time.monotonic() + minutes * 60
    with runners(names) as running:
        for number, case in enumerate(cases):
            if time.monotonic() > end:
                say(f"time is up after {number} of {len(cases)} cases")
                break
            missing = [name for name in _turn(names, number) if (case.name, name) not in done]
            fresh = _asked(case, missing, running, limit_s * (2 if case.size >= _LARGE else 1), found)
            found += fresh
            if path:
                append(path, fresh)
            if fresh:
                say(f"{number + 1}/{len(cases)} {case.name}: {_said(fresh)}")
    return found


def _turn(names: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Each begins as often as the others."""
    first = number % len(names)
    return names[first:] + names[:first]


def _asked(
    case: Case, names: Iterable[str], running: dict[str, Runner], limit_s: float, before: list[Outcome]
) -> list[Outcome]:
    return [
        Outcome(case=case, contender=name, verdict=Verdict.SKIPPED, limit_s=limit_s)
        if name not in _NEVER_SKIPPED and hopeless(name, case, before)
        else running[name].run(case, limit_s)
        for name in names
    ]


def hopeless(name: str, case: Case, before: Iterable[Outcome]) -> bool:
    """Whether a contender was late twice with cases of no more PoPs and no more components."""
    late = [
        outcome
        for outcome in before
        if outcome.contender == name
        and outcome.verdict is Verdict.LATE
        and outcome.case.size <= case.size
        and outcome.case.components <= case.components
    ]
    return len(late) >= _PATIENCE


def _said(outcomes: Iterable[Outcome]) -> str:
    return ", ".join(
        f"{outcome.contender} {outcome.verdict.value} {outcome.wall_s:.2f} s"
        + (f" {outcome.cost_per_hour:.4f}" if outcome.cost_per_hour is not None else "")
        + (f" ({len(outcome.violations)} violations)" if outcome.violations else "")
        for outcome in outcomes
    )
