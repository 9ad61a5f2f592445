"""A recorded series: CSV, or what Prometheus answers to a `query_range`; what is wrong is told by line."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from math import isfinite, nan
from statistics import median
from typing import TYPE_CHECKING, Any

from domain.errors import DocumentError, Issue

if TYPE_CHECKING:
    from _csv import Reader

MAX_ROWS = 1_000_000
_TIME = "time"


@dataclass(frozen=True)
class Column:
    """One series of values; NaN where there is none."""

    metric: str
    owner: str = ""
    """A component or a chain; the component that is simulated, where empty."""
    instance: str = ""


@dataclass(frozen=True)
class Recorded:
    """Values of some metrics over time."""

    times: tuple[float, ...]
    """Seconds since the epoch, ascending."""
    columns: Mapping[Column, tuple[float, ...]]
    """As long as the times."""

    @cached_property
    def step_s(self) -> float:
        """The usual time between two rows."""
        gaps = [after - before for before, after in zip(self.times, self.times[1:], strict=False)]
        return median(gaps) if gaps else 0.0


def read_series(content: bytes, source: str, metric: str | None = None) -> Recorded:
    """A series from CSV, or from JSON where the text begins with a brace.

    :param metric: the name of series in JSON that say none
    :raises DocumentError: with the lines that are wrong, at most the first twenty
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(
            source, f"not text: byte {error.start} is not UTF-8; CSV or JSON is expected"
        ) from None
    if not text.strip():
        raise _refused(
            source, "the file is empty; CSV with a column 'time' is expected, or Prometheus's JSON"
        )
    recorded = _answer(text, source, metric) if text.lstrip().startswith("{") else _table(text, source)
    if len(recorded.times) < 2:
        raise _refused(source, "there is but one row: nothing happens in it")
    return recorded


def _refused(source: str, message: str, line: int | None = None, path: str = "") -> DocumentError:
    return DocumentError(source, [Issue(line=line, path=path, message=message)])


def _table(text: str, source: str) -> Recorded:
    reader = csv.reader(io.StringIO(text))
    try:
        return _of_rows(reader, source)
    except csv.Error as error:
        raise _refused(source, f"not CSV: {error}", reader.line_num) from None


def _of_rows(reader: "Reader", source: str) -> Recorded:
    names = [each.strip() for each in next(filter(None, reader))]
    columns = _header(names, source)
    times: list[float] = []
    rows: list[list[float]] = []
    issues: list[Issue] = []
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        try:
            at, values = _row(row, names, times[-1] if times else None)
        except ValueError as error:
            issues.append(Issue(line=reader.line_num, path="", message=str(error)))
            if len(issues) == 20:
                break
            continue
        times.append(at)
        rows.append(values)
        if len(times) > MAX_ROWS:
            raise _refused(source, f"more than {MAX_ROWS} rows")
    if issues:
        raise DocumentError(source, issues)
    found = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return Recorded(times=tuple(times), columns=dict(zip(columns, map(tuple, found), strict=True)))


def _header(names: Sequence[str], source: str) -> list[Column]:
    """The columns but the first, which is the time."""
    if names[0] != _TIME:
        wanted = "time,requests_per_s, or time,web.cpu,shopping.chain_latency_ms"
        raise _refused(source, f"the first column is {names[0]!r}, not {_TIME!r}: write {wanted}", 1)
    if len(names) < 2:
        raise _refused(source, "there is no column beside the time: write time,requests_per_s", 1)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise _refused(source, f"two columns are called {twice[0]!r}", 1)
    if not all(names):
        raise _refused(source, f"column {names.index('') + 1} has no name", 1)
    return [Column(metric, owner) for owner, _, metric in (name.rpartition(".") for name in names[1:])]


def _row(row: Sequence[str], names: Sequence[str], before: float | None) -> tuple[float, list[float]]:
    """:raises ValueError: with what is wrong"""
    if len(row) != len(names):
        raise ValueError(f"{len(row)} cells, where the header has {len(names)}")
    at = _moment(row[0].strip())
    if before is not None and at <= before:
        raise ValueError(f"time: {row[0].strip()} is not after the row before it")
    return at, [_value(cell.strip(), name) for cell, name in zip(row[1:], names[1:], strict=True)]


def _moment(text: str) -> float:
    """Of an ISO 8601 time (UTC where it says no offset), or of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            wanted = "write ISO 8601, such as 2026-03-02T08:00:00Z, or seconds"
            raise ValueError(f"time: {text!r} is no time: {wanted}") from None
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not -6e10 < seconds < 2.5e11:
        raise ValueError(f"time: {text!r} is no time: seconds since 1970 are meant")
    return seconds


def _value(text: str, name: str) -> float:
    """What is empty or no number in a measurement's own words (NaN, +Inf) is missing."""
    if not text:
        return nan
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}: {text!r} is no number (leave it empty where there is none)") from None
    return value if isfinite(value) else nan


def _answer(text: str, source: str, metric: str | None) -> Recorded:
    """What Prometheus answers to a query over a range: a matrix."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise _refused(source, f"not JSON: {error.msg}, at column {error.colno}", error.lineno) from None
    except RecursionError:
        raise _refused(source, "not JSON: nested too deeply") from None
    found: dict[Column, dict[float, float]] = {}
    for path, each in _results(data, source):
        column, values = _result(each, path, source, metric)
        if column in found:
            raise _refused(source, f"a second series of {column.metric} of the same instance", None, path)
        found[column] = values
    times = sorted({at for values in found.values() for at in values})
    columns = {column: tuple(values.get(at, nan) for at in times) for column, values in found.items()}
    return Recorded(times=tuple(times), columns=columns)


def _results(data: Any, source: str) -> Iterator[tuple[str, Any]]:
    inner = data.get("data") if isinstance(data, dict) else None
    results = inner.get("result") if isinstance(inner, dict) else None
    if isinstance(data, dict) and data.get("status") == "error":
        raise _refused(source, f"Prometheus answered an error: {data.get('error')}", None, "status")
    if not isinstance(results, list) or not isinstance(inner, dict) or inner.get("resultType") != "matrix":
        wanted = "the answer to /api/v1/query_range has status, and data with resultType 'matrix'"
        raise _refused(source, f"no answer of Prometheus to a range: {wanted}", None, "data")
    if not results:
        raise _refused(source, "the answer holds no series", None, "data.result")
    for number, each in enumerate(results):
        yield f"data.result[{number}]", each


def _result(each: Any, path: str, source: str, metric: str | None) -> tuple[Column, dict[float, float]]:
    labels = each.get("metric") if isinstance(each, dict) else None
    values = each.get("values") if isinstance(each, dict) else None
    if not isinstance(labels, dict) or not isinstance(values, list):
        raise _refused(source, "a series has metric, its labels, and values", None, path)
    name = labels.get("__name__") or metric
    if not name:
        told = "the series has no name (an expression was asked for): say it by --metric NAME"
        raise _refused(source, told, None, f"{path}.metric")
    owner = str(labels.get("chain") or labels.get("component") or "")
    column = Column(str(name), owner, str(labels.get("instance", "")))
    found: dict[float, float] = {}
    for place, pair in enumerate(values):
        try:
            at, value = pair
            found[_moment(str(at))] = _value(str(value), str(name))
        except (ValueError, TypeError) as error:
            told = (
                str(error) if isinstance(error, ValueError) and isinstance(pair, list) else "no [time, value]"
            )
            raise _refused(source, told, None, f"{path}.values[{place}]") from None
    return column, found
