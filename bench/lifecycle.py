"""`python -m bench.lifecycle [--quick]`: operations on running services, beside their targets."""

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from adaptors.machine.abilities import Datapath, examine
from adaptors.vim.emulator.cleaning import release
from bench import crashes, crowds, moves
from bench.crashes import Crashes
from bench.crowds import Costs
from bench.measurements import percentile
from bench.moves import Moves
from bench.shops import PACKED, SHOP
from bench.tables import ROW, at_most, show


@dataclass(frozen=True)
class Amount:
    """How often each thing is measured."""

    moves: int
    scales: int
    crashes: int
    turns: int


_FULL = Amount(moves=3, scales=5, crashes=15, turns=20)
_QUICK = Amount(moves=1, scales=2, crashes=10, turns=8)


def main() -> None:
    """Measure; nothing of it is left on the machine, also when it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.lifecycle", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    quick: bool = parser.parse_args().quick
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs would ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        report(quick)
    except KeyboardInterrupt:
        sys.exit("interrupted; what was made is removed")


def report(quick: bool) -> None:
    """Print what was measured; without an emulator here, only what needs none."""
    amount = _QUICK if quick else _FULL
    print(f"lifecycle: load average at the start {os.getloadavg()[0]:.1f}")
    rows: list[ROW] = []
    for datapath in datapaths():
        rows += _move_rows(datapath, moves.measure(datapath, amount.moves, amount.scales))
    rows += _crash_rows(crashes.measure(amount.crashes))
    rows += _cost_rows(crowds.measure(amount.turns))
    rows.append(("load average at the end", f"{os.getloadavg()[0]:.1f}", "-", "-"))
    show(rows)


def datapaths() -> Sequence[Datapath]:
    """Those that the emulator has here; none where it cannot run, which is told."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        abilities, _ = examine(Path(directory))
        release(Path(directory))
    if abilities.privileges == "root" and abilities.datapaths:
        return abilities.datapaths
    print(f"not measured here: moves and scales with real packets: {abilities.why or 'they take root'}")
    return ()


def _move_rows(datapath: Datapath, found: Moves) -> Iterator[ROW]:
    count = len(found.moved_s)
    packets, pages = max(found.lost_packets), max(found.lost_pages)
    yield (
        f"{datapath}: firewall moves, lost of {moves.PACKETS} packets, worst of {count}",
        str(packets),
        *at_most(packets, 0, ""),
    )
    yield f"{datapath}: lost of {moves.PAGES} HTTP requests, worst", str(pages), *at_most(pages, 0, "")
    yield f"{datapath}: the slowest of them", f"{max(found.slowest_page_s):.2f} s", "-", "-"
    yield f"{datapath}: the move, median of {count}", _spread(found.moved_s), "-", "-"
    for descriptor, where in ((PACKED, "a PoP in use"), (SHOP, "a new PoP")):
        first = found.first_served_s[descriptor]
        yield (
            f"{datapath}: scale out at {where} to the first request served, median of {len(first)}",
            _spread(first),
            *at_most(statistics.median(first), 3.0, "s"),
        )


def _crash_rows(found: Crashes) -> Iterator[ROW]:
    lost = found.lost()
    middle, late = statistics.median(lost), percentile(lost, 0.95)
    yield (
        f"time lost to a worker's SIGKILL, median of {len(lost)}",
        _spread(lost),
        *at_most(middle, 2.5, "s"),
    )
    yield "time lost to a worker's SIGKILL, p95", f"{late:.2f} s", *at_most(late, 2.5, "s")


def _cost_rows(found: Costs) -> Iterator[ROW]:
    turns = len(found.few)
    for count, took in ((crowds.FEW, found.few), (crowds.MANY, found.many)):
        name = f"scale out and in beside {count} services, median of {turns}"
        yield name, _spread(took), "-", "-"
    ranked = sorted(found.ratios())
    spread = f"quarters {percentile(ranked, 0.25):.2f} to {percentile(ranked, 0.75):.2f}"
    yield (
        f"{crowds.MANY} services by {crowds.FEW}, of the medians",
        f"{found.ratio():.2f} (turn by turn: {spread})",
        *at_most(found.ratio(), 1.3, ""),
    )


def _spread(took: Sequence[float]) -> str:
    return f"{statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f})"


if __name__ == "__main__":
    main()
