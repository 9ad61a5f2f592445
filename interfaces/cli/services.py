"""`interlace ps`, `status`, `audit`."""

from typing import Annotated, Any

import typer

from interfaces.cli.output import Json, clock, emit_json, table


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ps)
    app.command()(status)
    app.command()(audit)


def ps(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None, as_json: Json = False
) -> None:
    """List the services."""
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        records = store.services.list(tenant)
    if as_json:
        emit_json([record.model_dump(mode="json") for record in records])
        return
    rows = [
        (
            r.name,
            r.state,
            f"{r.descriptor} {r.version or ''}",
            r.tenant,
            len(r.instances),
            _cost(r),
            clock(r.since),
        )
        for r in records
    ]
    table(["service", "state", "descriptor", "tenant", "instances", "cost", "since"], rows)


def _cost(record: Any) -> str:
    return f"{record.plan.cost_per_hour:.4f} {record.plan.currency}/h" if record.plan else "-"


def status(service: Annotated[str, typer.Argument()], as_json: Json = False) -> None:
    """A service's placement, routes and cost, and its last operation."""
    from domain.errors import UnknownError
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        past = store.operations.list(service)
        try:
            record = store.services.get(service)
        except UnknownError as error:
            if not past:
                raise
            last = max(past, key=lambda each: each.started_at)
            outcome = f"its last operation was {last.kind}, {last.state} ({clock(last.started_at)})"
            cause = f": {last.failure}" if last.failure else ""
            raise UnknownError(f"{error}; {outcome}{cause}") from None
    last = max(past, key=lambda each: each.started_at)
    if as_json:
        emit_json(
            {
                "service": record.model_dump(mode="json"),
                "last_operation": last.model_dump(mode="json"),
                "dataplane": "modelled",
            }
        )
        return
    _show_status(record, last)


def _show_status(record: Any, last: Any) -> None:
    print(f"service    {record.name} ({record.descriptor} {record.version or ''}), tenant {record.tenant}")
    print(f"state      {record.state} since {clock(record.since)}")
    print(f"operation  {last.kind} {last.state}{': ' + last.failure if last.failure else ''}")
    print("dataplane  modelled (capacities, delays and faults; no packets)")
    if record.plan is None:
        return
    plan = record.plan
    solved = f"{plan.solver}, {plan.solve_ms:.0f} ms"
    print(f"cost       {_cost(record)}, {_quality(plan.gap)} ({solved})")
    print()
    table(
        ["instance", "kind", "pop", "address", "vcpus", "memory MiB", "disk GiB"],
        [
            (i.name, i.kind, i.pop, i.address, i.resources.vcpus, i.resources.memory, i.resources.disk)
            for i in record.instances
        ],
    )
    print()
    table(
        ["link", "route", "Mbit/s", "latency ms"],
        [(k.name, " > ".join(k.pops), f"{k.bandwidth_mbps:g}", f"{k.latency_ms:.3f}") for k in record.links],
    )


def _quality(gap: float) -> str:
    return "proven optimal" if gap < 1e-6 else f"proven within {gap:.1%} of the optimum"


def audit(as_json: Json = False) -> None:
    """Compare the ledger with what the VIMs really hold. Exit code 1 when they differ."""
    from interfaces.cli.auditing import audit as compare
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        report = compare(store, Settings.from_environment().home)
    if as_json:
        emit_json(report.model_dump(mode="json"))
    else:
        for finding in report.findings:
            print(f"{finding.problem:9} {finding.resource} on {finding.pop}: {finding.detail}")
        verdict = "clean" if not report.findings else f"{len(report.findings)} differences"
        print(f"{report.pops} PoPs, {report.resources} resources in the ledger: {verdict}")
    if report.findings:
        raise typer.Exit(1)
