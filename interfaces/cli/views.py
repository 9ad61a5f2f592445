"""How an operation under way is shown: live on a terminal, line by line in a pipe, silently for programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from domain.requests import OperationProgress, StepState

_MARKS: dict[StepState, tuple[str, str]] = {
    "running": ("…", "yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "undone": ("↩", "magenta"),
}


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
        yield _Lines()


class _Silence:
    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        pass


class _Screen:
    def __init__(self, live: Live) -> None:
        self._live = live
        self._last: OperationProgress | None = None

    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        self._last = progress or self._last
        text = Text()
        if self._last:
            text.append(f"{self._last.phase}\n", style="bold")
            for step in self._last.steps:
                mark, style = _MARKS[step.state]
                text.append(f"  {mark} {step.name}\n", style=style)
        for cause in retries.values():
            text.append(f"  {cause}\n", style="yellow")
        if progress is None:
            text.append("  waiting: no worker answers at the moment\n", style="yellow")
        self._live.update(text, refresh=True)


class _Lines:
    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def show(self, progress: OperationProgress | None, retries: dict[str, str]) -> None:
        for attempt, cause in retries.items():
            self._change(attempt, cause, f"  {cause}")
        if progress is None:
            self._change("worker", "away", "  waiting: no worker answers at the moment")
            return
        self._shown.pop("worker", None)
        self._change("phase", progress.phase, f"{progress.phase}")
        for step in progress.steps:
            self._change(f"step {step.name}", step.state, f"  {step.state:8} {step.name}")

    def _change(self, key: str, value: str, line: str) -> None:
        if self._shown.get(key) != value:
            self._shown[key] = value
            print(line, flush=True)
