"""`interlace alarms`: what is wrong with services."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, clock, emit_json, table

if TYPE_CHECKING:
    from domain.watching import AlarmRecord


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(alarms)


def alarms(
    service: Annotated[str | None, typer.Argument(help="Name of the service; none: all of them.")] = None,
    cleared: Annotated[
        bool, typer.Option("--cleared", help="Also those that are over: of the last 30 days.")
    ] = False,
    fail: Annotated[bool, typer.Option("--fail", help="Exit code 1 where any is active.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10000, help="How many, the newest first.")] = 100,
    as_json: Json = False,
) -> None:
    """List what is wrong with services now: the newest first, with since when and in whose words.

    threshold: a policy's value is beyond what it allows. no-data: a policy has no value to go by, so it does
    nothing. at-limit: a policy wants more instances than `scaling` allows. ill: an instance is not well.
    given-up: it was healed so often that it is left to people. operation-failed: what a policy had begun has
    failed. skipped: a scheduled scaling did not take place.

    The watch of a service raises and clears them; they are also `interlace_alarms_active` of
    `interlace metrics serve`. Severities are those of ITU-T X.733: critical, major, minor, warning.
    """
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        found = store.alarms.list(service, cleared, limit)
        active = store.alarms.list(service, limit=1)
        if service is not None and not found and not store.alarms.list(service, cleared=True, limit=1):
            store.services.get(service)
    if as_json:
        emit_json([each.model_dump(mode="json") for each in found])
    else:
        _show(found, cleared)
    if fail and active:
        raise typer.Exit(1)


def _show(found: "Sequence[AlarmRecord]", cleared: bool) -> None:
    if not found:
        print("no alarms" if cleared else "no alarms are active")
        return
    columns = ["since", *(["until"] if cleared else []), "severity", "service", "about", "kind", "words"]
    table(columns, [_row(each, cleared) for each in found])


def _row(each: "AlarmRecord", cleared: bool) -> tuple[object, ...]:
    until = (clock(each.cleared_at) if each.cleared_at else "-",) if cleared else ()
    words = " ".join(each.words.split())  # a VIM's own may be of several lines
    return clock(each.raised_at), *until, each.severity, each.service, each.subject, each.kind, words
