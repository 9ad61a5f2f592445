"""What a function's own report says of requests: each function has its words, and these are understood."""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

_METRIC = re.compile(r"[a-z_][a-z0-9_]{0,60}")
_STANDARD = frozenset(
    {"requests", "errors", "responses", "failed", "upstream_failures", "latency_ms", "durations_s"}
)
_MOST_CUSTOM = 40


class Durations(NamedTuple):
    """How long the requests so far took."""

    buckets: tuple[tuple[str, float], ...]
    """(upper bound, how many took at most that), the last for +Inf; by bound."""
    seconds: float
    """All of them together."""


class Reported(NamedTuple):
    """The figures of a report; None where it has none."""

    requests: float | None = None
    errors: float | None = None
    durations: Durations | None = None
    latency_ms: float | None = None
    latency_p95_ms: float | None = None
    refused_packets: float | None = None
    """That its rules dropped."""
    others: Mapping[str, float] = {}


def reported(report: Mapping[str, Any]) -> Reported:
    """The figures of a report, whatever it holds: what is no number as it should be counts as not said."""
    latency = _object(report.get("latency_ms"))
    return Reported(
        requests=_requests(report),
        errors=_errors(report),
        durations=_durations(_object(report.get("durations_s"))),
        latency_ms=_number(latency.get("mean")),
        latency_p95_ms=_number(latency.get("p95")),
        refused_packets=_number(_object(report.get("dropped")).get("packets")),
        others=dict(_others(report)),
    )


def _requests(report: Mapping[str, Any]) -> float | None:
    said = _number(report.get("requests"))
    if said is not None or "responses" not in report:
        return said
    return sum(filter(None, map(_number, _object(report["responses"]).values())))


def _errors(report: Mapping[str, Any]) -> float | None:
    for name in ("errors", "failed", "upstream_failures"):
        if (said := _number(report.get(name))) is not None:
            return said
    if "responses" not in report:
        return None
    failed = (n for status, n in _object(report["responses"]).items() if status.startswith("5"))
    return sum(filter(None, map(_number, failed)))


def _durations(said: Mapping[str, Any]) -> Durations | None:
    seconds, counts = _number(said.get("sum")), _object(said.get("buckets"))
    known = {bound: _number(count) for bound, count in counts.items() if _bound(bound) is not None}
    if seconds is None or "+Inf" not in known or None in known.values():
        return None
    ordered = sorted(known.items(), key=lambda item: _bound(item[0]) or 0.0)
    counted = [(bound, count) for bound, count in ordered if count is not None]
    if any(one[1] > other[1] for one, other in pairwise(counted)):
        return None
    return Durations(tuple(counted), seconds)


def _others(report: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in list(report.items())[:_MOST_CUSTOM]:
        number = _number(value)
        if number is not None and name not in _STANDARD and _METRIC.fullmatch(name):
            yield name, number


def _bound(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return None if math.isnan(found) or found < 0 else found


def _object(value: Any) -> Mapping[str, Any]:
    return {str(key): each for key, each in value.items()} if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) and found >= 0 else None
