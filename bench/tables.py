"""Rows of what was measured, beside targets; a missed target is printed, and is no failure of a benchmark."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

ROW = tuple[str, str, str, str]


def at_most(value: float, target: float, unit: str) -> tuple[str, str]:
    """Target and verdict where less is better."""
    return f"<= {target:g} {unit}".rstrip(), "met" if value <= target else "MISSED"


def at_least(value: float, target: float, unit: str = "") -> tuple[str, str]:
    """Target and verdict where more is better."""
    return f">= {target:g} {unit}".rstrip(), "met" if value >= target else "MISSED"


def show(rows: Iterable[ROW]) -> None:
    """Print a table of rows."""
    table = Table("what", "measured", "target", "verdict", box=box.SIMPLE)
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)
