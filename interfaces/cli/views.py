"""How an operation under way is shown: live on a terminal, line by line in a pipe, silently for programs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from domain.phases import Phase
from domain.requests import OperationProgress, StepProgress
from interfaces.cli.steps import MARKS, counts, pause, remedies, told

_SPARE_LINES = 6
"""Of a terminal's height, for all but the steps."""


class View(Protocol):
    """Takes each look at the operation."""

    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        """`progress` is None while no worker answers; `retries` is attempt -> its cause."""


@contextmanager
def view(silent: bool) -> Iterator[View]:
    """The view that fits where standard output goes."""
    console = Console()
    if silent:
        yield _Silence()
    elif console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield _Screen(live)
    else:
        yield Lines()


class _Silence:
    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        pass


class _Screen:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: OperationProgress | None = None

    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        self._last = progress or self._last
        text = drawn(self._last, self._live.console.height - _SPARE_LINES) if self._last else Text()
        for cause in retries.values():
            text.append(f"  {cause}\n", style="yellow")
        if progress is None:
            text.append("  waiting: no worker answers at the moment\n", style="yellow")
        self._live.update(text, refresh=True)


def drawn(progress: OperationProgress, lines: int) -> Text:
    """The operation in so many lines and a few: what needs eyes goes before what is done or to come."""
    text = Text()
    text.append(f"{progress.phase}\n", style="bold")
    shown = _that_fit(progress.steps, lines)
    if len(shown) < len(progress.steps):
        text.append(f"  {len(progress.steps)} steps: {counts(progress.steps)}\n", style="dim")
    now = datetime.now(UTC)
    for step in shown:
        mark, style = MARKS[step.state]
        text.append(f"  {mark} {told(step, now)}\n", style=style)
        if step.state == "held":
            text.append(f"    {remedies(step, progress.service)}\n", style="bold")
    if progress.failure:
        text.append(f"  because: {progress.failure}\n", style="red")
    if paused := pause(progress):
        text.append(f"  {paused}\n", style="bold yellow")
    return text


def _that_fit(steps: Sequence[StepProgress], lines: int) -> list[StepProgress]:
    """First what failed or runs, then what was done last, then what comes next; in the operation's order."""
    places = range(len(steps))
    urgent = [n for n in places if steps[n].state not in ("done", "waiting")]
    done = [n for n in reversed(places) if steps[n].state == "done"]
    to_come = [n for n in places if steps[n].state == "waiting"]
    return [steps[n] for n in sorted([*urgent, *done, *to_come][: max(lines, 1)])]


class Lines:
    """Prints each change once."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        """As every view does."""
        for attempt, cause in retries.items():
            if _is_news(int(attempt.rpartition("/")[2])):
                self._change(attempt, cause, f"  {cause}")
        if progress is None:
            self._change("worker", "away", "  waiting: no worker answers at the moment")
            return
        self._shown.pop("worker", None)
        self._change("phase", progress.phase, f"{progress.phase}")
        for step in progress.steps:
            self._step(step, progress.service)
        if progress.failure and progress.phase is not Phase.FAILED and "failure" not in self._shown:
            self._change(
                "failure", progress.failure, f"  because: {progress.failure}"
            )  # the last words tell all
        paused = pause(progress)
        if paused or "paused" in self._shown:
            self._change("paused", paused or "", f"  {paused or 'resumed'}")

    def _step(self, step: StepProgress, service: str) -> None:
        if step.state == "waiting":
            return
        now = datetime.now(UTC)
        line = f"  {step.state:8} {told(step, now)}"
        if step.state == "held":
            line = f"{line}\n           {remedies(step, service)}"
        self._change(f"step {step.id or step.name}", f"{step.state} {step.attempt} {step.cause}", line)

    def _change(self, key: str, value: str, line: str) -> None:
        if self._shown.get(key) != value:
            self._shown[key] = value
            print(line, flush=True)


def _is_news(attempt: int) -> bool:
    """The first few, then ever fewer: an hour of retries is no thousand lines."""
    return attempt <= 4 or attempt & (attempt - 1) == 0
