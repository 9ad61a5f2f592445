"""Planned against measured round-trip times of a service's segments."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from activities.pops import Pops
from adaptors.machine.abilities import examine
from adaptors.network.probing import Prober
from catalogue.store import Catalogue
from domain.errors import InputError, InterlaceError
from domain.models import Model
from domain.networking import Probe, Segment
from interfaces.cli.output import table

_AT_ONCE = 4


class Probed(Model):
    """What came of probing one segment."""

    segment: str
    chain: str
    planned_rtt_ms: float
    measured_rtt_ms: float | None
    """None where it got lost, or where arrival can be seen but no answer comes (UDP)."""
    difference: str
    lost: str | None = None
    """Where it was seen last."""

    @classmethod
    def of(cls, probe: Probe) -> "Probed":
        """One that arrived."""
        return cls(**probe.model_dump(), difference=_difference(probe.planned_rtt_ms, probe.measured_rtt_ms))


def probe_all(catalogue: Catalogue, home: Path, service: str) -> tuple[Probed, ...]:
    """Probe every segment of a service now, in their order.

    :raises InputError: if the service has no network of its own, or none that runs on this machine
    """
    network = catalogue.services.network(service)
    if network is None:
        raise InputError(f"{service} moves no packets: it is modelled, or it has not been connected yet")
    abilities, machine = examine(home)
    if machine is None:
        raise InputError(f"this machine cannot reach the network of {service}: {abilities.why}")
    pops = Pops(catalogue, home)
    switches = {pop: pops.networked(pop).switch() for pop in network.pops}
    prober = Prober(machine, network, switches)
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as pool:
        return tuple(pool.map(lambda segment: _probe(prober, segment), network.segments))


def _probe(prober: Prober, segment: Segment) -> Probed:
    try:
        return Probed.of(prober.probe(segment))
    except InterlaceError as error:
        return Probed(
            segment=segment.name,
            chain=segment.chain,
            planned_rtt_ms=round(2 * segment.latency_ms, 3),
            measured_rtt_ms=None,
            difference="-",
            lost=str(error),
        )


def show(probed: Sequence[Probed]) -> None:
    """One line a segment; what got lost is told below."""
    rows = [(p.segment, f"{p.planned_rtt_ms:.3f}", _measured(p), p.difference) for p in probed]
    table(["segment", "planned RTT ms", "measured RTT ms", "difference"], rows)
    for each in probed:
        if each.lost:
            print(f"LOST  {each.lost}")


def _measured(probed: Probed) -> str:
    if probed.lost:
        return "LOST"
    return "arrived" if probed.measured_rtt_ms is None else f"{probed.measured_rtt_ms:.3f}"


def _difference(planned_ms: float, measured_ms: float | None) -> str:
    """In percent of the plan; in ms where the plan has next to none, as within one PoP."""
    if measured_ms is None:
        return "-"
    more = measured_ms - planned_ms
    return f"{more:+.3f} ms" if planned_ms < 0.1 else f"{more / planned_ms:+.1%}"
