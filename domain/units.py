"""Quantities as people write them ("512 MiB", "100 Mbit/s", "10 ms"), in the unit that the type names."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

_QUANTITY = re.compile(r"^\s*(?P<number>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-zµ/]*)\s*$")

_MEMORY_TO_MIB = {"KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0, "TiB": 1024.0 * 1024.0}
_DISK_TO_GIB = {"MiB": 1 / 1024, "GiB": 1.0, "TiB": 1024.0}
_BANDWIDTH_TO_MBPS = {"bit/s": 1e-6, "kbit/s": 1e-3, "Mbit/s": 1.0, "Gbit/s": 1e3, "Tbit/s": 1e6}
_LATENCY_TO_MS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
_DURATION_TO_S = {"ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}

_MOST = 1e15
"""Of a base unit: beyond all hardware, and sums still fit a 64-bit integer."""

_AMBIGUOUS = {
    "KB": "KiB (1024 bytes)",
    "MB": "MiB (2**20 bytes)",
    "GB": "GiB (2**30 bytes)",
    "TB": "TiB (2**40 bytes)",
    "K": "KiB",
    "M": "MiB or Mbit/s",
    "G": "GiB or Gbit/s",
    "Mb": "MiB or Mbit/s",
    "Gb": "GiB or Gbit/s",
    "Mbps": "Mbit/s",
    "Gbps": "Gbit/s",
    "kbps": "kbit/s",
    "MBps": "Mbit/s (8 Mbit/s are 1 MB/s)",
    "MB/s": "Mbit/s (8 Mbit/s are 1 MB/s)",
    "m": "ms or min",
}


def _parse(text: Any, factors: Mapping[str, float], example: str) -> float:
    if not isinstance(text, str):
        raise ValueError(f"a quantity needs a unit: write it like {example!r}")
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity: write it like {example!r}")
    unit = match["unit"]
    if unit not in factors:
        raise ValueError(_unit_complaint(text, unit, factors, example))
    number = float(match["number"]) * factors[unit]
    if number > _MOST:
        raise ValueError("too large a quantity")
    return number


def _unit_complaint(text: str, unit: str, factors: Mapping[str, float], example: str) -> str:
    known = ", ".join(factors)
    if not unit:
        return f"{text!r} has no unit: write it like {example!r} (units: {known})"
    if unit in _AMBIGUOUS:
        return f"{text!r}: the unit {unit!r} is ambiguous, write {_AMBIGUOUS[unit]} (units: {known})"
    return f"{text!r}: unknown unit {unit!r} (units: {known})"


def _format(number: float) -> str:
    return f"{number:.6f}".rstrip("0").rstrip(".")


def _whole(factors: Mapping[str, float], example: str) -> Callable[[Any], int]:
    """A parser that refuses a fraction of the base unit: capacities are counted in whole units."""

    def parse(text: Any) -> int:
        number = _parse(text, factors, example)
        if number != round(number):
            raise ValueError(f"{text!r} is not a whole number of the base unit (as in {example!r})")
        return round(number)

    return parse


def _any(factors: Mapping[str, float], example: str) -> Callable[[Any], float]:
    return lambda text: _parse(text, factors, example)


def _schema(example: str, what: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": what, "examples": [example]})


MemoryMib = Annotated[
    int,
    BeforeValidator(_whole(_MEMORY_TO_MIB, "512 MiB")),
    PlainSerializer(lambda mib: f"{mib} MiB", return_type=str),
    _schema("512 MiB", "memory: KiB, MiB, GiB or TiB"),
    Field(ge=0),
]
DiskGib = Annotated[
    int,
    BeforeValidator(_whole(_DISK_TO_GIB, "10 GiB")),
    PlainSerializer(lambda gib: f"{gib} GiB", return_type=str),
    _schema("10 GiB", "disk: GiB or TiB, whole GiB"),
    Field(ge=0),
]
BandwidthMbps = Annotated[
    float,
    BeforeValidator(_any(_BANDWIDTH_TO_MBPS, "100 Mbit/s")),
    PlainSerializer(lambda mbps: f"{_format(mbps)} Mbit/s", return_type=str),
    _schema("100 Mbit/s", "bandwidth: bit/s, kbit/s, Mbit/s, Gbit/s or Tbit/s"),
    Field(ge=0),
]
LatencyMs = Annotated[
    float,
    BeforeValidator(_any(_LATENCY_TO_MS, "10 ms")),
    PlainSerializer(lambda ms: f"{_format(ms)} ms", return_type=str),
    _schema("10 ms", "latency, one way: us, ms or s"),
    Field(ge=0),
]
_Duration = Annotated[
    float,
    BeforeValidator(_any(_DURATION_TO_S, "5 s")),
    PlainSerializer(lambda seconds: f"{_format(seconds)} s", return_type=str),
]
DurationS = Annotated[_Duration, _schema("5 s", "duration: ms, s, min or h"), Field(gt=0)]
DurationOrZeroS = Annotated[_Duration, _schema("5 s", "duration, or 0 s: ms, s, min or h"), Field(ge=0)]
