"""`python -m bench.watching [--quick] [--only PART ...]`: the watches of services, beside their targets."""

import argparse
import os
import signal
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench import beholders, herds, reactions
from bench.beholders import Beheld
from bench.crowded import INTERVAL_S
from bench.herds import Herd
from bench.lifecycle import datapaths
from bench.measurements import percentile
from bench.reactions import Reaction
from bench.tables import ROW, at_most, show

_MARGIN_S = 4.0
"""What a reaction may take beyond the interval."""


@dataclass(frozen=True)
class Amount:
    """How much is measured."""

    turns: Mapping[int, int]
    """Interval in seconds -> rises of the load."""
    services: int
    seconds: float
    herd: int


_FULL = Amount(turns={15: 3, 5: 6}, services=1000, seconds=240, herd=300)
_TOLD = 5
"""Of what was not done, so many are told of."""
_QUICK = Amount(turns={5: 4}, services=200, seconds=60, herd=50)


def main() -> None:
    """Measure; nothing of it is left on the machine, also when it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.watching", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer services and turns")
    parser.add_argument("--only", choices=sorted(_PARTS), nargs="+", help="these parts alone")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs would ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        report(given.quick, given.only)
    except KeyboardInterrupt:
        sys.exit("interrupted; what was made is removed")


def report(quick: bool, only: Sequence[str] | None = None) -> None:
    """Print what was measured; without an emulator here, only what needs none."""
    amount = _QUICK if quick else _FULL
    print(f"watching: load average at the start {os.getloadavg()[0]:.1f}")
    rows = [*_told(row for name, part in _PARTS.items() if not only or name in only for row in part(amount))]
    show([*rows, ("load average at the end", f"{os.getloadavg()[0]:.1f}", "-", "-")])


def _told(rows: Iterable[ROW]) -> Iterator[ROW]:
    """Each as soon as it is known: all of them take most of an hour."""
    for row in rows:
        print(f"  {row[0]}: {row[1]}", file=sys.stderr, flush=True)
        yield row


def _reactions(amount: Amount) -> Iterator[ROW]:
    for datapath in datapaths():
        for interval_s, turns in amount.turns.items():
            name = f"{datapath}, each {interval_s} s"
            try:
                yield from _reaction_rows(name, interval_s, reactions.measure(datapath, interval_s, turns))
            except TimeoutError:
                yield f"{name}: the load rises", "no new instance answered", "an answer", "MISSED"


def _reaction_rows(name: str, interval_s: int, found: Sequence[Reaction]) -> Iterator[ROW]:
    within = interval_s + _MARGIN_S
    answered = [each.answered_s for each in found]
    yield (
        f"{name}: the load rises to an answer of the new instance, median of {len(found)}",
        _spread(answered),
        *at_most(statistics.median(answered), within, "s"),
    )
    slowest = max(found, key=lambda each: each.answered_s)
    told = f"{slowest.answered_s:.1f} s (the host took {100 * slowest.host_share:.0f} % of the processors)"
    yield f"{name}: the slowest", told, *at_most(slowest.answered_s, within, "s")
    acted = [each.answered_s - each.decided_s for each in found]
    yield f"{name}: of it, from the decision on", _spread(acted), "-", "-"


def _beholding(amount: Amount) -> Iterator[ROW]:
    yield from _beheld_rows(beholders.measure(amount.services, amount.seconds))


def _beheld_rows(found: Beheld) -> Iterator[ROW]:
    name = f"{found.services} services, each {INTERVAL_S} s"
    cpu = 100 * found.worker_cpu
    yield (
        f"{name}, for {found.seconds:.0f} s: CPU of the worker",
        f"{cpu:.0f} % of a core",
        *at_most(cpu, 50, "%"),
    )
    yield (
        f"{name}: RSS of the worker, at most",
        f"{found.worker_rss_mib:.0f} MiB",
        *at_most(found.worker_rss_mib, 400, "MiB"),
    )
    yield (
        f"{name}: RSS of the worker, the kernel's high-water mark",
        f"{found.worker_peak_mib:.0f} MiB",
        *at_most(found.worker_peak_mib, 400, "MiB"),
    )
    yield f"{name}: CPU of the exporter, {found.series} series", f"{100 * found.exporter_cpu:.0f} %", "-", "-"
    yield f"{name}: CPU of Temporal's server", f"{100 * found.temporal_cpu:.0f} %", "-", "-"
    asked = found.requests_per_s
    most = max(asked, key=lambda each: asked[each])
    yield (
        f"{name}: requests to Temporal",
        f"{sum(asked.values()):.0f} /s ({asked[most]:.0f} of them {most})",
        "-",
        "-",
    )
    history = found.history
    yield f"history of one, at the end: {history.events} events", f"{history.size / 1024:.1f} KiB", "-", "-"
    if history.per_hour is not None:
        yield "history of one, of each hour", f"{history.per_hour / 1024:.1f} KiB", "-", "-"


def _herding(amount: Amount) -> Iterator[ROW]:
    yield from _herd_rows(amount.herd, herds.measure(amount.herd))


def _herd_rows(services: int, found: Herd) -> Iterator[ROW]:
    name = f"{services} services' load rises at once"
    out, each = found.out_s, "none"
    if out:
        each = f"{statistics.median(out):.0f} s, {percentile(out, 0.95):.0f} s, {out[-1]:.0f} s"
    yield f"{name}: scaled out, median, p95, last", each, "-", "-"
    for told in found.failed[:_TOLD]:
        yield f"{name}: not done", told, "-", "-"
    yield f"{name}: decisions not done", str(len(found.failed)), *at_most(len(found.failed), 0, "")
    yield f"{name}: not scaled out", str(len(found.lost)), *at_most(len(found.lost), 0, "")
    yield f"{name}: scaled or decided twice", str(len(found.doubled)), *at_most(len(found.doubled), 0, "")
    for when, took in (("before", found.calm_s), ("meanwhile", found.beside_s)):
        yield f"another service's Scale {when}, median of {len(took)}", _spread(took), "-", "-"


def _spread(took: Sequence[float]) -> str:
    return f"{statistics.median(took):.2f} s ({min(took):.2f} to {max(took):.2f})" if took else "none ended"


_PARTS: Mapping[str, Callable[[Amount], Iterator[ROW]]] = {
    "reaction": _reactions,
    "crowd": _beholding,
    "herd": _herding,
}


if __name__ == "__main__":
    main()
