"""Quantities: what is read, and what is refused with a hint."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.units import BandwidthMbps, DiskGib, DurationS, LatencyMs, MemoryMib


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        (MemoryMib, "512 MiB", 512),
        (MemoryMib, "2GiB", 2048),
        (MemoryMib, "1.5 GiB", 1536),
        (MemoryMib, "2048 KiB", 2),
        (MemoryMib, "1 TiB", 1024 * 1024),
        (DiskGib, "10 GiB", 10),
        (DiskGib, "2048 MiB", 2),
        (DiskGib, "1 TiB", 1024),
        (BandwidthMbps, "100 Mbit/s", 100.0),
        (BandwidthMbps, "2.5 Gbit/s", 2500.0),
        (BandwidthMbps, "500 kbit/s", 0.5),
        (LatencyMs, "10 ms", 10.0),
        (LatencyMs, "250 us", 0.25),
        (LatencyMs, "250 µs", 0.25),
        (LatencyMs, "1 s", 1000.0),
        (DurationS, "500 ms", 0.5),
        (DurationS, "2 min", 120.0),
        (DurationS, "1 h", 3600.0),
    ],
)
def test_a_quantity_is_read_in_its_unit(unit: Any, text: str, value: float) -> None:
    assert TypeAdapter(unit).validate_python(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("unit", "text", "complaint"),
    [
        (MemoryMib, 512, "a quantity needs a unit: write it like '512 MiB'"),
        (MemoryMib, True, "a quantity needs a unit"),
        (MemoryMib, None, "a quantity needs a unit"),
        (MemoryMib, "512", "'512' has no unit"),
        (MemoryMib, "512 MB", "ambiguous, write MiB"),
        (MemoryMib, "2 G", "ambiguous, write GiB"),
        (MemoryMib, "512 ms", "unknown unit 'ms' (units: KiB, MiB, GiB, TiB)"),
        (MemoryMib, "512 mib", "unknown unit 'mib'"),
        (MemoryMib, "1 KiB", "not a whole number of the base unit"),
        (MemoryMib, "-1 MiB", "is not a quantity"),
        (MemoryMib, "MiB", "is not a quantity"),
        (MemoryMib, "", "is not a quantity"),
        (MemoryMib, "nan MiB", "is not a quantity"),
        (MemoryMib, "9" * 400 + " GiB", "too large"),
        (DiskGib, "1500 MiB", "not a whole number of the base unit"),
        (BandwidthMbps, "100 Mbps", "ambiguous, write Mbit/s"),
        (BandwidthMbps, "100 MB/s", "8 Mbit/s are 1 MB/s"),
        (BandwidthMbps, "9" * 400 + " Mbit/s", "too large"),
        (LatencyMs, "5 m", "ambiguous, write ms or min"),
        (LatencyMs, "5 MiB", "unknown unit 'MiB' (units: us, µs, ms, s)"),
        (DurationS, "0 s", "greater than 0"),
    ],
)
def test_a_bad_quantity_is_refused_with_a_hint(unit: Any, text: Any, complaint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(unit).validate_python(text)
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "text", "written"),
    [
        (MemoryMib, "2 GiB", "2048 MiB"),
        (DiskGib, "1 TiB", "1024 GiB"),
        (BandwidthMbps, "1.5 Gbit/s", "1500 Mbit/s"),
        (BandwidthMbps, "500 kbit/s", "0.5 Mbit/s"),
        (LatencyMs, "250 us", "0.25 ms"),
        (DurationS, "2 min", "120 s"),
    ],
)
def test_a_quantity_is_written_so_that_it_can_be_read_again(unit: Any, text: str, written: str) -> None:
    adapter = TypeAdapter[Any](unit)
    value = adapter.validate_python(text)
    assert adapter.dump_python(value) == written
    assert adapter.validate_python(written) == value
