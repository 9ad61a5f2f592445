"""Steps of an operation in words, for every view of them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from domain.requests import OperationProgress, StepProgress, StepState

MARKS: dict[StepState, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("…", "yellow"),
    "retrying": ("↻", "yellow"),
    "held": ("!", "bold red"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("-", "magenta"),
    "undone": ("↩", "magenta"),
}
"""State -> mark and style."""

_WITH_CAUSE: tuple[StepState, ...] = ("retrying", "held", "failed", "skipped")


def told(step: StepProgress, now: datetime | None = None) -> str:
    """All that is to be said of a step, its state aside; without `now`, no seconds are counted down."""
    return f"{step.name}{_attempt(step, now)}{_cause(step)}{f' ({step.note})' if step.note else ''}"


def remedies(step: StepProgress, service: str) -> str:
    """What an operator may do about a step that is held."""
    ways = ["retry", *(["edit"] if step.editable else []), *(["skip"] if step.skippable else []), "give-up"]
    return f"{step.id or step.name} waits for you: interlace {'|'.join(ways)} {service}"


def held(progress: OperationProgress) -> tuple[StepProgress, ...]:
    """The steps that wait for an operator."""
    return tuple(step for step in progress.steps if step.state == "held")


def pause(progress: OperationProgress) -> str | None:
    """That no new step begins, and why."""
    if progress.paused is None:
        return None
    why = f": {progress.paused}" if progress.paused else ""
    return f"paused{why} (interlace resume {progress.service})"


def counts(steps: Sequence[StepProgress]) -> str:
    """How many steps stand how: `12 done, 1 running, 4 waiting`."""
    found = {state: sum(step.state == state for step in steps) for state in MARKS}
    return ", ".join(f"{count} {state}" for state, count in found.items() if count)


def lasting(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 or seconds == int(seconds) else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def _attempt(step: StepProgress, now: datetime | None) -> str:
    if step.state == "retrying" and step.next_attempt_at is not None and now is not None:
        left = (step.next_attempt_at.astimezone(UTC) - now).total_seconds()
        when = f"in {lasting(round(left))}" if left >= 1 else "at once"
        return f", attempt {step.attempt + 1} {when}"
    return f", attempt {step.attempt}" if step.attempt > 1 else ""


def _cause(step: StepProgress) -> str:
    return f": {step.cause}" if step.cause and step.state in _WITH_CAUSE else ""
