"""`python -m bench.dataplane [--quick]`: real packets on each datapath, beside their targets. Needs root."""

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from adaptors.machine.abilities import Abilities, Datapath, examine
from adaptors.vim.emulator.cleaning import release
from bench import labs, switching
from bench.idling import Idle
from bench.labs import BESIDE, Amount, Lab
from bench.switching import Change
from bench.tables import ROW, at_least, at_most, show

_FULL = Amount(instances=20, services=5, idle_times=3, idle_s=10.0)
_QUICK = Amount(instances=20, services=2, idle_times=1, idle_s=10.0)
_LEAST_OF_BRIDGE: dict[Datapath, float] = {"nft": 0.8, "ovs": 0.2}


def main() -> None:
    """Measure; nothing of it is left on the machine, also when it is interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bench.dataplane", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs")
    quick: bool = parser.parse_args().quick
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs would ignore it
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        report(quick)
    except KeyboardInterrupt:
        sys.exit("interrupted; what was made is removed")


def report(quick: bool) -> None:
    """Print what was measured, or one line why nothing could be."""
    abilities = _abilities()
    if abilities.privileges != "root" or not abilities.datapaths:
        why = abilities.why or "it takes root"
        print(f"dataplane: not measured here: privileges: {abilities.privileges}; {why}")
        return
    if not abilities.why:
        print(
            f"dataplane: {' and '.join(abilities.datapaths)}, {abilities.overlay}, {abilities.delay}", end=""
        )
    else:
        print(f"dataplane: {abilities.datapaths[0]} only ({abilities.why})", end="")
    print(f"; load average at the start {os.getloadavg()[0]:.1f}")
    show(_rows(abilities.datapaths, quick))


def _abilities() -> Abilities:
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        abilities, _ = examine(Path(directory))
        release(Path(directory))
        return abilities


def _rows(datapaths: tuple[Datapath, ...], quick: bool) -> list[ROW]:
    bridge, chains = switching.throughput(datapaths, 1 if quick else 3)
    rows = [(f"kernel bridge, median of {len(bridge)}", f"{statistics.median(bridge):.0f} Mbit/s", "-", "-")]
    for datapath in datapaths:
        rows.append(_throughput_row(datapath, bridge, chains[datapath]))
        rows += _change_rows(datapath, switching.changes(datapath, 1 if quick else 3))
        before = os.getloadavg()[0]
        rows += _lab_rows(datapath, labs.measure(datapath, _QUICK if quick else _FULL))
        load = f"{before:.1f} and {os.getloadavg()[0]:.1f}"
        rows.append((f"{datapath}: load average before and after its services", load, "-", "-"))
    return rows


def _throughput_row(datapath: Datapath, bridge: list[float], chain: list[float]) -> ROW:
    """Each round by itself, as the machine may be another one in the next."""
    ratios = [one / other for one, other in zip(chain, bridge, strict=True)]
    middle = statistics.median(ratios)
    measured = f"{middle:.2f} (best {max(ratios):.2f})"
    return f"{datapath}: chain by the bridge", measured, *at_least(middle, _LEAST_OF_BRIDGE[datapath])


def _change_rows(datapath: Datapath, changes: list[Change]) -> Iterator[ROW]:
    took = [each for change in changes for each in change.took_s]
    middle, lost = statistics.median(took), max(change.lost for change in changes)
    name = f"{datapath}: chain re-programmed under traffic, median of {len(took)}"
    yield name, f"{middle:.3f} s (worst {max(took):.3f})", *at_most(middle, 0.15, "s")
    many = switching.many_rules_s(datapath)
    name = f"{datapath}: {switching.MANY_RULES} rules re-programmed, median of 5"
    yield name, f"{many:.3f} s", *at_most(many, 0.15, "s")
    name = f"{datapath}: lost of {switching.PACKETS} packets meanwhile, worst of {len(changes)}"
    yield name, str(lost), *at_most(lost, 0, "")


def _lab_rows(datapath: Datapath, lab: Lab) -> Iterator[ROW]:
    for what, took, target in (
        ("instance ready", lab.instances_s, 0.5),
        ("6 instances on 3 PoPs ACTIVE", lab.services_s, 6.0),
    ):
        middle = statistics.median(took)
        measured = f"{middle:.2f} s ({min(took):.2f} to {max(took):.2f})"
        yield f"{datapath}: {what}, median of {len(took)}", measured, *at_most(middle, target, "s")
    yield from _round_trip_rows(datapath, lab.round_trip)
    yield from _idle_rows(datapath, lab)


def _round_trip_rows(datapath: Datapath, trip: labs.RoundTrip) -> Iterator[ROW]:
    ratios = [each / trip.planned_ms for each in trip.medians_ms]
    middle = statistics.median(ratios)
    name = f"{datapath}: round trip over 2 WAN links, of the plan's {trip.planned_ms:g} ms"
    verdict = "met" if abs(middle - 1) <= 0.15 else "MISSED"
    yield name, f"{middle:.3f} ({min(ratios):.3f} to {max(ratios):.3f})", "0.85 to 1.15", verdict
    yield f"{datapath}: the same as the service's probe found it", f"{trip.probed_ms:.2f} ms", "-", "-"


def _idle_rows(datapath: Datapath, lab: Lab) -> Iterator[ROW]:
    """The whole lab, then who uses it, the largest first; last what is there without a lab too."""
    idle = sorted(lab.idles, key=_lab_cpu)[len(lab.idles) // 2]
    total = _lab_cpu(idle) + lab.keeper_cpu
    kinds = sorted((kind for kind in idle.cpu if kind not in BESIDE), key=lambda kind: -idle.cpu[kind])
    count = sum(idle.processes[kind] for kind in kinds)
    memory = sum(idle.pss_mib[kind] for kind in kinds)
    name = f"{datapath}: idle CPU of 10 instances, {count} processes, and keeper"
    yield name, f"{total:.1f} % of a core", *at_most(total, 5, "%")
    yield f"{datapath}: their memory (PSS)", f"{memory:.0f} MiB", "-", "-"
    yield "    keeper in the worker", f"{lab.keeper_cpu:.2f} %", "-", "-"
    for kind in [*kinds, *BESIDE]:
        measured = f"{idle.cpu[kind]:.2f} %, {idle.pss_mib[kind]:.0f} MiB"
        yield (
            f"    {idle.processes[kind]} {kind}{' (not counted)' if kind in BESIDE else ''}",
            measured,
            "-",
            "-",
        )


def _lab_cpu(idle: Idle) -> float:
    return sum(cpu for kind, cpu in idle.cpu.items() if kind not in BESIDE)


if __name__ == "__main__":
    main()
