"""A watched service: a chart on a terminal, lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live

from domain.watching import AlarmRecord, Decision
from interfaces.cli.loop_charts import Look, drawn
from interfaces.cli.output import clock
from interfaces.cli.reported import FRESH_S
from interfaces.report.scales import lasting, said
from interfaces.report.story import Chart
from interfaces.report.telling import Subject, charts
from monitoring.metrics import CHAIN


class View(Protocol):
    """Takes each look."""

    def show(self, look: Look) -> None:
        """Show it."""


@contextmanager
def view(subject: Subject) -> Iterator[View]:
    """The view that fits where standard output goes."""
    console = Console()
    if console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            yield _Screen(live, subject)
    else:
        yield Lines(subject)


class _Screen:
    def __init__(self, live: Live, subject: Subject) -> None:
        self._live = live
        self._subject = subject

    def show(self, look: Look) -> None:
        size = self._live.console.size
        self._live.update(drawn(self._subject, look, size.width, size.height - 1), refresh=True)


class Lines:
    """Prints the figures of each look, and what else happens once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._told: set[str] = set()

    def show(self, look: Look) -> None:
        """As every view does."""
        for note in look.notes:
            self._once(f"{clock(note.at)}  noted    {note.text}")
        for each in look.decisions:
            self._decision(each)
        for alarm in look.alarms:
            self._alarm(alarm)
        now = look.snapshots[-1]
        for gap in now.gaps if not now.samples else ():
            self._once(f"not had  {gap}")
        print(f"{clock(now.at)}  {look.state}  {figures(charts(self._subject, (now,), FRESH_S))}", flush=True)

    def _decision(self, each: Decision) -> None:
        self._once(f"{clock(each.decided_at)}  decided  {each.what} ({each.policy}: {each.reason})")
        if each.ended_at:
            took = lasting((each.ended_at - each.decided_at).total_seconds())
            words = f": {each.told}" if each.told and each.outcome != "done" else ""
            self._once(f"{clock(each.ended_at)}  {each.outcome:8} {each.what}, after {took}{words}")

    def _alarm(self, each: AlarmRecord) -> None:
        what = f"{each.severity} {each.kind} {each.subject}"
        if f"{each.raised_at} {what}" not in self._told:
            self._told.add(f"{each.raised_at} {what}")
            print(f"{clock(each.raised_at)}  raised   {what}: {each.words}", flush=True)
        if each.cleared_at:
            self._once(f"{clock(each.cleared_at)}  cleared  {what}")

    def _once(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            print(line, flush=True)


def figures(found: tuple[Chart, ...]) -> str:
    """The last values of what matters most in each chart, and of chains, in a line."""
    told = [f"{each.title.lower()} {values}" for each in found if (values := _last(each))]
    return "; ".join(told) or "nothing is measured"


def _last(chart: Chart) -> str:
    known = [each for each in chart.curves if each.values]
    shown = [each for number, each in enumerate(known) if number == 0 or each.name.startswith(CHAIN)]
    unit = f" {chart.unit.partition(' ')[0]}" if chart.unit else ""
    return ", ".join(f"{curve.name} {said(curve.values[-1])}{unit}" for curve in shown)
