"""`interlace ps`, `status`, `audit`."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interfaces.cli.output import Json, clock, emit_json, table

if TYPE_CHECKING:
    from domain.records import ServiceRecord
    from interfaces.cli.auditing import Report


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(ps)
    app.command()(status)
    app.command()(audit)


def ps(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None, as_json: Json = False
) -> None:
    """List the services, and which operation is under way on them.

    An operation that waits for somebody says so: (held) has a step that failed, (paused) was paused, (dead)
    has lost its workflow. `interlace status` tells more.
    """
    from interfaces.cli.holding import conditions
    from interfaces.cli.session import catalogue
    from interfaces.cli.status import cost

    with catalogue() as store:
        records = store.services.list(tenant)
        under_way = store.operations.under_way()
    busy = {r.name: under_way[r.name] for r in records if r.name in under_way}
    found = conditions(busy.values())
    flags = {name: found[name].flags if found and name in found else () for name in busy}
    kinds = {name: each.kind for name, each in busy.items()}
    if as_json:
        emit_json([_for_programs(r, kinds.get(r.name), flags.get(r.name, ())) for r in records])
        return
    rows = [
        (
            r.name,
            r.state,
            _flagged(kinds[r.name], flags[r.name]) if r.name in kinds else "-",
            f"{r.descriptor} {r.version or ''}",
            r.tenant,
            len(r.instances),
            cost(r),
            clock(r.since),
        )
        for r in records
    ]
    table(["service", "state", "operation", "descriptor", "tenant", "instances", "cost", "since"], rows)
    if found is None:
        print("Temporal does not answer: who waits for somebody is not known", file=sys.stderr)


def _for_programs(record: "ServiceRecord", kind: str | None, flags: Sequence[str]) -> dict[str, Any]:
    return {**record.model_dump(mode="json"), "operation": kind, "operation_flags": [*flags]}


def _flagged(kind: str, flags: Sequence[str]) -> str:
    return f"{kind} ({', '.join(flags)})" if flags else kind


def status(
    service: Annotated[str, typer.Argument(help="Name of the service.")], as_json: Json = False
) -> None:
    """A service's placement, health, routes and cost, where users reach it, and its last operation."""
    from interfaces.cli.session import catalogue
    from interfaces.cli.status import show, status_of
    from workers.settings import Settings

    with catalogue() as store:
        found = status_of(store, Settings.from_environment().home, service)
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        show(found)


def audit(
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Delete what leaked, was left over or is a stray; watch what should be."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare the ledger with what the PoPs and this machine really hold. Exit code 1 when they differ.

    lost: in the ledger, but gone. leaked: there, but not in the ledger. leftover: could not be deleted yet.
    stray: something of the emulator on this machine that nothing explains. unknown: the PoP does not answer.

    Where Temporal answers, watches and schedules are compared with services' policies, too. unwatched: one is
    missing; stray: it is of no service.

    --fix never touches what an ACTIVE service or an operation under way needs; what is lost stays lost.
    """
    from interfaces.cli.auditing import audit as compare
    from interfaces.cli.mending import mend
    from interfaces.cli.session import catalogue
    from interfaces.cli.watches import watch_again, with_watches
    from workers.settings import Settings

    home = Settings.from_environment().home
    said: list[str] = []
    with catalogue() as store:
        report = with_watches(store, compare(store, home))
        if fix and (report.findings or report.idle):
            say = said.append if as_json else print
            mend(store, home, report, say)
            watch_again(store, report, say)
            report = with_watches(store, compare(store, home))
    if as_json:
        unsaid = {name for name in ("idle", "note") if not getattr(report, name)}
        emit_json(report.model_dump(mode="json", exclude=unsaid) | ({"fixed": said} if fix else {}))
    else:
        _show_report(report)
    if report.findings:
        raise typer.Exit(1)


def _show_report(report: "Report") -> None:
    for finding in report.findings:
        print(finding)
    count, idle = len(report.findings), len(report.idle)
    verdict = f"{count} difference{'s' if count > 1 else ''}" if count else "clean"
    if report.note:
        print(f"note      {report.note}")
    kept = f" ({idle} idle switch{'es' if idle > 1 else ''} kept for the next service)" if idle else ""
    print(f"{report.pops} PoPs, {report.resources} resources in the ledger: {verdict}{kept}")
