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
from interfaces.cli.observing import look_at
from interfaces.cli.output import table
from interfaces.cli.places import places

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

    def probe(segment: Segment) -> Probed:
        try:
            return Probed.of(prober.probe(segment))
        except InterlaceError as error:
            ailing = _ailing_ends(catalogue, home, service, segment)
            return _lost(segment, f"{segment.name}: {ailing}" if ailing else str(error))

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as pool:
        return tuple(pool.map(probe, network.segments))


def _ailing_ends(catalogue: Catalogue, home: Path, service: str, segment: Segment) -> str:
    """What is wrong with the ends, in the words of `interlace status`: it explains a loss best."""
    ends = (segment.origin, segment.target)
    found = tuple(each for each in places(catalogue, service) if each.resource in ends)
    gone = set(ends) - {each.resource for each in found}
    seen = look_at(catalogue, home, found)
    ill = [f"{s.name} is {s.health.state}: {s.health.detail}" for s in seen if s.health.state != "healthy"]
    return "; ".join([*ill, *(f"{resource} is no place of {service} any more" for resource in sorted(gone))])


def _lost(segment: Segment, why: str) -> Probed:
    return Probed(
        segment=segment.name,
        chain=segment.chain,
        planned_rtt_ms=round(2 * segment.latency_ms, 3),
        measured_rtt_ms=None,
        difference="-",
        lost=why,
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
