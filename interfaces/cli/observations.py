"""Observed instances, printed for people."""

from collections.abc import Iterable, Iterator
from typing import Any

from interfaces.cli.observing import Observed
from interfaces.cli.output import table

_COLUMNS = ("instance", "pop", "health", "CPU s", "memory MiB")
_COUNTERS = ("connection point", "packets in", "packets out", "bytes in", "bytes out")


def show_observed(seen: Iterable[Observed]) -> None:
    """One line for each connection point."""
    table([*_COLUMNS, *_COUNTERS], [row for each in seen for row in _rows(each)])


def _rows(each: Observed) -> Iterator[tuple[Any, ...]]:
    found = each.observation
    used = (f"{found.cpu_s:.1f}", f"{found.memory_mib:.1f}") if found else ("-", "-")
    first = (each.name, each.pop, each.health.state, *used)
    counted = [
        (point, port.rx_packets, port.tx_packets, port.rx_bytes, port.tx_bytes)
        for point, port in (found.ports if found else {}).items()
    ]
    for number, counters in enumerate(counted or [("-",) * len(_COUNTERS)]):
        yield (*(first if number == 0 else ("",) * len(first)), *counters)


def show_details(each: Observed) -> None:
    """What one instance says of itself."""
    print(f"\nhealth  {each.health.detail or each.health.state}")
    if each.observation is None:
        return
    print(f"limits  {each.observation.limits or '-'}")
    print("report  " + ("" if each.observation.function else "none"))
    for line in _lines(each.observation.function, "  "):
        print(line)


def _lines(report: Any, indent: str) -> Iterator[str]:
    items = report.items() if isinstance(report, dict) else enumerate(report, start=1)
    for key, value in items:
        if isinstance(value, dict | list) and value:
            yield f"{indent}{key}"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {value}"
