"""A program as an MPS file, the format that CBC reads soonest."""

from collections.abc import Iterator

import numpy as np

from placement.solving.program import Floats, Program

_COST = "OBJECTIV"
"""As long as the other names: where a field begins has a meaning."""


def column(number: int) -> str:
    """The name of a variable in the file."""
    return f"C{number:07d}"


def text(program: Program) -> str:
    """All of the file; rows have one limit, or two that are equal."""
    lines = ["NAME problem", "ROWS", f" N  {_COST}", *_rows(program), "COLUMNS", *_columns(program)]
    lines += ["RHS", *_limits(program), "BOUNDS", *_bounds(program), "ENDATA", ""]
    return "\n".join(lines)


def start(values: Floats) -> str:
    """A solution to begin with, as CBC reads it."""
    lines = [f"{number} {column(number)} {value!r} 0" for number, value in enumerate(values.tolist())]
    return "\n".join(["Stopped on time - objective value 0", *lines, ""])


def _kinds(program: Program) -> list[str]:
    equal = program.row_lower == program.row_upper
    kinds: list[str] = np.where(equal, "E", np.where(np.isinf(program.row_lower), "L", "G")).tolist()
    return kinds


def _rows(program: Program) -> Iterator[str]:
    return (f" {kind}  R{number:07d}" for number, kind in enumerate(_kinds(program)))


def _columns(program: Program) -> Iterator[str]:
    """By column, those that are no integers first; each has its cost, so that none is missing."""
    size = program.costs.size
    rows = np.repeat(np.arange(program.row_lower.size), np.diff(program.starts))
    owners = np.concatenate([np.arange(size), program.indices])
    names = np.concatenate([np.full(size, -1), rows])
    numbers = np.concatenate([program.costs, program.coefficients])
    order = np.lexsort((names, owners, program.integral[owners]))
    entries = [
        f"    {column(owner)}  {_COST if row < 0 else f'R{row:07d}'}  {number!r}"
        for owner, row, number in zip(
            owners[order].tolist(), names[order].tolist(), numbers[order].tolist(), strict=True
        )
    ]
    first = int(np.count_nonzero(program.integral[owners] == 0))
    yield from entries[:first]
    if first < len(entries):
        yield "    MARKER                 'MARKER'                 'INTORG'"
        yield from entries[first:]
        yield "    MARKER                 'MARKER'                 'INTEND'"


def _limits(program: Program) -> Iterator[str]:
    limits = np.where(np.isinf(program.row_lower), program.row_upper, program.row_lower)
    return (f"    RHS       R{row:07d}  {limit!r}" for row, limit in enumerate(limits.tolist()) if limit)


def _bounds(program: Program) -> Iterator[str]:
    for number, (low, high) in enumerate(zip(program.lower.tolist(), program.upper.tolist(), strict=True)):
        name = column(number)
        yield f" MI BND       {name}" if low == -np.inf else f" LO BND       {name}  {low!r}"
        yield f" PL BND       {name}" if high == np.inf else f" UP BND       {name}  {high!r}"
