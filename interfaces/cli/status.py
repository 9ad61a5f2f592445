"""What `interlace status` shows of a service."""

from collections.abc import Sequence
from math import isclose
from pathlib import Path

from catalogue.store import Catalogue
from domain.costs import CostParts, cost_parts
from domain.errors import UnknownError
from domain.latencies import ChainLatency, chain_latencies
from domain.models import Model
from domain.objectives import Objective
from domain.plans import Plan
from domain.records import OperationRecord, ServiceRecord
from interfaces.cli.adjusting import adjusted
from interfaces.cli.costs import aims, counted, divided, objective_of, quality
from interfaces.cli.observing import Health, healths
from interfaces.cli.output import clock, table
from interfaces.cli.places import places
from interfaces.cli.reaching import Reach, reaches
from interfaces.cli.running import Running, running, show_running
from interfaces.cli.ways import CHAIN_COLUMNS, chain_rows, mbps, way


class Status(Model):
    """A service as its user sees it."""

    service: ServiceRecord
    last_operation: OperationRecord
    dataplane: str | None
    """None until the service has been connected."""
    reached: tuple[Reach, ...]
    """Where users find it."""
    health: dict[str, Health]
    """Instance or endpoint -> how it is; only where something real runs."""
    running: Running | None = None
    """The last operation, while it is under way."""
    resources: dict[str, str] = {}
    """Instance or endpoint -> its name in the VIM."""
    adjusted: tuple[str, ...] = ()
    """In which ways the service differs from its descriptor."""
    cost_parts: CostParts | None = None
    """By today's prices; None where they are not known of all parts."""
    objective: Objective | None = None
    """What the placement is to be good at: the service's own aim, else the operator's of today."""
    chains: tuple[ChainLatency, ...] = ()
    """How long packets take from end to end, beside the limit."""


def status_of(catalogue: Catalogue, home: Path, service: str) -> Status:
    """Look at a service.

    :raises UnknownError: if there is none of that name; it tells how the last operation on it ended
    """
    past = catalogue.operations.list(service)
    try:
        record = catalogue.services.get(service)
    except UnknownError as error:
        raise UnknownError(f"{error}{_last_words(past)}") from None
    found = places(catalogue, service)
    last = max(past, key=lambda each: each.started_at)
    deployment, infrastructure = catalogue.services.deployment(service), catalogue.infrastructure.get()
    return Status(
        service=record,
        last_operation=last,
        dataplane=record.connection.dataplane if record.connection else None,
        reached=reaches(catalogue, record, found),
        health=healths(catalogue, home, found),
        running=running(last),
        resources={place.name: place.resource for place in found},
        adjusted=adjusted(catalogue, record),
        cost_parts=deployment and cost_parts(deployment.graph, deployment.plan, infrastructure),
        objective=deployment and objective_of(deployment.graph, infrastructure),
        chains=chain_latencies(deployment.graph, deployment.plan) if deployment else (),
    )


def _last_words(past: Sequence[OperationRecord]) -> str:
    if not past:
        return ""
    last = max(past, key=lambda each: each.started_at)
    cause = f": {last.failure}" if last.failure else ""
    return f"; its last operation was {last.kind}, {last.state} ({clock(last.started_at)}){cause}"


def show(status: Status) -> None:
    """Print it for people."""
    record, last = status.service, status.last_operation
    print(f"service    {record.name} ({record.descriptor} {record.version or ''}), tenant {record.tenant}")
    print(f"state      {record.state} since {clock(record.since)}, revision {record.revision}")
    for line in status.adjusted:
        print(f"adjusted   {line}")
    print(f"operation  {last.kind}{_stands(status)}")
    if status.running:
        show_running(status.running)
    print(f"dataplane  {_dataplane(record)}")
    if record.plan:
        solved = f"{record.plan.solver}, {record.plan.solve_ms:.0f} ms"
        print(f"cost       {cost(record)}, {quality(record.plan)} ({solved})")
        _show_aims(status, record.plan)
    for reach in status.reached:
        print(f"reached    {reach}")
    if record.plan:
        _show_instances(status)
        _show_links(record)
        _show_chains(status)
        _show_probes(record)


def _stands(status: Status) -> str:
    """How the last operation stands; PROCESSING is only what is."""
    last = status.last_operation
    if status.running and status.running.dead:
        return f" of {clock(last.started_at)} is dead: {status.running.dead}"
    return f" {last.state}{': ' + last.failure if last.failure else ''}"


def cost(record: ServiceRecord) -> str:
    """What the service costs."""
    return f"{record.plan.cost_per_hour:.4f} {record.plan.currency}/h" if record.plan else "-"


def _show_aims(status: Status, plan: Plan) -> None:
    parts = status.cost_parts
    if text := divided(parts):
        same = parts is None or isclose(parts.total, plan.cost_per_hour, rel_tol=1e-6, abs_tol=1e-6)
        print(f"  of it    {text}{'' if same else ' (at the prices of today)'}")
    if status.objective is not None:
        print(f"placed     for {aims(status.objective)}{counted(plan)}")


def _dataplane(record: ServiceRecord) -> str:
    found = record.connection
    if found is None:
        return "-"
    if found.dataplane == "modelled":
        return "modelled (capacities, delays and faults; no packets)"
    return f"{found.dataplane}, overlay {found.overlay}{_secrecy(found.overlay)}"


def _secrecy(overlay: str) -> str:
    """Said of what crosses the WAN at all."""
    if "wireguard" in overlay:
        return " (encrypted)"
    return " (NOT encrypted)" if overlay.startswith("vxlan") else ""


def _show_instances(status: Status) -> None:
    print()
    columns = ["instance", "kind", "pop", "address", "vcpus", "memory MiB", "disk GiB"]
    rows = [
        (i.name, i.kind, i.pop, i.address, i.resources.vcpus, i.resources.memory, i.resources.disk)
        for i in status.service.instances
    ]
    if not status.health:
        table(columns, rows)
        return
    states = {name: health.state for name, health in status.health.items()}
    table([*columns, "health"], [(*row, states.get(row[0], "-")) for row in rows])
    for name, health in status.health.items():
        if health.state != "healthy":
            print(f"{name} is {health.state}: {health.detail}")


def _show_links(record: ServiceRecord) -> None:
    print()
    table(
        ["link", "route", "Mbit/s", "latency ms"],
        [(k.name, way(k.pops), mbps(k.bandwidth_mbps), f"{k.latency_ms:.3f}") for k in record.links],
    )


def _show_chains(status: Status) -> None:
    if status.chains:
        print()
        table(CHAIN_COLUMNS, [*chain_rows(status.chains)])


def _show_probes(record: ServiceRecord) -> None:
    from interfaces.cli import probes

    if record.connection and record.connection.probes:
        print("\nprobed before it became ACTIVE (`interlace probe` does it again):")
        probes.show([probes.Probed.of(each) for each in record.connection.probes])
