"""`python -m bench [--quick]`: measure, and print tables of measured, target and verdict."""

import argparse
import asyncio
import statistics

from bench import dataplane, lifecycle, watching
from bench.documents import COMPONENTS, TOPOLOGY
from bench.measurements import Latency, Memory, command_line, measure, percentile
from bench.placement import measuring as placements
from bench.tables import ROW, at_most, show
from bench.vim import reporting as vims

_FEW = 20


def main() -> None:
    """Measure; a missed target is printed, and is no failure of the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    quick: bool = parser.parse_args().quick
    runs, many = (7, 20) if quick else (30, 200)
    help_s = command_line(7)
    latency, memory = asyncio.run(measure(runs, _FEW // 2 if quick else _FEW, many))
    show([*_latency_rows(latency), *_memory_rows(memory), _help_row(help_s)])
    print(
        f"{COMPONENTS} components on {TOPOLOGY}, VIMs without delay, one worker process, Temporal dev server"
    )
    dataplane.report(quick)
    lifecycle.report(quick)
    watching.report(quick)
    vims.report(vims.QUICK if quick else vims.FULL)
    placements.measure(placements.QUICK)
    print("all of the placements: python -m bench.placement")


def _latency_rows(latency: Latency) -> list[ROW]:
    p50 = statistics.median(latency.orchestrated)
    plain = statistics.median(latency.sequential)
    step = latency.overhead_per_step()
    return [
        (f"instantiate, p50 of {len(latency.orchestrated)}", f"{p50:.3f} s", *at_most(p50, 1.0, "s")),
        ("instantiate, p95", f"{percentile(latency.orchestrated, 0.95):.3f} s", "-", "-"),
        ("the same calls in a plain script, p50", f"{plain:.3f} s", "-", "-"),
        ("ratio to the plain script", f"{p50 / plain:.2f}", "-", "-"),
        (
            f"overhead per activity ({latency.activities} of them)",
            f"{step * 1000:.1f} ms",
            *at_most(step * 1000, 60.0, "ms"),
        ),
    ]


def _memory_rows(memory: Memory) -> list[ROW]:
    each = (memory.after_many - memory.after_few) / (memory.many - memory.few)
    return [
        (f"worker RSS after {memory.few} services", f"{memory.after_few:.0f} MiB", "-", "-"),
        (
            f"worker RSS after {memory.many} services",
            f"{memory.after_many:.0f} MiB",
            *at_most(memory.after_many, 300.0, "MiB"),
        ),
        ("growth of the RSS per service", f"{each * 1024:.0f} KiB", "-", "-"),
        (f"{memory.many} services, four at a time", f"{memory.many / memory.seconds:.1f} /s", "-", "-"),
    ]


def _help_row(help_s: list[float]) -> ROW:
    middle = statistics.median(help_s)
    return (
        f"interlace --help, median of {len(help_s)}",
        f"{middle:.3f} s",
        *at_most(middle, 0.4, "s"),
    )


if __name__ == "__main__":
    main()
