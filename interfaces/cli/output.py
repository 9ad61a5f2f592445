"""How commands print: tables for people, JSON for programs."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def emit_json(data: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(data, indent=2, default=str))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns aligned with spaces: readable on a terminal, easy to cut in a pipe."""
    cells = [list(columns), *([("" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(padded).rstrip())


def clock(moment: Any) -> str:
    """A UTC time to the second."""
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
