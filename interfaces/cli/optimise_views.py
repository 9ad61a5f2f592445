"""A re-optimisation, printed for people."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from domain.infrastructure import Resources
from domain.reoptimisation import (
    FreeBlock,
    Move,
    MoveProgress,
    MoveStep,
    Newcomer,
    OptimisationReport,
    OptimiseProgress,
    OptimiseResult,
)
from interfaces.cli.costs import aims
from interfaces.cli.steps import lasting
from planning.aims import listed

_WIDTH_OF_A_PIPE = 160
_TRIED = 5
"""PoPs that could not be emptied, of which it is told why."""


class ProgressLines:
    """Prints each change once."""

    def __init__(self, silent: bool) -> None:
        self._silent = silent
        self._shown: dict[str, str] = {}

    def show(self, progress: OptimiseProgress) -> None:
        """The phase, and each step that begins or ends."""
        self._shown.pop("away", None)
        if progress.phase != "done":
            self._change("phase", progress.phase, f"{progress.phase} ...")
        for number, step in enumerate(progress.steps, start=1):
            if step.state != "waiting":
                self._change(str(number), step.state, f"  {number:>3}. {_step(step)}")

    def waiting(self, why: str) -> None:
        """While there is no answer."""
        self._change("away", why, f"  waiting: {why}")

    def _change(self, key: str, value: str, line: str) -> None:
        if self._shown.get(key) != value:
            self._shown[key] = value
            if not self._silent:
                print(line, flush=True)


def _step(step: MoveProgress) -> str:
    where = ", ".join(f"{name} to {pop}" for name, pop in sorted(step.moves.items()))
    return f"{step.state:7} {step.kind} {step.service}: {where}{f' ({step.why})' if step.why else ''}"


def show_result(result: OptimiseResult) -> None:
    """What was found, and what came of it."""
    report = result.report
    if report.moves:
        _print(_moves(report))
    elif not report.newcomers:
        print(f"nothing moves: {_why_nothing(report)}")
    for each in report.newcomers:
        print(_newcomer(each, report.currency))
    _show_totals(report)
    _show_objectives(report)
    for left in report.left_out:
        print(f"left out   {left.service}: {left.why}")
    for note in report.notes:
        print(f"note: {note}")
    _show_end(result)


def _why_nothing(report: OptimisationReport) -> str:
    """Only what is proven is called the best."""
    if report.considered == 0:
        return "no service runs that was asked for and might move"
    if report.in_use:
        return f"none of {_many(len(report.in_use), 'PoP')} can be emptied"
    if report.gap == 0:
        return f"of {_many(report.considered, 'service')} each is where it should be, or cannot leave"
    return f"nothing better was found for {_many(report.considered, 'service')}"


def _print(table: Table) -> None:
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH_OF_A_PIPE)).print(table)


def _moves(report: OptimisationReport) -> Table:
    table = Table(title=f"{_many(len(report.moves), 'move')} in {_many(len(report.steps), 'step')}")
    for column in ("service", "instance", "from", "to"):
        table.add_column(column, overflow="fold")
    for column in (f"gains {report.currency}/h", f"costs once {report.currency}", "interrupts", "pays after"):
        table.add_column(column, justify="right")
    order = {name: n for n, step in reversed([*enumerate(report.steps)]) for name in _keys(step)}
    moves = sorted(report.moves, key=lambda each: order.get((each.service, each.instance), 0))
    for _, group in groupby(moves, key=lambda each: each.service):
        some = [*group]
        for move in some:
            where = f"{move.target} (by way of {move.via})" if move.via else move.target
            table.add_row(move.service, move.instance, move.source, where, *_amounts([move]))
        if len(some) > 1:
            table.add_row("", "together", "", "", *_amounts(some))
    return table


def _amounts(moves: Sequence[Move]) -> tuple[str, ...]:
    """What they gain together, cost, interrupt, and when that pays."""
    gain, once = sum(move.gain_per_hour for move in moves), sum(move.costs_once for move in moves)
    pays = _hours(once / gain) if gain > 0 else "not by itself"
    return f"{gain:+.4f}", f"{once:.4f}", f"{sum(move.interrupted_s for move in moves):g} s", pays


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _keys(step: MoveStep) -> list[tuple[str, str]]:
    return [(step.service, name) for name in step.moves]


def _hours(hours: float) -> str:
    return lasting(round(hours * 3600)) if hours < 1 else f"{hours:.1f} h"


def _newcomer(new: Newcomer, currency: str) -> str:
    if new.why_not:
        return f"does not fit: {new.service} ({new.descriptor} {new.version}): {new.why_not}"
    where = ", ".join(f"{name} on {pop}" for name, pop in sorted(new.placements.items()))
    how = "as things are" if new.fits_without_moves else "only with the moves above"
    return f"fits {how}: {new.service} at {new.cost_per_hour:.4f} {currency}/h: {where}"


def _show_totals(report: OptimisationReport) -> None:
    change = report.cost_after - report.cost_before
    unit = f"{report.currency}/h"
    apart = ", without what is new" if report.newcomers else ""
    print(f"cost       {report.cost_before:.4f} -> {report.cost_after:.4f} {unit} ({change:+.4f}){apart}")
    if report.moves:
        pays = report.pays_after_h
        when = "that does not pay by itself" if pays is None else f"pays after {_hours(pays)}"
        print(f"moves      {report.costs_once:.4f} {report.currency} once, {when}")
    if report.gap is not None:
        print(f"proven     {_gap(report.gap)}")
    print(f"looked at  {_many(report.considered, 'service')} that might move, for {report.took_s:.1f} s")
    if report.emptied:
        print(f"empties    {', '.join(report.emptied)}")
    _show_in_use(report)
    if report.block_before and report.block_after and report.block_before != report.block_after:
        print(f"most free  {_block(report.block_before)} -> {_block(report.block_after)}")


def _show_objectives(report: OptimisationReport) -> None:
    """What services count by, where it is not the cost alone of all, and what is gained in these terms."""
    services: dict[str, list[str]] = {}
    for service, objective in report.objectives.items():
        services.setdefault(aims(objective), []).append(service)
    if not services.keys() - {aims("cost")}:
        return
    print(f"counts     {report.gain_per_hour:+.4f} {report.currency}/h gained, as services count it:")
    for aim, some in sorted(services.items()):
        print(f"{'':10} {aim}: {listed(sorted(some))}")


def _show_in_use(report: OptimisationReport) -> None:
    """The PoPs that were tried first are the nearest to being empty."""
    for number, each in enumerate(report.in_use[:_TRIED]):
        print(f"{'' if number else 'in use':10} {each.pop}: {each.why}")
    if (more := len(report.in_use) - _TRIED) > 0:
        print(f"{'':10} and {_many(more, 'more PoP')}, tried after these")


def _gap(gap: float) -> str:
    return "nothing is better" if gap == 0 else f"at most {gap:.1%} from the best"


def _block(block: FreeBlock) -> str:
    free: Resources = block.free
    return f"{free.vcpus} vCPU, {free.memory} MiB on {block.pop}"


def _show_end(result: OptimiseResult) -> None:
    if result.applied:
        done = sum(step.state == "done" for step in result.steps)
        print(f"{'cancelled: ' if result.cancelled else ''}{done} of {_many(len(result.steps), 'step')} made")
        for step in result.steps:
            if step.state != "done":
                print(f"  {_step(step)}")
    elif result.report.moves:
        print("nothing was changed: the same with --apply makes the moves")
